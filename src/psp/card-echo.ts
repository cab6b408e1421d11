import type { Secret } from '../secret.js';

const ZERO = 0x30;
const SPACE = 0x20;
const DASH = 0x2d;
const BLANK = 0x78;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const WORD: ReadonlySet<number> = new Set(
  Buffer.from('0123456789_-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'),
);

/**
 * Blanks a card (digits as bytes 0–9) wherever a provider repeats it, before anybody reads: its number, grouped or not,
 * and its security code where that is a word of its own.
 */
export function blankCard(answer: Buffer, number: Secret, code: Secret | null): void {
  blankNumber(answer, number.reveal());
  if (code !== null) blankCode(answer, code.reveal());
}

function blankNumber(answer: Buffer, digits: Uint8Array): void {
  const first = ZERO + (digits[0] ?? 0);
  for (let at = answer.indexOf(first); at >= 0; at = answer.indexOf(first, at + 1)) {
    const end = endOfEcho(answer, at, digits);
    if (end > at) answer.fill(BLANK, at, end);
  }
}

/** Where the number that begins at `start` ends; `start` when it is another. */
function endOfEcho(answer: Buffer, start: number, digits: Uint8Array): number {
  let matched = 0;
  for (let at = start; at < answer.length; at++) {
    const byte = answer[at];
    if (byte === ZERO + (digits[matched] ?? 0)) matched++;
    else if (byte !== SPACE && byte !== DASH) return start;
    if (matched === digits.length) return at + 1;
  }
  return start;
}

/** Three digits are common: a number of JSON's is an amount, one within a longer word belongs to somebody's name. */
function blankCode(answer: Buffer, digits: Uint8Array): void {
  const json = answer[0] === BRACE;
  let quoted = false;
  let inWord = false;
  for (let at = 0; at < answer.length; at++) {
    const byte = answer[at] ?? 0;
    if (byte === QUOTE) quoted = !quoted;
    if (!inWord && (quoted || !json) && isCode(answer, at, digits))
      answer.fill(BLANK, at, at + digits.length);
    inWord = WORD.has(byte);
    // What is escaped is no letter of a word: a line's end, a quote.
    if (byte === BACKSLASH) at++;
  }
}

function isCode(answer: Buffer, at: number, digits: Uint8Array): boolean {
  const end = at + digits.length;
  return digits.every((digit, index) => answer[at + index] === ZERO + digit) && !WORD.has(answer[end] ?? 0);
}
