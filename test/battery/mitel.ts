import { Random } from '../support/random.js';
import { grid, round, type Figure, type Row } from './figure.js';
import { addNoise, lineOf, type Stimulus } from './line.js';
import type { Receiver } from './receiver.js';
import { ALL_KEYS, hear } from './trials.js';

/**
 * Steps 2–7 of Mitel's test tape CM7291, as the test program of spandsp (dtmf_rx_tests.c) writes them down, with its
 * bounds. Pulses and pauses of 50 ms; levels are given there in dB from clipping.
 */
const PULSE = { length: 50, pause: 50 } as const;
const DIAGONAL = [1, 5, 9, 15];

export const mitel: Row = {
  name: 'Mitel CM7291',
  measure(receiver, { effort, seed }) {
    const random = new Random(seed);
    return {
      figures: [
        decode(receiver, random),
        bandwidth(receiver, random),
        ...twists(receiver, random),
        dynamicRange(receiver, random),
        guardTime(receiver, random),
        ...NOISES.map((snr) => signalToNoise(receiver, snr, effort === 'full' ? 1000 : 200, random)),
      ],
    };
  },
};

function hits(
  receiver: Receiver,
  stimuli: readonly Partial<Stimulus>[],
  usual: { key: number; level: number },
  random: Random,
): number {
  const line = lineOf(
    stimuli.map((stimulus) => ({ ...PULSE, ...usual, ...stimulus })),
    random,
  );
  const { right, extra } = hear(receiver, line);
  return Math.max(0, right - extra);
}

function decode(receiver: Receiver, random: Random): Figure {
  const stimuli = ALL_KEYS.flatMap((key) => Array.from({ length: 10 }, () => ({ key })));
  return {
    name: '2, decode',
    value: hits(receiver, stimuli, { key: 0, level: -4 }, random),
    unit: '',
    of: 160,
    target: 160,
    better: 'higher',
  };
}

/** One tone moved by 0.1 % a pulse, up and down. */
function bandwidth(receiver: Receiver, random: Random): Figure {
  const steps = grid(0.001, 0.06, 0.001);
  const within = DIAGONAL.flatMap((key) =>
    [0, 1].map((tone) => {
      const [up = 0, down = 0] = [1, -1].map((sign) =>
        hits(
          receiver,
          steps.map((by) => ({ off: tone === 0 ? ([sign * by, 0] as const) : ([0, sign * by] as const) })),
          { key, level: -17 },
          random,
        ),
      );
      const recognised = (up + down) / 10;
      const centreOff = (up - down) / 10;
      return recognised >= 3 + centreOff && recognised < 15 + centreOff;
    }),
  );
  return {
    name: '3, bandwidth, tones within bounds',
    value: within.filter(Boolean).length,
    unit: '',
    of: within.length,
    target: within.length,
    better: 'higher',
  };
}

/** One tone weaker by 0.1 dB a pulse, to 20 dB. */
function twists(receiver: Receiver, random: Random): Figure[] {
  const steps = grid(0.1, 20, 0.1);
  const ways = [
    { name: 'normal', sign: -1, target: 8 },
    { name: 'reverse', sign: 1, target: 4 },
  ];
  return ways.map(({ name, sign, target }) => ({
    name: `4, ${name} twist`,
    value: Math.min(
      ...DIAGONAL.map((key) => {
        const pulses = steps.map((dB) => ({ twist: sign * dB }));
        return round(hits(receiver, pulses, { key, level: -3 }, random) / 10);
      }),
    ),
    unit: 'dB',
    target,
    better: 'higher',
  }));
}

/** 1 dB a pulse, as far as the program goes. */
function dynamicRange(receiver: Receiver, random: Random): Figure {
  return {
    name: '5, dynamic range',
    value: hits(
      receiver,
      grid(3, -50, 1).map((level) => ({ level })),
      { key: 1, level: 0 },
      random,
    ),
    unit: 'dB',
    target: 35,
    better: 'higher',
  };
}

function guardTime(receiver: Receiver, random: Random): Figure {
  const pulses = grid(49.9, 10, 0.1).map((length) => ({ length }));
  return {
    name: '6, guard time',
    value: round((500 - hits(receiver, pulses, { key: 1, level: -3 }, random)) / 10),
    unit: 'ms',
    better: 'lower',
  };
}

const NOISES = [24, 18, 12];

function signalToNoise(receiver: Receiver, snr: number, count: number, random: Random): Figure {
  const line = lineOf(
    Array.from({ length: count }, () => ({ ...PULSE, key: 1, level: -3 })),
    random,
  );
  addNoise(line, (line.sent[0]?.power ?? 0) * 10 ** (-snr / 10), random);
  const { right, extra } = hear(receiver, line);
  return {
    name: `7, ${snr} dB over noise`,
    value: Math.max(0, right - extra),
    unit: '',
    of: count,
    target: count,
    better: 'higher',
  };
}
