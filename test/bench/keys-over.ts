import { amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, keySines, toMulaw, type Sine } from '../../src/dsp/tone.js';
import type { Random } from '../support/random.js';
import { meanPower, ms, type Key } from '../support/tones.js';

/** What is on the line beside the keys, and how far it is under them: the mean powers of both, in dB. */
export interface Rest {
  readonly under: number;
  /** A recording, or white noise. */
  readonly samples?: Int16Array;
  /**
   * `active`: the recording's level while someone speaks is the one that counts, and a key may fall into a pause.
   * `local`: what sounds from 150 ms before to 150 ms after each key is brought to that level, and there are no pauses.
   */
  readonly level?: 'active' | 'local';
}

export interface KeyCondition {
  /** ms */
  readonly duration: Range;
  /** dBm0 of the stronger tone */
  readonly level: Range;
  /** dB */
  readonly twist: Range;
  /** Each tone's own, to both sides, as shares of its frequency; up to 1.5 % unless given. */
  readonly detune?: Range;
  /** Any of the sixteen unless given. */
  readonly keys?: readonly number[];
  /** What else the line does to the key: changes `part`, and returns where the last of its tones ends then. */
  readonly trouble?: (part: Float64Array, key: Key, random: Random) => number;
}

export type Range = readonly [least: number, most: number];

const DETUNE: Range = [0, 0.015];
/** Between keys: longer than the cover of one. */
const PAUSE: Range = [650, 750];
const AROUND = ms(150);
/** Keys end at every place of a frame in turn. */
const FRAME = 160;

export interface LineOfKeys {
  readonly mulaw: Uint8Array;
  readonly keys: readonly Key[];
}

/** A line with `count` random keys of that kind on it. */
export function keysOver(
  condition: KeyCondition,
  rest: Rest | undefined,
  count: number,
  random: Random,
): LineOfKeys {
  const parts: Uint8Array[] = [];
  const keys: Key[] = [];
  let at = 0;
  for (let n = 0; n < count; n++) {
    const length = ms(random.between(...condition.duration));
    const before = framed(ms(random.between(...PAUSE)), at + length, n);
    const { part, key } = keyed(condition, rest, before, length, random);
    parts.push(toMulaw(part));
    keys.push({ ...key, start: at + key.start, end: at + key.end });
    at += part.length;
  }
  return { mulaw: Buffer.concat(parts), keys };
}

/** A pause of `before` or a little more, so that `length` samples later the n-th place of a frame is reached. */
function framed(before: number, length: number, n: number): number {
  const place = (before + length - n) % FRAME;
  return before + ((FRAME - place) % FRAME);
}

function keyed(
  condition: KeyCondition,
  rest: Rest | undefined,
  start: number,
  length: number,
  random: Random,
): { part: Float64Array; key: Key } {
  const part = new Float64Array(start + length + AROUND);
  const drawn = draw(condition, start, length, random);
  for (const sine of drawn.sines) addSine(part, sine, start, length);
  const end = condition.trouble?.(part, drawn, random) ?? drawn.end;
  const key = { ...drawn, end };
  if (rest !== undefined) addRest(part, key, rest, random);
  return { part, key };
}

function draw(
  { keys, level, twist, detune = DETUNE }: KeyCondition,
  start: number,
  length: number,
  random: Random,
): Key {
  const key = keys === undefined ? random.below(16) : (keys[random.below(keys.length)] ?? 0);
  const off = (sine: Sine): Sine => ({
    ...sine,
    hz: sine.hz * (1 + random.between(...detune) * (random.next() < 0.5 ? -1 : 1)),
    phase: random.between(0, 2 * Math.PI),
  });
  const [low, high] = keySines(key, { level: random.between(...level), twist: random.between(...twist) });
  return { key, start, end: start + length, sines: [off(low), off(high)] };
}

function addRest(part: Float64Array, key: Key, rest: Rest, random: Random): void {
  const power = key.sines.reduce((sum, { level }) => sum + amplitudeOf(level) ** 2 / 2, 0);
  const { sound, level } = soundFor(part.length, key, rest, random);
  const scale = Math.sqrt((power * 10 ** (-rest.under / 10)) / level);
  for (let n = 0; n < part.length; n++) part[n] = (part[n] ?? 0) + scale * (sound[n] ?? 0);
}

/** What is quieter than that, 16-bit samples squared, is a pause. */
const PAUSE_POWER = 40_000;

function soundFor(length: number, key: Key, { samples, level }: Rest, random: Random) {
  if (samples === undefined) return { sound: Float64Array.from({ length }, () => random.gauss()), level: 1 };
  for (;;) {
    const from = random.below(samples.length - length);
    const sound = Float64Array.from(samples.subarray(from, from + length));
    if (level === 'active') return { sound, level: activePower(samples) };
    const power = meanPower(sound.subarray(key.start - AROUND, key.end + AROUND));
    if (power > PAUSE_POWER) return { sound, level: power };
  }
}

const known = new WeakMap<Int16Array, number>();

/** Mean power of the stretches of 20 ms that are within 20 dB of the loudest twentieth, after ITU-T P.56's idea. */
export function activePower(samples: Int16Array): number {
  const before = known.get(samples);
  if (before !== undefined) return before;
  const powers = Float64Array.from({ length: Math.floor(samples.length / ms(20)) }, (_, n) =>
    meanPower(Float64Array.from(samples.subarray(n * ms(20), (n + 1) * ms(20)))),
  ).toSorted();
  const loud = powers[Math.floor(powers.length * 0.95)] ?? 0;
  const active = powers.filter((power) => power > loud / 100);
  const power = active.reduce((sum, one) => sum + one, 0) / active.length;
  known.set(samples, power);
  return power;
}
