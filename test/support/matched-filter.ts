import { GROUP, TONES, keyAt, keyHz, toneHz } from '../../src/dsp/keypad.js';
import { MULAW_DECODE, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { ms, type Key } from './tones.js';

/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { cos, sin, PI } = Math;

/** Where an eavesdropper may look for what is left of a key, in samples of the line. */
export const PIECES: readonly (readonly [
  name: string,
  piece: (key: Pick<Key, 'start' | 'end'>) => readonly [from: number, to: number],
])[] = [
  ['before: the last 60 ms', ({ start }) => [start - ms(60), start]],
  ['onset: 5 ms to both sides', ({ start }) => [start - ms(5), start + ms(5)]],
  ['whole', ({ start, end }) => [start, end]],
  ['tail: 5 ms to both sides', ({ end }) => [end - ms(5), end + ms(5)]],
  ['after: the next 60 ms', ({ end }) => [end, end + ms(60)]],
];

/**
 * The best an eavesdropper can do who knows when the key was pressed and the very frequencies of its tones: guesses
 * the key whose two sines, with any amplitude and phase, explain the most of the audio. Of white noise every key is
 * as likely.
 */
export function guessKey(
  mulaw: Uint8Array,
  from: number,
  to: number,
  detune: readonly [number, number],
): number {
  let row = 0;
  let column = GROUP;
  const powers = Float64Array.from({ length: TONES }, (_, tone) =>
    power(mulaw, from, to, toneHz(tone) * (1 + detune[tone < GROUP ? 0 : 1])),
  );
  for (let tone = 0; tone < GROUP; tone++) {
    if ((powers[tone] ?? 0) > (powers[row] ?? 0)) row = tone;
    if ((powers[tone + GROUP] ?? 0) > (powers[column] ?? 0)) column = tone + GROUP;
  }
  return keyAt(row, column - GROUP);
}

/** How many of the keys are guessed right from that piece of each, in audio that comes `later` samples after the line. */
export function guessedRight(
  mulaw: Uint8Array,
  keys: readonly Key[],
  piece: (key: Key) => readonly [from: number, to: number],
  later: number,
): number {
  return keys.filter((key) => {
    const [from, to] = piece(key);
    return guessKey(mulaw, from + later, to + later, detuneOf(key)) === key.key;
  }).length;
}

function detuneOf({ key, sines }: Key): readonly [number, number] {
  const [low, high] = keyHz(key);
  return [sines[0].hz / low - 1, sines[1].hz / high - 1];
}

function power(mulaw: Uint8Array, start: number, end: number, hz: number): number {
  const stepRe = cos((2 * PI * hz) / SAMPLE_RATE);
  const stepIm = sin((2 * PI * hz) / SAMPLE_RATE);
  let turnRe = 1;
  let turnIm = 0;
  let re = 0;
  let im = 0;
  for (let n = start; n < end; n++) {
    const x = MULAW_DECODE[mulaw[n] ?? 0xff] ?? 0;
    re += x * turnRe;
    im += x * turnIm;
    const turned = turnRe * stepRe - turnIm * stepIm;
    turnIm = turnRe * stepIm + turnIm * stepRe;
    turnRe = turned;
  }
  return re * re + im * im;
}
