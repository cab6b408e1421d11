import { addKeyTone, toMulaw } from '../../src/dsp/tone.js';
import { Random } from '../support/random.js';
import { ms, voiceLike } from '../support/tones.js';

const SECONDS = 60;

/** A minute of a caller who speaks and, every 3 s, presses a key for 100 ms. The same in every run. */
export function keyedSpeech(): Uint8Array {
  const samples = voiceLike(SECONDS, new Random(1));
  for (let n = 0; n < SECONDS / 3; n++) addKeyTone(samples, n % 12, ms(3000 * n + 1500), ms(100));
  return toMulaw(samples);
}
