import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { toMulaw } from '../../src/dsp/tone.js';
import { lowPassed, overdriven, resampled, shifted } from './distort.js';
import type { Figure, Row, Sound } from './figure.js';
import type { Receiver } from './receiver.js';

type Distortion = (samples: Float64Array) => Float64Array;

/** What lines, players and other people's throats make of a voice. */
const DISTORTIONS: Readonly<Record<string, readonly Distortion[]>> = {
  sped: [1.1, 1.25].map((step) => (samples) => resampled(samples, step)),
  slowed: [0.9, 0.8].map((step) => (samples) => resampled(samples, step)),
  shifted: [-4, -2, 2, 4].map((semitones) => (samples) => shifted(samples, semitones)),
  overdriven: [12, 24].map((gain) => (samples) => overdriven(samples, gain)),
  'low-passed': [1200, 2000].map((hz) => (samples) => lowPassed(samples, hz)),
};

/** Keys heard where nobody pressed one. */
export const falseKeys: Row = {
  name: 'false keys',
  measure(receiver, { sounds }) {
    const voices = sounds.filter(({ music }) => !music);
    const music = sounds.filter((sound) => sound.music);
    const kinds = Object.entries(DISTORTIONS);
    return {
      figures: [
        heardIn('voices', voices, [(samples) => samples], receiver),
        heardIn('music', music, [(samples) => samples], receiver),
        ...kinds.map(([kind, distortions]) => heardIn(`both ${kind}`, sounds, distortions, receiver)),
      ],
    };
  },
};

function heardIn(
  name: string,
  sounds: readonly Sound[],
  distortions: readonly Distortion[],
  receiver: Receiver,
): Figure {
  let hits = 0;
  let seconds = 0;
  for (const { samples } of sounds) {
    for (const distorted of distortions) {
      const mulaw = toMulaw(distorted(new Float64Array(samples)));
      hits += receiver(mulaw).length;
      seconds += mulaw.length / SAMPLE_RATE;
    }
  }
  return {
    name,
    value: hits,
    unit: '',
    of: `in ${(seconds / 3600).toFixed(2)} h`,
    target: 0,
    better: 'lower',
  };
}
