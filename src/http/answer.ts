import type { ServerResponse } from 'node:http';

/** A whole answer as it goes out, and as it is kept for a repeated request. */
export interface Answer {
  status: number;
  headers: Readonly<Record<string, string>>;
  /** Empty for 204. */
  text: string;
}

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return status === 204
    ? { status, headers, text: '' }
    : { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(value) };
}

/** Written by hand: Express would add a charset to the type, and JSON has none. */
export function send(response: ServerResponse, answer: Answer): void {
  response.statusCode = answer.status;
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  response.end(answer.text);
}
