import { KeyTone, TELEPHONE_TONE } from '../../src/carrier/simulated/key-tone.js';
import { needles, type Needle } from '../support/needles.js';
import { EXPIRY, type CanaryCard } from './canary-cards.js';

const KEYS = '0123456789*#';

/** Shorter ones are met by chance in hundreds of megabytes. */
const SHORTEST = 7;
/**
 * So many digits of a number in a row are a finding. Eight in text are met by chance: six of them are a BIN that
 * everybody knows, and a process writes many numbers of its own.
 */
const WINDOW = { bytes: 8, text: 9 };
const PART = /^digits \d+–\d+ /;

/** What a code is told from chance by: the simulated provider's names for it, in a request and in an echo. */
const BEFORE_CODE = { 'in a request': 'card_code=', 'in an answer': 'with code ' };
/**
 * What the allocator of glibc writes before the 128 bytes of a secret's buffer, in eight: their size with its own eight,
 * or one step more where a piece that small would be left, and whether what lies before is in use.
 */
const SIZES_OF_SECRET = [0x90, 0x91, 0xa0, 0xa1];
const SECRET_BYTES = 128;

/**
 * All forms of the cards, each named `NAME: FORM` or, of a code, `NAME code: FORM`; what is looked for in any part is
 * named so. A code is looked for behind what was keyed before it, and where `codeNeedles` says.
 */
export function cardNeedles(cards: readonly CanaryCard[]): Needle[] {
  return cards.flatMap(({ name, number, code }) => [
    ...digitNeedles(name, number),
    ...digitNeedles(`${name} code`, keyedUpTo(number, code)),
    ...codeNeedles(`${name} code`, code),
  ]);
}

function digitNeedles(name: string, digits: Uint8Array): Needle[] {
  return [
    ...needles(digits, WINDOW.bytes).filter(({ name }) => !PART.test(name) || isBytes(name)),
    ...needles(digits, WINDOW.text).filter(({ name }) => PART.test(name) && !isBytes(name)),
  ]
    .filter(({ bytes }) => bytes.length >= SHORTEST)
    .map((needle) => ({ ...needle, name: `${name}: ${needle.name.replace(PART, 'in part, ')}` }));
}

/** The end of the number, the expiry and the code: nine digits, as three alone are met by chance, and seven at times. */
function keyedUpTo(number: Uint8Array, code: Uint8Array): Uint8Array {
  return Uint8Array.from([...number.subarray(-2), ...Array.from(EXPIRY, Number), ...code]);
}

/** A code in a provider's words, as bytes and as strings of V8, and one that has the buffer of a secret for itself. */
function codeNeedles(name: string, code: Uint8Array): Needle[] {
  const alone = SIZES_OF_SECRET.map((size) => {
    const bytes = Buffer.alloc(8 + SECRET_BYTES);
    bytes[0] = size;
    bytes.set(code, 8);
    return { name: `${name}: alone in a buffer`, bytes };
  });
  return [
    ...alone,
    ...Object.entries(BEFORE_CODE).flatMap(([form, words]) =>
      (['latin1', 'utf16le'] as const).map((encoding) => ({
        name: `${name}: ${form}`,
        bytes: Buffer.from(words + code.join(''), encoding),
      })),
    ),
  ];
}

function isBytes(form: string): boolean {
  return form.replace(PART, '') === 'digit bytes';
}

/** `dtmf` messages from which keys can be read, as bytes and as strings of V8. */
export function messageNeedles(): Needle[] {
  return Array.from(KEYS).flatMap((key) => {
    const member = `"digit":"${key}"`;
    return [Buffer.from(member), Buffer.from(member, 'utf16le')].map((bytes) => ({
      name: 'key message',
      bytes,
    }));
  });
}

/** So much of a tone is a finding: 5 ms. Looked for every 24 samples, and in base64 from each of its three places. */
const TONE_BYTES = 16;
const TONE_STEP = 24;

/** The audio of every key for the first `ms` of its tone. */
export function toneNeedles(ms: number): Needle[] {
  return Array.from(KEYS).flatMap((key) => {
    const tone = new KeyTone(key, TELEPHONE_TONE);
    const audio = Buffer.from(Array.from({ length: ms * 8 }, () => tone.next()));
    const found: Needle[] = [];
    for (let at = 0; at + TONE_BYTES + 2 <= audio.length; at += TONE_STEP) {
      found.push({ name: 'tone', bytes: audio.subarray(at, at + TONE_BYTES) });
      for (const skip of [0, 1, 2]) {
        const text = audio.subarray(at + skip, at + skip + 15).toString('base64');
        found.push({ name: 'tone in base64', bytes: Buffer.from(text) });
      }
    }
    return found;
  });
}
