import type { RequestHandler } from 'express';
import { isLoopback } from '../setting-reader.js';
import { AppError } from '../errors.js';

/**
 * Lets pass what comes to a loopback name. Another name that leads here is a stranger's (DNS rebinding): its pages
 * would count as our own.
 */
export const loopbackOnly: RequestHandler = (request, _response, next) => {
  if (!isLoopback(`http://${request.get('host')}`))
    throw new AppError('not_found', 'this is served on a loopback address only');
  next();
};

/**
 * Lets pass what our own pages ask for, and nothing that another site has a browser send. Browsers set both headers
 * themselves; a program without them has the API.
 */
export const ownPageOnly: RequestHandler = (request, _response, next) => {
  const origin = request.get('origin');
  const own = origin === undefined || origin === `${request.protocol}://${request.get('host')}`;
  if (!own || request.get('sec-fetch-site') !== 'same-origin') {
    throw new AppError('not_found', 'this answers its own pages only; programs use /v1');
  }
  next();
};
