import { KeyTone, TELEPHONE_TONE } from '../../src/carrier/simulated/key-tone.js';
import { needles, type Needle } from '../support/needles.js';

const KEYS = '0123456789*#';

/** Shorter ones are met by chance in hundreds of megabytes. */
const SHORTEST = 7;
/**
 * So many digits of a number in a row are a finding. Eight in text are met by chance: six of them are a BIN that
 * everybody knows, and a process writes many numbers of its own.
 */
const WINDOW = { bytes: 8, text: 9 };
const PART = /^digits \d+–\d+ /;

/** All forms of the numbers, each named `NAME: FORM`; what is looked for in any part is named so. */
export function numberNeedles(numbers: ReadonlyMap<string, Uint8Array>): Needle[] {
  return [...numbers].flatMap(([name, digits]) =>
    [
      ...needles(digits, WINDOW.bytes).filter(({ name }) => !PART.test(name) || isBytes(name)),
      ...needles(digits, WINDOW.text).filter(({ name }) => PART.test(name) && !isBytes(name)),
    ]
      .filter(({ bytes }) => bytes.length >= SHORTEST)
      .map((needle) => ({ ...needle, name: `${name}: ${needle.name.replace(PART, 'in part, ')}` })),
  );
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
