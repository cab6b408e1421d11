import { toMulaw } from '../../src/dsp/tone.js';
import { Random } from '../support/random.js';
import { percentile } from '../support/statistics.js';
import { meanPower, ms } from '../support/tones.js';
import { alawOnTheWay } from './a-law.js';
import { round, type Figure, type Row, type Setting, type Sound } from './figure.js';
import { inMs, lineOf, type Line, type Stimulus } from './line.js';
import type { Receiver } from './receiver.js';
import { score } from './score.js';

/** Lengths and pauses in ms, levels in dBm0 of the stronger tone, twist in dB, off as a share of the frequency. */
const WIDE = {
  length: [40, 300],
  level: [-25, -3],
  twist: [-8, 4],
  off: [-0.015, 0.015],
  pause: [200, 400],
} as const;

/** What is beside a third of the presses each, and how far it is under each of them, dB of mean powers. */
const RESTS = [
  { name: 'quiet', under: Infinity },
  { name: 'noise', under: 20 },
  { name: 'voice', under: 12 },
] as const;

/** From so long before a press to so long after it. */
const AROUND = ms(100);
/** What is quieter, in 16-bit units squared, is a pause of the voice. */
const PAUSE_POWER = 10_000;

/** Presses over each. */
const COUNT = { small: 100, full: 1000 };
const OF_A_LINE = 25;

/** Presses all over what a receiver must take, and how exactly it tells where they were. */
export const wideSet: Row = {
  name: 'wide set',
  measure(receiver, setting) {
    const tally = tallyOf(receiver, setting);
    return {
      figures: [
        ...counts(tally),
        ...told('found after onset, median', tally.late, 0.5, 'ms', 45),
        ...told('found after onset, 95 % within', tally.late, 0.95, 'ms', 60),
        ...told('start told, 95 % within', tally.start, 0.95, 'ms', 5),
        ...told('length told, 95 % within', tally.length, 0.95, 'ms', 10),
        ...told('level told, 95 % within', tally.level, 0.95, 'dB', 1),
      ],
    };
  },
};

/** Nothing of what the receiver doesn't tell. */
function told(
  name: string,
  errors: readonly number[],
  share: number,
  unit: string,
  target: number,
): Figure[] {
  if (errors.length === 0) return [];
  const value = round(percentile(Float64Array.from(errors, Math.abs), share));
  return [{ name, value, unit, target, better: 'lower' }];
}

/** The same, coded in A-law somewhere on the way. */
export const wideSetInAlaw: Row = {
  name: 'wide set, A-law on the way',
  measure: (receiver, setting) => ({ figures: counts(tallyOf(alawOnTheWay(receiver), setting)) }),
};

interface Tally {
  right: number;
  wrong: number;
  missed: number;
  extra: number;
  /** ms from the onset until a press was found; what the receiver told less what is true. */
  readonly late: number[];
  readonly start: number[];
  readonly length: number[];
  readonly level: number[];
}

function counts({ right, wrong, missed, extra }: Tally): Figure[] {
  const of = right + wrong + missed;
  return [
    { name: 'right', value: right, unit: '', of, target: 0.995 * of, better: 'higher' },
    { name: 'wrong', value: wrong, unit: '', target: 0, better: 'lower' },
    { name: 'missed', value: missed, unit: '', better: 'lower' },
    { name: 'extra', value: extra, unit: '', target: 0, better: 'lower' },
  ];
}

function tallyOf(receiver: Receiver, { effort, seed, sounds }: Setting): Tally {
  const random = new Random(seed);
  const voices = sounds.filter(({ music }) => !music).map(({ samples }) => samples);
  const tally: Tally = {
    right: 0,
    wrong: 0,
    missed: 0,
    extra: 0,
    late: [],
    start: [],
    length: [],
    level: [],
  };
  for (const { name, under } of RESTS) {
    for (let n = 0; n < COUNT[effort]; n += OF_A_LINE) {
      const line = lineOf(
        Array.from({ length: OF_A_LINE }, () => drawn(random)),
        random,
      );
      if (name !== 'quiet') {
        const voice = voices[random.below(voices.length)];
        addUnderEach(line, under, random, name === 'voice' ? voice : undefined);
      }
      add(line, receiver, tally);
    }
  }
  return tally;
}

function drawn(random: Random): Stimulus {
  return {
    key: random.below(16),
    length: random.between(...WIDE.length),
    level: random.between(...WIDE.level),
    twist: random.between(...WIDE.twist),
    off: [random.between(...WIDE.off), random.between(...WIDE.off)],
    pause: random.between(...WIDE.pause),
  };
}

function add(line: Line, receiver: Receiver, tally: Tally): void {
  const { heard, right, wrong, missed, extra } = score(line, receiver(toMulaw(line.samples)));
  tally.right += right;
  tally.wrong += wrong;
  tally.missed += missed;
  tally.extra += extra;
  line.sent.forEach(({ start, length, level }, n) => {
    const press = heard[n];
    if (press === undefined) return;
    if (press.found !== null) tally.late.push(inMs(press.found - start));
    if (press.start !== null) tally.start.push(inMs(press.start - start));
    if (press.length !== null) tally.length.push(inMs(press.length - length));
    if (press.level !== null) tally.level.push(press.level - level);
  });
}

/** Around each press a stretch of a voice, or white noise, so far under it. */
function addUnderEach(line: Line, under: number, random: Random, voice?: Sound['samples']): void {
  for (const { start, length, power } of line.sent) {
    const from = Math.max(0, start - AROUND);
    const sound =
      voice === undefined
        ? noise(start + length + AROUND - from, random)
        : spoken(voice, start + length + AROUND - from, random);
    const scale = Math.sqrt((power * 10 ** (-under / 10)) / meanPower(sound));
    for (let n = 0; n < sound.length; n++) {
      line.samples[from + n] = (line.samples[from + n] ?? 0) + scale * (sound[n] ?? 0);
    }
  }
}

function noise(length: number, random: Random): Float64Array {
  return Float64Array.from({ length }, () => random.gauss());
}

function spoken(voice: Sound['samples'], length: number, random: Random): Float64Array {
  for (;;) {
    const from = random.below(voice.length - length);
    const stretch = new Float64Array(voice.subarray(from, from + length));
    if (meanPower(stretch) > PAUSE_POWER) return stretch;
  }
}
