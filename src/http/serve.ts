import type { Request, RequestHandler, Response } from 'express';
import type { ApiClient } from '../access/api-keys.js';
import type { Audit } from '../audit/audit.js';
import { AppError, codeOf } from '../errors.js';
import { jsonAnswer, send, type Answer } from './answer.js';
import type { EventStreams } from './event-stream.js';
import type { Gate } from './gate.js';
import { idempotencyKey, type Idempotency } from './idempotency.js';
import { PROBLEMS, problemAnswer, problemOf } from './problem.js';
import { readJson } from './request-body.js';
import type { Exchange, Route, ViewStream } from './route.js';
import { checked } from './validation.js';
import { stranger } from './visiting.js';

export interface RouteServices {
  audit: Audit;
  gate: Gate;
  idempotency: Idempotency;
  streams: EventStreams;
}

/**
 * Serves one route. The order matters: who asks comes first, so that strangers can make us read nothing and learn
 * nothing of what exists.
 */
export function serve(route: Route, services: RouteServices): RequestHandler {
  const { audit, gate } = services;
  return (request, response) => {
    const visitor = stranger(request);
    return audit.as(visitor, async () => {
      const client = await gate.admit(request.headers.authorization, route);
      const known = { ...visitor, actor: client.principal };
      await audit.as(known, () => serveClient(route, client, services, request, response));
    });
  };
}

async function serveClient(
  route: Route,
  client: ApiClient,
  services: RouteServices,
  request: Request,
  response: Response,
): Promise<void> {
  const key = route.idempotent === false ? null : idempotencyKey(request.get('idempotency-key'));
  if (key === null && route.idempotent === 'required') {
    throw new AppError('bad_request', 'send an Idempotency-Key: money moves once for each');
  }
  const exchange: Exchange = {
    client,
    params: named(route, request),
    query: checked(route.query, request.query, 'query'),
    body: route.body && checked(route.body, await readJson(request), 'body'),
    idempotencyKey: key ?? '',
    language: request.acceptsLanguages('en', 'fr') === 'fr' ? 'fr' : 'en',
  };
  if (route.stream !== undefined) return follow(route, route.stream, exchange, services, request, response);

  const run = () => answerOf(route, exchange);
  const answer =
    key === null || route.idempotent === 'required'
      ? await run()
      : await services.idempotency.once(
          { client, route: `${route.method} ${route.path}`, key, body: exchange.body },
          run,
        );
  if (answer.status === 404) services.audit.fact('access.absent', route.path, 'absent');
  send(response, answer);
}

function named(route: Route, request: Request): unknown {
  const params = route.params.safeParse(request.params);
  if (!params.success) throw new AppError('not_found', 'nothing has such a name');
  return params.data;
}

/** Refusals are answers too, and kept for a repetition; faults of ours are thrown. */
async function answerOf(route: Route, exchange: Exchange): Promise<Answer> {
  try {
    const made = await route.handle(exchange);
    const location = route.location?.(made);
    return jsonAnswer(route.answer.status, made, location === undefined ? {} : { location });
  } catch (error) {
    if (PROBLEMS[problemOf(error).code].status >= 500) throw error;
    return problemAnswer(error);
  }
}

async function follow(
  route: Route,
  stream: ViewStream,
  exchange: Exchange,
  { gate, streams }: RouteServices,
  request: Request,
  response: Response,
): Promise<void> {
  if (request.method === 'HEAD') {
    await route.handle(exchange);
    response.type('text/event-stream').end();
    return;
  }
  await streams.follow(response, {
    event: stream.event,
    first: () => route.handle(exchange),
    watch: (listener) => stream.watch(exchange, listener),
    over: (view) => stream.over(view),
    admitted: () => isAdmitted(gate, request.headers.authorization, route),
  });
}

/** A key that can't be looked up is not refused: what it was let in for goes on. */
async function isAdmitted(gate: Gate, authorization: string | undefined, route: Route): Promise<boolean> {
  try {
    await gate.admit(authorization, route);
    return true;
  } catch (error) {
    return codeOf(error) === 'redis_unavailable';
  }
}
