import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { spectrogramPng } from '../../src/sandbox/spectrogram.js';
import { guarded } from '../support/guarded.js';
import { Random } from '../support/random.js';
import { ms, voiceLike } from '../support/tones.js';

const SECONDS = 5;
/** When each key goes down and for how long, ms. */
const PRESSES = [
  [4, 1500, 90],
  [2, 1800, 130],
  [0, 2250, 60],
  [7, 2500, 200],
  [9, 3050, 80],
] as const;

/** A made voice that falls silent to key five digits, as it came in and as the agent hears it. */
export function beforeAndAfter(): Buffer {
  const samples = voiceLike(SECONDS, new Random(4)).map((x, n) =>
    n > ms(1400) && n < ms(3600) ? 0.1 * x : x,
  );
  for (const [key, at, length] of PRESSES) addKeyTone(samples, key, ms(at), ms(length));
  const mulaw = toMulaw(samples);
  return spectrogramPng([
    { title: 'what the caller sends', mulaw },
    { title: 'what the agent hears', mulaw: guarded(mulaw, true, 20) },
  ]);
}
