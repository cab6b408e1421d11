import { describe, it, expect } from '@jest/globals';
import { BATTERY } from '../battery/battery.js';
import { met, type Figure } from '../battery/figure.js';
import { tonewall } from '../battery/receiver.js';
import { Random } from '../support/random.js';
import { voiceLike } from '../support/tones.js';

const SETTING = {
  effort: 'small',
  seed: 11,
  sounds: [{ music: false, samples: voiceLike(20, new Random(11)) }],
} as const;

/** What the receiver is known to reach. */
const REACHED: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'wide set': {
    right: 300,
    wrong: 0,
    extra: 0,
    'found after onset, median': 40,
    'found after onset, 95 % within': 45,
    'start told, 95 % within': 3,
    'length told, 95 % within': 5,
    'level told, 95 % within': 1,
  },
  'wide set, A-law on the way': { right: 300, wrong: 0, extra: 0 },
  frequency: { 'always accepted to': 1.8, 'always refused from': 3.5, 'both 1.8 % off': 160 },
  twist: {
    'normal, always accepted to': 8,
    'normal, always refused from': 12.5,
    'reverse, always accepted to': 8,
    'reverse, always refused from': 12.5,
  },
  duration: { 'never to': 23, 'always from': 40 },
  'gap within a key': {
    'bridged to': 10,
    'split from': 30,
    '20 + 20 ms, 10 ms between: one': 40,
    '40 + 40 ms, 30 ms between: two': 40,
  },
  level: { 'always down to': -45, 'never from': -55 },
  'white noise': { 'always down to': 10 },
  'dial tone, 350 + 440 Hz': { 'always under': -5 },
  'dial tone, 425 Hz': { 'always under': -5 },
  'echo 20 ms late': { 'always down to': 10 },
  'third tone': { 'always under': -16 },
  'Mitel CM7291': {
    '2, decode': 160,
    '3, bandwidth, tones within bounds': 8,
    '4, normal twist': 8,
    '4, reverse twist': 8,
    '5, dynamic range': 50,
    '7, 24 dB over noise': 200,
    '7, 18 dB over noise': 200,
    '7, 12 dB over noise': 200,
  },
  'false keys': {
    voices: 0,
    music: 0,
    'both sped': 0,
    'both slowed': 0,
    'both shifted': 0,
    'both overdriven': 0,
    'both low-passed': 0,
  },
};

describe('the receiver, measured', () => {
  it.each(BATTERY)('reaches in $name what it is known to reach', (row) => {
    const asked = row.measure(tonewall, SETTING).figures.filter(({ target }) => target !== undefined);
    const reached = REACHED[row.name] ?? {};
    expect(Object.keys(reached)).toEqual(asked.map(({ name }) => name));
    const worse = asked
      .map((figure): Figure => ({ ...figure, target: reached[figure.name] ?? NaN }))
      .filter((figure) => !met(figure));
    expect(worse).toEqual([]);
  });
});
