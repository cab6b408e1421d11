import { mulawEncode, SAMPLE_RATE } from '../../dsp/mulaw.js';

/** A voice without words: centre and width in Hz of what a mouth lets through best, vowel after vowel. */
const VOWELS = [
  [700, 1100],
  [300, 2200],
  [500, 900],
  [400, 1900],
] as const;
const FORMANT_WIDTH_HZ = 150;
const PITCH_HZ = 125;
const HIGHEST_HZ = 3000;
const SYLLABLE_MS = 220;
const PEAK = 6000;

/** So many milliseconds of a caller who talks, as mu-law: something that passes where keys don't. */
export function murmur(ms: number): Uint8Array {
  const syllable = (SYLLABLE_MS * SAMPLE_RATE) / 1000;
  const audio = new Uint8Array((ms * SAMPLE_RATE) / 1000);
  let phase = 0;
  for (let n = 0; n < audio.length; n++) {
    const part = (n % syllable) / syllable;
    const [first, second] = VOWELS[Math.floor(n / syllable) % VOWELS.length] ?? VOWELS[0];
    const pitch = PITCH_HZ * (1.1 - 0.2 * part);
    phase += (2 * Math.PI * pitch) / SAMPLE_RATE;
    let sample = 0;
    for (let k = 1; k * pitch < HIGHEST_HZ; k++) {
      const loudness = formant(k * pitch, first) + 0.5 * formant(k * pitch, second);
      sample += loudness * Math.sin(k * phase);
    }
    audio[n] = mulawEncode(PEAK * Math.sin(Math.PI * part) ** 2 * sample * 0.3);
  }
  return audio;
}

function formant(hz: number, centre: number): number {
  return 1 / (1 + ((hz - centre) / FORMANT_WIDTH_HZ) ** 2);
}
