import { amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, keySines, toMulaw, type Sine } from '../../src/dsp/tone.js';
import type { Random } from '../support/random.js';
import { meanPower, ms } from '../support/tones.js';

/** What is on the line beside the keys, and how far it is under them: the mean powers of both, in dB. */
export interface Rest {
  readonly under: number;
  /** A recording, or white noise. */
  readonly samples?: Float64Array;
  /**
   * `active`: the recording's level while someone speaks is the one that counts, and a key may fall into a pause.
   * `local`: what sounds from 150 ms before to 150 ms after each key is brought to that level, and there are no pauses.
   */
  readonly level?: 'active' | 'local';
}

export interface KeyCondition {
  readonly name: string;
  /** ms */
  readonly duration: readonly [number, number];
  /** dBm0 of the stronger tone */
  readonly level: readonly [number, number];
  /** dB */
  readonly twist: readonly [number, number];
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

const DETUNE = 0.015;
/** Between keys: longer than the cover of one. */
const PAUSE = [650, 750] as const;
const AROUND = ms(150);

/** A line with `count` random keys of that kind on it. */
export function keysOver(
  condition: KeyCondition,
  rest: Rest | undefined,
  count: number,
  random: Random,
): { mulaw: Uint8Array; keys: Span[] } {
  const parts: Float64Array[] = [];
  const keys: Span[] = [];
  let at = 0;
  for (let n = 0; n < count; n++) {
    const before = ms(random.between(...PAUSE));
    const length = ms(random.between(...condition.duration));
    const part = new Float64Array(before + length + AROUND);
    const sines = drawn(condition, random);
    for (const sine of sines) addSine(part, sine, before, length);
    if (rest !== undefined) addRest(part, { start: before, end: before + length }, sines, rest, random);
    parts.push(part);
    keys.push({ start: at + before, end: at + before + length });
    at += part.length;
  }
  const mulaw = new Uint8Array(at);
  at = 0;
  for (const part of parts) {
    mulaw.set(toMulaw(part), at);
    at += part.length;
  }
  return { mulaw, keys };
}

function drawn({ level, twist }: KeyCondition, random: Random): readonly [Sine, Sine] {
  const off = (sine: Sine): Sine => ({
    ...sine,
    hz: sine.hz * (1 + random.between(-DETUNE, DETUNE)),
    phase: random.between(0, 2 * Math.PI),
  });
  const [low, high] = keySines(random.below(16), {
    level: random.between(...level),
    twist: random.between(...twist),
  });
  return [off(low), off(high)];
}

function addRest(part: Float64Array, key: Span, sines: readonly Sine[], rest: Rest, random: Random): void {
  const power = sines.reduce((sum, { level }) => sum + amplitudeOf(level) ** 2 / 2, 0);
  const { sound, level } = soundFor(part.length, key, rest, random);
  const scale = Math.sqrt((power * 10 ** (-rest.under / 10)) / level);
  for (let n = 0; n < part.length; n++) part[n] = (part[n] ?? 0) + scale * (sound[n] ?? 0);
}

/** What is quieter than that, 16-bit samples squared, is a pause. */
const PAUSE_POWER = 40_000;

function soundFor(length: number, key: Span, { samples, level }: Rest, random: Random) {
  if (samples === undefined) return { sound: Float64Array.from({ length }, () => random.gauss()), level: 1 };
  for (;;) {
    const from = random.below(samples.length - length);
    const sound = samples.subarray(from, from + length);
    if (level === 'active') return { sound, level: activePower(samples) };
    const power = meanPower(sound.subarray(key.start - AROUND, key.end + AROUND));
    if (power > PAUSE_POWER) return { sound, level: power };
  }
}

const known = new WeakMap<Float64Array, number>();

/** Mean power of the stretches of 20 ms that are within 20 dB of the loudest twentieth, after ITU-T P.56's idea. */
export function activePower(samples: Float64Array): number {
  const before = known.get(samples);
  if (before !== undefined) return before;
  const powers = Array.from({ length: Math.floor(samples.length / ms(20)) }, (_, n) =>
    meanPower(samples.subarray(n * ms(20), (n + 1) * ms(20))),
  ).toSorted((a, b) => a - b);
  const loud = powers[Math.floor(powers.length * 0.95)] ?? 0;
  const active = powers.filter((power) => power > loud / 100);
  const power = active.reduce((sum, one) => sum + one, 0) / active.length;
  known.set(samples, power);
  return power;
}
