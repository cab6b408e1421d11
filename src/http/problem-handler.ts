import type { ErrorRequestHandler, RequestHandler } from 'express';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { routeOf } from './access-log.js';
import { send } from './answer.js';
import { problemAnswer } from './problem.js';

/** Comes after everything that answers. */
export const nothingHere: RequestHandler = () => {
  throw new AppError('not_found', 'nothing is here; /docs lists what is');
};

/** Whatever was thrown, as a problem. What an error says of itself reaches neither client nor log, only its code. */
export function problemHandler(log: Logger): ErrorRequestHandler {
  return (error: unknown, _request, response, _next) => {
    const answer = problemAnswer(error);
    if (answer.status >= 500) {
      log.warn(
        { route: routeOf(response), status: answer.status, code: codeOf(error) },
        'http request failed',
      );
    }
    if (response.headersSent) response.destroy();
    else send(response, answer);
  };
}
