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
  shifted: [-3, 3].map((semitones) => (samples) => shifted(samples, semitones)),
  overdriven: [12, 24].map((gain) => (samples) => overdriven(samples, gain)),
  'low-passed': [1200, 2000].map((hz) => (samples) => lowPassed(samples, hz)),
};

/** How much of each sound is heard, s. */
const SECONDS = { small: 20, full: Infinity };
/** And how much at a time. */
const PIECE = 300 * SAMPLE_RATE;

/** Keys heard where nobody pressed one. */
export const falseKeys: Row = {
  name: 'false keys',
  measure(receiver, { effort, sounds }) {
    const heard = sounds.map(({ music, samples }) => ({
      music,
      samples: samples.subarray(0, SECONDS[effort] * SAMPLE_RATE),
    }));
    const voices = heard.filter(({ music }) => !music);
    const music = heard.filter((sound) => sound.music);
    const kinds = Object.entries(DISTORTIONS);
    return {
      figures: [
        heardIn('voices', voices, [(samples) => samples], receiver),
        heardIn('music', music, [(samples) => samples], receiver),
        ...kinds.map(([kind, distortions]) => heardIn(`both ${kind}`, heard, distortions, receiver)),
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
    for (let at = 0; at < samples.length; at += PIECE) {
      const piece = new Float64Array(samples.subarray(at, at + PIECE));
      for (const distorted of distortions) {
        const mulaw = toMulaw(distorted(piece));
        hits += receiver(mulaw).length;
        seconds += mulaw.length / SAMPLE_RATE;
      }
    }
  }
  return {
    name,
    value: hits,
    unit: '',
    hours: seconds / 3600,
    target: 0,
    better: 'lower',
  };
}
