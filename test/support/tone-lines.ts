import { double, integer, record, array, boolean, constantFrom, type Arbitrary } from 'fast-check';
import { amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, keySines, toMulaw, type Sine } from '../../src/dsp/tone.js';
import { marked, type KeyedLine } from './keyed-line.js';
import { Random } from './random.js';
import { ms } from './tones.js';

/** Any line that the guard promises to keep tight: what it is made of, for fast-check to draw and to shrink. */
export interface ToneLine {
  readonly keys: readonly ToneLineKey[];
  /** White noise 20 dB under the faintest of them, or silence. */
  readonly noise: boolean;
  readonly seed: number;
}

export interface ToneLineKey {
  readonly key: number;
  /** ms; the pause is the one before it. */
  readonly pause: number;
  readonly length: number;
  /** dBm0 of the stronger tone, and dB. */
  readonly level: number;
  readonly twist: number;
  /** Of each tone: a share of its frequency, and radians. */
  readonly detune: readonly [low: number, high: number];
  readonly phase: readonly [low: number, high: number];
}

const between = (min: number, max: number): Arbitrary<number> => double({ min, max, noNaN: true });
const pairOf = (min: number, max: number): Arbitrary<[number, number]> =>
  array(between(min, max), { minLength: 2, maxLength: 2 }) as Arbitrary<[number, number]>;

/** Within the bounds: 15 ms or more, −45 dBm0 or more, twist to ±12 dB, each tone within 1.5 % of its frequency. */
export const toneLines: Arbitrary<ToneLine> = record({
  keys: array(
    record({
      key: integer({ min: 0, max: 15 }),
      pause: constantFrom(40, 50, 120, 400, 700),
      length: integer({ min: 15, max: 150 }),
      level: between(-45, -3),
      twist: between(-12, 12),
      detune: pairOf(-0.015, 0.015),
      phase: pairOf(0, 2 * Math.PI),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  noise: boolean(),
  seed: integer({ min: 0, max: 2 ** 31 }),
});

/** Before the first key, and after the last one, until its cover and its beep are over. */
const LEAD = ms(100);
const TAIL = ms(900);

/** The line as µ-law, marked with its keys. */
export function spoken({ keys, noise, seed }: ToneLine): KeyedLine {
  let at = LEAD;
  const spans = keys.map(({ pause, length }) => {
    const start = at + ms(pause);
    at = start + ms(length);
    return { start, end: at };
  });
  const samples = new Float64Array(at + TAIL);
  if (noise) addNoise(samples, Math.min(...keys.map(powerOf)) / 100, new Random(seed));
  keys.forEach((key, n) => {
    const { start, end } = spans[n] ?? { start: 0, end: 0 };
    for (const sine of sinesOf(key)) addSine(samples, sine, start, end - start);
  });
  return marked(toMulaw(samples), spans);
}

function sinesOf({ key, level, twist, detune, phase }: ToneLineKey): Sine[] {
  return keySines(key, { level, twist }).map((sine, n) => ({
    ...sine,
    hz: sine.hz * (1 + (detune[n] ?? 0)),
    phase: phase[n] ?? 0,
  }));
}

const powerOf = (key: ToneLineKey): number =>
  sinesOf(key).reduce((power, { level }) => power + amplitudeOf(level) ** 2 / 2, 0);

function addNoise(samples: Float64Array, power: number, random: Random): void {
  const scale = Math.sqrt(power);
  for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] ?? 0) + scale * random.gauss();
}
