import type { Secret } from '../secret.js';

const ZERO = 0x30;
const SPACE = 0x20;
const DASH = 0x2d;
const BLANK = 0x78;

/** Blanks a card number (digits as bytes 0–9) wherever a provider repeats it, grouped or not, before anybody reads. */
export function blankCard(answer: Buffer, number: Secret): void {
  const digits = number.reveal();
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
