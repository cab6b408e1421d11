import type { Request, RequestHandler } from 'express';
import type { Audit, Visitor } from '../audit/audit.js';

/** What comes in by a door of another room is done by whoever that door is for. */
export function visiting(audit: Audit, door: string): RequestHandler {
  return (request, _response, next) => {
    audit.as({ actor: `somebody at ${door}`, origin: originOf(request) }, next);
  };
}

/** Somebody of whom only the address is known yet. */
export function stranger(request: Request): Visitor {
  return { actor: 'unknown', origin: originOf(request) };
}

/** The address at the other end of the connection: whatever a proxy says of another is its word only. */
function originOf({ socket }: Request): string {
  return socket.remoteAddress ?? 'gone';
}
