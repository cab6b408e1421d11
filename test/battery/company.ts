import { HIGH_HZ, LOW_HZ } from '../../src/dsp/keypad.js';
import { addSine } from '../../src/dsp/tone.js';
import { Random } from '../support/random.js';
import { grid, lastAlways, type Row } from './figure.js';
import { addEcho, addNoise, type Line } from './line.js';
import { TRIALS, USUAL, trial } from './trials.js';

interface Company {
  readonly name: string;
  /** What is varied, from what disturbs least to what disturbs most. */
  readonly small: readonly number[];
  readonly full: readonly number[];
  /** dBm0 of each tone of the press. */
  readonly level: number;
  readonly figure: string;
  readonly unit: string;
  readonly target: number;
  readonly better: 'higher' | 'lower';
  add(line: Line, at: number, random: Random): void;
}

/** Frequencies that are no tone of the keypad's, nor near one. */
const THIRD_LEAST = 300;
const THIRD_MOST = 3300;
const THIRD_AWAY = 0.06;
const TONES_HZ: readonly number[] = [...LOW_HZ, ...HIGH_HZ];

const sineAllAlong = (hz: number) => (line: Line, level: number) => {
  addSine(line.samples, { hz, level });
};

/** What else may be on the line while a key is pressed. */
const COMPANY: readonly Company[] = [
  {
    name: 'white noise',
    small: [20, 15, 12, 10],
    full: grid(20, -6, 1),
    level: -10,
    figure: 'always down to',
    unit: 'dB SNR',
    target: 10,
    better: 'lower',
    add(line, snr, random) {
      addNoise(line, (line.sent[0]?.power ?? 0) * 10 ** (-snr / 10), random);
    },
  },
  {
    name: 'dial tone, 350 + 440 Hz',
    small: [-30, -20, -15, -10, -5],
    full: grid(-40, 0, 1),
    level: -15,
    figure: 'always under',
    unit: 'dBm0 each',
    target: -5,
    better: 'higher',
    add(line, level) {
      sineAllAlong(350)(line, level);
      sineAllAlong(440)(line, level);
    },
  },
  {
    name: 'dial tone, 425 Hz',
    small: [-30, -20, -15, -10, -5],
    full: grid(-40, 0, 1),
    level: -15,
    figure: 'always under',
    unit: 'dBm0',
    target: -5,
    better: 'higher',
    add: sineAllAlong(425),
  },
  {
    name: 'echo 20 ms late',
    small: [20, 15, 10],
    full: grid(20, 0, 1),
    level: -10,
    figure: 'always down to',
    unit: 'dB',
    target: 10,
    better: 'lower',
    add(line, down) {
      addEcho(line, 20, down);
    },
  },
  {
    name: 'third tone',
    small: [-24, -20, -16],
    full: grid(-30, 0, 1),
    level: -10,
    figure: 'always under',
    unit: 'dB to each tone',
    target: -16,
    better: 'higher',
    add(line, relative, random) {
      line.sent.forEach(({ start, length, level }) => {
        const phase = random.between(0, 2 * Math.PI);
        addSine(line.samples, { hz: thirdHz(random), level: level + relative, phase }, start, length);
      });
    },
  },
];

function thirdHz(random: Random): number {
  for (;;) {
    const hz = random.between(THIRD_LEAST, THIRD_MOST);
    if (TONES_HZ.every((tone) => Math.abs(hz / tone - 1) > THIRD_AWAY)) return hz;
  }
}

export const company: readonly Row[] = COMPANY.map((other) => ({
  name: other.name,
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    const points = other[effort].map((at) =>
      trial(receiver, at, { ...USUAL, level: other.level }, TRIALS[effort], random, (line) => {
        other.add(line, at, random);
      }),
    );
    const { figure: name, unit, target, better } = other;
    return {
      curves: [{ name: other.name, points }],
      figures: [{ name, value: lastAlways(points), unit, target, better }],
    };
  },
}));
