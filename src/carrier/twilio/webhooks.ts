import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import { parse } from 'node:querystring';
import { z } from 'zod';
import { codeOf } from '../../errors.js';
import type { Logger } from '../../log.js';
import type { MessageReport } from '../../message/messages.js';
import type { Metrics } from '../../metrics.js';
import type { CallHandler, Instruction } from '../carrier.js';
import { isSigned, type Parameters } from './signature.js';
import { twiml, type Addresses } from './twiml.js';

/** The carrier's own limit for a document is the same. */
const MAX_BODY_BYTES = 64 * 1024;
/** The carrier sends about 40 parameters; a body with more than this is cut off, and its signature fails. */
const MAX_PARAMETERS = 500;

const LEG = /^\w{1,64}$/;
const MESSAGE = /^[\w-]{1,64}$/;

const call = z.object({ CallSid: z.string().regex(/^CA\w{1,62}$/) });
const incomingCall = call.extend({ From: z.string().max(256), To: z.string().max(256) });
const legUpdate = call.extend({
  CallStatus: z.enum([
    'queued',
    'initiated',
    'ringing',
    'in-progress',
    'completed',
    'busy',
    'failed',
    'no-answer',
    'canceled',
  ]),
  SequenceNumber: z.coerce.number().int().min(0).default(0),
});

/** What a status of a short message means to us; the rest are steps on the way there. */
const REPORT_OF: Readonly<Record<string, MessageReport>> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
};
const messageUpdate = z.object({ MessageStatus: z.string().max(32) });

export interface WebhookOptions {
  accountSid: string;
  authTokens: readonly string[];
  /** The base URL that the carrier sees, without a slash at its end. */
  publicUrl: string;
  addresses: Addresses;
  /** What a caller hears when we can't say what to do next. */
  apology: Instruction;
  refused?: (origin: string) => void;
  /** What became of a short message, under our id of it. */
  reported?: (id: string, report: MessageReport) => Promise<void>;
  log: Logger;
  metrics: Metrics;
}

/** The carrier's webhooks, below where it is mounted: `/voice` and those that the service hands out. */
export function createWebhooks(options: WebhookOptions, handler: CallHandler): Router {
  const { log, metrics } = options;

  const signed: RequestHandler = (request, response, next) => {
    const parameters: Parameters = parse(typeof request.body === 'string' ? request.body : '', '&', '=', {
      maxKeys: MAX_PARAMETERS,
    });
    const url = options.publicUrl + request.originalUrl;
    const signature = request.headers['x-twilio-signature'];
    if (
      !isSigned(options.authTokens, signature, url, parameters) ||
      parameters.AccountSid !== options.accountSid
    ) {
      metrics.signaturesRefused.inc({ door: 'webhook' });
      options.refused?.(request.socket.remoteAddress ?? 'gone');
      log.warn(
        { route: request.path },
        'webhook refused: not signed by the carrier for this account and URL',
      );
      response.sendStatus(403);
      return;
    }
    request.body = parameters;
    next();
  };

  /** Answers with what `decide` says, or with the apology when it can't: the party never hears an error page. */
  async function answer(
    request: Request,
    response: Response,
    decide: () => Promise<Instruction>,
  ): Promise<void> {
    const instruction = await decide().catch((error: unknown) => {
      log.error({ route: request.path, code: codeOf(error) }, 'webhook failed: the party hears an apology');
      return options.apology;
    });
    response.type('text/xml').send(twiml(instruction, options.addresses));
  }

  const router = express.Router({ caseSensitive: true, strict: true });
  router.use(express.text({ type: 'application/x-www-form-urlencoded', limit: MAX_BODY_BYTES }));

  router.post('/voice', signed, (request, response) =>
    answer(request, response, async () => {
      const { CallSid, From, To } = incomingCall.parse(request.body);
      return await handler.incoming({ callSid: CallSid, from: From, to: To });
    }),
  );
  router.param('leg', (_request, response, next, leg: string) => {
    if (LEG.test(leg)) next();
    else response.sendStatus(404);
  });
  router.post('/legs/:leg/answer', signed, (request, response) =>
    answer(request, response, async () => handler.answered(legOf(request), call.parse(request.body).CallSid)),
  );
  router.post('/legs/:leg/next', signed, (request, response) =>
    answer(request, response, async () =>
      handler.streamOver(legOf(request), call.parse(request.body).CallSid),
    ),
  );
  router.post('/legs/:leg/status', signed, (request, response) => {
    try {
      const { CallSid, CallStatus, SequenceNumber } = legUpdate.parse(request.body);
      handler.status(legOf(request), { callSid: CallSid, status: CallStatus, sequence: SequenceNumber });
    } catch (error) {
      log.error({ route: request.path, code: codeOf(error) }, 'status callback could not be used');
    }
    response.sendStatus(204);
  });

  router.post('/messages/:message/status', signed, async (request, response) => {
    const id = String(request.params.message);
    const update = messageUpdate.safeParse(request.body);
    const report = update.success ? REPORT_OF[update.data.MessageStatus] : undefined;
    try {
      if (report !== undefined && MESSAGE.test(id)) await options.reported?.(id, report);
      response.sendStatus(204);
    } catch (error) {
      log.error(
        { route: '/messages', code: codeOf(error) },
        'what became of a short message could not be kept',
      );
      response.sendStatus(500);
    }
  });

  const unreadable: ErrorRequestHandler = (error: unknown, request, response, _next) => {
    const status = (error as { status?: unknown }).status;
    log.warn({ route: request.path, code: codeOf(error) }, 'webhook could not be read');
    response.sendStatus(typeof status === 'number' && status >= 400 && status < 500 ? status : 500);
  };
  router.use(unreadable);
  return router;
}

function legOf(request: Request): string {
  return String(request.params.leg);
}
