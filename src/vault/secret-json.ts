import { Secret } from '../secret.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COLON = 0x3a;
/** What a secret is replaced by before the rest of the text may become a string. */
const BLANK = 0x78;

/** A secret's place in a JSON text that was blanked: nothing but this stands there. */
export const BLANKED = /^x*$/;

/**
 * Takes the value of every member of this name out of a JSON text and blanks it there, so that what is left may be
 * parsed: a secret never becomes a string. Values are printable ASCII on one line, without escapes; null when one is
 * not. The caller wipes what it gets.
 */
export function takeSecrets(text: Buffer, member: string): Secret[] | null {
  const taken: Secret[] = [];
  const name = `"${member}"`;
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at)) {
    at += name.length;
    while (text[at] === SPACE || text[at] === COLON) at++;
    const end = text.indexOf(QUOTE, at + 1);
    const value = text.subarray(at + 1, end);
    if (text[at] !== QUOTE || end < 0 || !value.every(isPlain)) {
      for (const secret of taken) secret.wipe();
      return null;
    }
    taken.push(Secret.of(value));
    value.fill(BLANK);
  }
  return taken;
}

/** Writes a secret over its blanks: the first run of `length` of them at or after `from`. Gives where it ends. */
export function putSecret(text: Buffer, member: string, secret: Secret, from: number): number {
  const at = text.indexOf(`"${member}": "`, from) + member.length + 5;
  text.set(secret.reveal(), at);
  return at + secret.length;
}

export function blanks(secret: Secret): string {
  return String.fromCharCode(BLANK).repeat(secret.length);
}

/** JSON that may not be quoted: null instead of an error whose message would. */
export function parseQuietly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isPlain(byte: number): boolean {
  return byte > SPACE && byte < 0x7f && byte !== BACKSLASH;
}
