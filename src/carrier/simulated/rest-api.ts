import express, { type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { isE164, parseAddress } from './address.js';
import { rfc2822 } from './resource.js';
import type { CallStatus } from './call-status.js';
import { membersOf, notFound, refuse } from './rest-answer.js';
import { addMessageRoutes } from './message-routes.js';
import type { ShortMessages } from './short-messages.js';
import type { SimulatedCall } from './simulated-call.js';
import type { SimulatorSettings } from './simulator-settings.js';
import type { CallbackEvent, CallbackOptions } from './status-callbacks.js';
import type { Program } from './twiml-source.js';

/** A call that the customer places. */
export interface OutboundCall {
  /** As it was given, with the headers of a `sip:` address. */
  to: string;
  from: string;
  program: Program;
  fallback: Program | null;
  callback: CallbackOptions | null;
  ringSeconds: number;
  timeLimitSeconds: number;
}

export interface RestApiOptions {
  accountSid: string;
  authToken: string;
  settings: SimulatorSettings;
  /** Is that one of the account's numbers: only they may be shown to a telephone number. */
  owns: (number: string) => boolean;
  place: (call: OutboundCall) => SimulatedCall;
  calls: () => Iterable<SimulatedCall>;
  find: (sid: string) => SimulatedCall | undefined;
  messages: ShortMessages;
  delay: (ms: number) => Promise<void>;
}

const MAX_BODY = '64kb';
const MAX_TWIML = 4000;
const PAGE_SIZE = 50;

const url = z.string().refine((text) => /^https?:\/\//.test(text) && URL.canParse(text));
const method = z.enum(['GET', 'POST']).default('POST');
const events = z
  .union([z.string(), z.array(z.string())])
  .transform((given) => [given].flat().flatMap((one) => one.split(' ')));
const seconds = (usual: number, most: number) => z.coerce.number().int().min(1).max(most).default(usual);

const programFields = {
  Url: url.optional(),
  Method: method,
  Twiml: z.string().max(MAX_TWIML).optional(),
  FallbackUrl: url.optional(),
  FallbackMethod: method,
};
const createFields = z.object({
  ...programFields,
  StatusCallback: url.optional(),
  StatusCallbackMethod: method,
  StatusCallbackEvent: events.default(['completed']),
  Timeout: seconds(60, 600),
  TimeLimit: seconds(14_400, 14_400),
});
const updateFields = z.object({ ...programFields, Status: z.enum(['canceled', 'completed']).optional() });

/** The carrier's REST interface for calls and short messages, as version 2010-04-01 of it answers. */
export function createRestApi(options: RestApiOptions): Router {
  const router = express.Router();
  const account = `/2010-04-01/Accounts/${options.accountSid}`;
  router.use('/2010-04-01', async (request, response, next) => {
    if (!admit(options, request, response)) return;
    if (options.settings.restDelayMs > 0) await options.delay(options.settings.restDelayMs);
    next();
  });
  router.use(express.urlencoded({ extended: false, limit: MAX_BODY }));

  router.post(`${account}/Calls.json`, (request, response) => {
    const body = (request.body ?? {}) as Record<string, unknown>;
    const { To: to, From: from } = body;
    if (typeof to !== 'string' || to === '')
      return refuse(response, 400, 21201, "No 'To' number is specified");
    if (typeof from !== 'string' || from === '')
      return refuse(response, 400, 21213, "No 'From' number is specified");
    if (parseAddress(to) === null) return refuse(response, 400, 21211, "The 'To' address is not valid");
    if (isE164(to) && !options.owns(from)) {
      return refuse(response, 400, 21210, "The 'From' number is not one of this account's");
    }
    const fields = createFields.safeParse(body);
    if (!fields.success) return refuse(response, 400, 20001, `Not valid: ${membersOf(fields.error)}`);
    const program = programOf(fields.data);
    if (program === null) return refuse(response, 400, 21205, "One of 'Url' and 'Twiml' is required");
    const { StatusCallback, StatusCallbackMethod, StatusCallbackEvent, Timeout, TimeLimit } = fields.data;
    const call = options.place({
      to,
      from,
      program,
      fallback: fallbackOf(fields.data),
      callback:
        StatusCallback === undefined
          ? null
          : {
              url: StatusCallback,
              method: StatusCallbackMethod,
              events: new Set(StatusCallbackEvent) as ReadonlySet<CallbackEvent>,
            },
      ringSeconds: Timeout,
      timeLimitSeconds: TimeLimit,
    });
    response.status(201).json(resource(options, call));
  });

  router.get(`${account}/Calls.json`, (request, response) => {
    const { Status, To, From } = request.query;
    const calls = [...options.calls()].filter(
      (call) =>
        (Status === undefined || call.status === Status) &&
        (To === undefined || call.options.to === To) &&
        (From === undefined || call.options.from === From),
    );
    const uri = `${account}/Calls.json`;
    response.json({
      calls: calls.slice(-PAGE_SIZE).map((call) => resource(options, call)),
      page: 0,
      page_size: PAGE_SIZE,
      start: 0,
      end: Math.max(Math.min(calls.length, PAGE_SIZE) - 1, 0),
      uri,
      first_page_uri: uri,
      next_page_uri: null,
      previous_page_uri: null,
    });
  });

  router.get(`${account}/Calls/:sid.json`, (request, response) => {
    const call = options.find(request.params.sid);
    if (call === undefined) return notFound(request, response);
    response.json(resource(options, call));
  });

  router.post(`${account}/Calls/:sid.json`, (request, response) => {
    const call = options.find(request.params.sid);
    if (call === undefined) return notFound(request, response);
    const fields = updateFields.safeParse(request.body ?? {});
    if (!fields.success) return refuse(response, 400, 20001, `Not valid: ${membersOf(fields.error)}`);
    const { Status } = fields.data;
    const program = programOf(fields.data);
    const waiting = call.status === 'queued' || call.status === 'ringing';
    if (call.over) return refuse(response, 400, 21220, 'The call is over already');
    if (Status === 'canceled' && !waiting) return refuse(response, 400, 21220, 'The call is past ringing');
    if (Status !== undefined) call.end(waiting ? 'canceled' : 'completed');
    else if (program === null)
      return refuse(response, 400, 20001, "One of 'Url', 'Twiml' and 'Status' is required");
    else if (waiting) return refuse(response, 400, 21220, 'The call has not been answered');
    else call.run(program);
    response.json(resource(options, call));
  });

  addMessageRoutes(router, options);
  router.use('/2010-04-01', notFound);
  return router;
}

/** Faults asked for, then who it is. False: the request was refused. */
function admit(options: RestApiOptions, request: Request, response: Response): boolean {
  const { settings } = options;
  const fault = settings.restFault;
  if (fault !== null && fault.times > 0) {
    settings.restFault = { ...fault, times: fault.times - 1 };
    if (fault.status === 429) refuse(response, 429, 20429, 'Too many requests');
    else refuse(response, fault.status, 20500, 'The server had an error');
    return false;
  }
  const expected = Buffer.from(`${options.accountSid}:${options.authToken}`).toString('base64');
  if (request.headers.authorization !== `Basic ${expected}`) {
    response.set('WWW-Authenticate', 'Basic realm="Twilio API"');
    refuse(response, 401, 20003, 'Authenticate');
    return false;
  }
  return true;
}

function programOf(fields: z.infer<typeof updateFields> | z.infer<typeof createFields>): Program | null {
  if (fields.Url !== undefined) return { url: fields.Url, method: fields.Method };
  return fields.Twiml === undefined ? null : { twiml: fields.Twiml };
}

function fallbackOf(fields: z.infer<typeof createFields>): Program | null {
  return fields.FallbackUrl === undefined ? null : { url: fields.FallbackUrl, method: fields.FallbackMethod };
}

const SUBRESOURCES = [
  'events',
  'notifications',
  'payments',
  'recordings',
  'siprec',
  'streams',
  'transcriptions',
];
const NEVER_ANSWERED: ReadonlySet<CallStatus> = new Set(['busy', 'failed', 'no-answer', 'canceled']);

function resource(options: RestApiOptions, call: SimulatedCall): Record<string, unknown> {
  const { direction, from, to } = call.options;
  const uri = `/2010-04-01/Accounts/${options.accountSid}/Calls/${call.sid}`;
  const date = (ms: number | null) => (ms === null ? null : rfc2822(ms));
  return {
    sid: call.sid,
    account_sid: options.accountSid,
    api_version: '2010-04-01',
    parent_call_sid: null,
    phone_number_sid: null,
    group_sid: null,
    trunk_sid: null,
    direction,
    from,
    from_formatted: from,
    to,
    to_formatted: to,
    forwarded_from: null,
    caller_name: null,
    answered_by: null,
    status: call.status,
    date_created: date(call.createdAt),
    date_updated: date(call.endedAt ?? call.answeredAt ?? call.createdAt),
    start_time: NEVER_ANSWERED.has(call.status) ? null : date(call.answeredAt),
    end_time: date(call.endedAt),
    duration: call.durationSeconds === null ? null : String(call.durationSeconds),
    queue_time: '0',
    price: null,
    price_unit: 'USD',
    uri: `${uri}.json`,
    subresource_uris: Object.fromEntries(SUBRESOURCES.map((name) => [name, `${uri}/${titled(name)}.json`])),
  };
}

function titled(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
