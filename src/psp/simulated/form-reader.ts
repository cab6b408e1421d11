import type { IncomingMessage } from 'node:http';
import { readCardForm, type CardForm } from './card-form.js';

/** Query and body together. */
export const MAX_BODY_BYTES = 16 * 1024;

/** The form in body or query; null when it is too long, was cut off, or is no form. */
export async function readForm(request: IncomingMessage, query: string): Promise<CardForm | null> {
  const bytes = Buffer.from(new ArrayBuffer(MAX_BODY_BYTES));
  let length = bytes.write(query);
  let whole = true;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (length + chunk.length > bytes.length) whole = false;
      else length += chunk.copy(bytes, length);
      chunk.fill(0);
    }
  } catch {
    whole = false;
  }
  if (whole) return readCardForm(bytes.subarray(0, length));
  bytes.fill(0);
  return null;
}
