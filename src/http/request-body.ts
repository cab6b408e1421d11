import type { IncomingMessage } from 'node:http';
import { AppError } from '../errors.js';
import { parseStrictJson } from './strict-json.js';

export const MAX_BODY_BYTES = 64 * 1024;
/** Read and thrown away before a body that is too large is refused: who still sends when we close may miss the answer. */
const MAX_DISCARDED_BYTES = 4 * 1024 * 1024;

/** JSON has no charset parameter; many clients send one all the same. */
const JSON_TYPE = /^application\/json *(?:; *charset="?utf-8"? *)?$/i;

/**
 * The JSON in the body of `request`; where nothing is sent, an object without members, which the schema then judges.
 * Throws AppError `unsupported_media_type` for another type or a compressed body,
 * `payload_too_large` over `MAX_BODY_BYTES`, `bad_request` for what is no JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  if (isEmpty(request)) return {};
  if (!JSON_TYPE.test(request.headers['content-type'] ?? '')) {
    throw new AppError('unsupported_media_type', 'send the body as Content-Type: application/json');
  }
  if ((request.headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') {
    throw new AppError('unsupported_media_type', 'send the body without compression');
  }
  return parseStrictJson(await readBytes(request));
}

function isEmpty({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const tooLarge = () =>
      reject(new AppError('payload_too_large', `a body has at most ${MAX_BODY_BYTES} bytes`));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else if (size > MAX_DISCARDED_BYTES) tooLarge();
    });
    request.on('end', () => (size > MAX_BODY_BYTES ? tooLarge() : resolve(Buffer.concat(chunks))));
    request.on('error', () => reject(new AppError('bad_request', 'the body ended too soon')));
  });
}
