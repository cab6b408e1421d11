import { SAMPLE_RATE, amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine } from '../../src/dsp/tone.js';
import { ms } from '../support/tones.js';
import type { KeyCondition, Range, Rest } from './keys-over.js';
import type { Recording } from './recordings.js';

/** Keys of one kind on lines of one kind. */
export interface KeySet {
  readonly name: string;
  readonly condition: KeyCondition;
  /** The keys are dealt out evenly. */
  readonly rests: readonly (Rest | undefined)[];
  /** Keys at full effort. */
  readonly count: number;
}

const LOUD: Range = [-25, -3];
const USUAL_TWIST: Range = [-8, 4];
const ANY_TWIST: Range = [-12, 12];

/** What Q.24 asks a receiver to take, and more. */
export const WIDE: KeyCondition = { duration: [40, 300], level: LOUD, twist: USUAL_TWIST };
const SHORT: KeyCondition = { ...WIDE, duration: [15, 40] };
const SKEWED: KeyCondition = { duration: [15, 100], level: LOUD, twist: ANY_TWIST };
const WEAK: KeyCondition = { duration: [15, 300], level: [-45, -25], twist: ANY_TWIST };

const QUIET = [undefined];
const NOISE = [{ under: 20 }];

const over = (sounds: readonly Recording[], under: number, level: 'active' | 'local'): Rest[] =>
  sounds.map(({ samples }) => ({ samples, under, level }));

/** What is promised, by name. `voices` and `music`: what there is of each; no row for what there isn't. */
export function promisedSets(voices: readonly Recording[], music: readonly Recording[]): KeySet[] {
  const sets: KeySet[] = [
    { name: '40–300 ms, quiet line', condition: WIDE, rests: QUIET, count: 1000 },
    { name: '40–300 ms, noise 20 dB under', condition: WIDE, rests: NOISE, count: 1000 },
    {
      name: '40–300 ms, voices 12 dB under',
      condition: WIDE,
      rests: over(voices, 12, 'active'),
      count: 1000,
    },
    {
      name: '40–300 ms, voices 12 dB under each key',
      condition: WIDE,
      rests: over(voices, 12, 'local'),
      count: 2400,
    },
    { name: 'short, 15–40 ms, quiet line', condition: SHORT, rests: QUIET, count: 400 },
    { name: 'short, 15–40 ms, noise 20 dB under', condition: SHORT, rests: NOISE, count: 400 },
    {
      name: 'short, 15–40 ms, voices 12 dB under each key',
      condition: SHORT,
      rests: over(voices, 12, 'local'),
      count: 2400,
    },
    { name: 'weak, −45…−25 dBm0, any twist, quiet line', condition: WEAK, rests: QUIET, count: 1000 },
    { name: 'skewed, 15–100 ms, any twist, quiet line', condition: SKEWED, rests: QUIET, count: 1000 },
    { name: 'skewed, 15–100 ms, any twist, noise 20 dB under', condition: SKEWED, rests: NOISE, count: 1000 },
    {
      name: 'skewed, 15–100 ms, any twist, voices 12 dB under each key',
      condition: SKEWED,
      rests: over(voices, 12, 'local'),
      count: 2400,
    },
    ...troubledSets(),
    { name: '40–300 ms, voices 6 dB under', condition: WIDE, rests: over(voices, 6, 'active'), count: 2400 },
    {
      name: '40–300 ms, voices 6 dB under each key',
      condition: WIDE,
      rests: over(voices, 6, 'local'),
      count: 2400,
    },
    {
      name: '40–300 ms, music 6 dB under each key',
      condition: WIDE,
      rests: over(music, 6, 'local'),
      count: 1200,
    },
    {
      name: 'skewed, 15–100 ms, any twist, noise 6 dB under',
      condition: SKEWED,
      rests: [{ under: 6 }],
      count: 400,
    },
  ];
  return sets.filter(({ rests }) => rests.length > 0);
}

/** Seconds of a press, presses close together, and what lines add to them. */
function troubledSets(): KeySet[] {
  const onQuiet = (name: string, condition: Partial<KeyCondition>, count = 400): KeySet => ({
    name,
    condition: { ...WIDE, ...condition },
    rests: QUIET,
    count,
  });
  return [
    onQuiet(
      'held 0.5–5 s, −45…−3 dBm0, any twist',
      { ...WEAK, level: [-45, -3], duration: [500, 5000] },
      100,
    ),
    onQuiet('two, 50 ms on and 50 ms off', { duration: [50, 50], trouble: twice(ms(50)) }),
    onQuiet('A–D', { keys: [12, 13, 14, 15] }),
    onQuiet('dial tone of 350 and 440 Hz, 5 dB under', { trouble: dialTone(5, [350, 440]) }),
    onQuiet('dial tone of 425 Hz, 5 dB under', { trouble: dialTone(5, [425]) }),
    onQuiet('echo 20 ms later, 10 dB under', { trouble: echo(ms(20), 10) }),
    onQuiet('a click of 1–3 ms at the onset', { trouble: click }),
  ];
}

type Trouble = NonNullable<KeyCondition['trouble']>;

/** The same key again. */
const twice =
  (pause: number): Trouble =>
  (part, { sines, start, end }) => {
    for (const sine of sines) addSine(part, sine, end + pause, end - start);
    return end + pause + end - start;
  };

/** All the time, each of its tones that far under the key's stronger one. */
const dialTone =
  (under: number, tones: readonly number[]): Trouble =>
  (part, { sines, end }, random) => {
    const level = Math.max(...sines.map((sine) => sine.level)) - under;
    for (const hz of tones) addSine(part, { hz, level, phase: random.between(0, 2 * Math.PI) });
    return end;
  };

const echo =
  (later: number, under: number): Trouble =>
  (part, { sines, start, end }) => {
    for (const sine of sines)
      addSine(part, { ...sine, level: sine.level - under }, start + later, end - start);
    return end + later;
  };

/** A pulse that swings out and dies away, as loud as 10 dB over the key, begun up to its length before it. */
const click: Trouble = (part, { sines, start, end }, random) => {
  const length = ms(random.between(1, 3));
  const peak = amplitudeOf(Math.max(...sines.map((sine) => sine.level)) + 10);
  const hz = random.between(300, 3000);
  const from = start - random.below(length);
  for (let n = 0; n < length; n++) {
    const swing = Math.cos((2 * Math.PI * hz * n) / SAMPLE_RATE) * (1 - n / length);
    part[from + n] = (part[from + n] ?? 0) + peak * swing;
  }
  return end;
};
