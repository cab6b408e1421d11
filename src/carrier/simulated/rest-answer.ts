import type { Request, Response } from 'express';
import type { z } from 'zod';

/** A refusal as the carrier words it. */
export function refuse(response: Response, status: number, code: number, message: string): void {
  response
    .status(status)
    .json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}

export function notFound(request: Request, response: Response): void {
  refuse(response, 404, 20404, `The requested resource ${request.baseUrl}${request.path} was not found`);
}

/** Names of the members that are wrong; never what they hold. */
export function membersOf(error: z.ZodError): string {
  return [...new Set(error.issues.map((issue) => String(issue.path[0])))].join(', ');
}
