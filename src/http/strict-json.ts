import { AppError } from '../errors.js';

/** Deeper than anything we take, and far from where a recursive reader would tire. */
export const MAX_JSON_DEPTH = 32;

/** A string, or a bracket, or the colon that makes the string before it a name; all else is skipped. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}:]/g;

/**
 * JSON that means one thing to every reader (RFC 7493): UTF-8 without BOM, no name twice, no lone surrogate, no NUL,
 * no `__proto__`, at most `MAX_JSON_DEPTH` levels. Throws AppError `bad_request`, which repeats nothing of the input.
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  if (bytes.length === 0) throw refused('the body is empty');
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    throw refused('the body is not valid JSON in UTF-8 (without a byte order mark)');
  }
  checkTokens(text);
  return value;
}

/** `text` is valid JSON already: only what JSON.parse lets pass is looked for. */
function checkTokens(text: string): void {
  const open: (Set<string> | null)[] = [];
  let last = '';
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null);
      if (open.length > MAX_JSON_DEPTH)
        throw refused(`the body is nested over ${MAX_JSON_DEPTH} levels deep`);
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ':') {
      const names = open.at(-1);
      if (last === '__proto__') throw refused('the body has a member that is not taken');
      if (names?.has(last)) throw refused('the body has the same member twice');
      names?.add(last);
    } else {
      last = JSON.parse(token) as string;
      if (last.includes('\0')) throw refused('the body has a NUL character in a string');
      if (/\p{Surrogate}/u.test(last)) throw refused('the body has half a surrogate pair in a string');
    }
  }
}

function refused(message: string): AppError {
  return new AppError('bad_request', message);
}
