import { keyHz } from '../../src/dsp/keypad.js';
import { MULAW_DECODE, SAMPLE_RATE } from '../../src/dsp/mulaw.js';

/**
 * The best an eavesdropper can do who knows when the key was pressed and how far its tones are off: guesses the key
 * whose two sines, with any amplitude and phase, explain the most of the audio.
 */
export function guessKey(
  mulaw: Uint8Array,
  start: number,
  end: number,
  detune: readonly [number, number],
): number {
  let best = -1;
  let most = -1;
  for (let key = 0; key < 16; key++) {
    const [low, high] = keyHz(key);
    const explained =
      power(mulaw, start, end, low * (1 + detune[0])) + power(mulaw, start, end, high * (1 + detune[1]));
    if (explained > most) {
      most = explained;
      best = key;
    }
  }
  return best;
}

function power(mulaw: Uint8Array, start: number, end: number, hz: number): number {
  const cos = Math.cos((2 * Math.PI * hz) / SAMPLE_RATE);
  const sin = Math.sin((2 * Math.PI * hz) / SAMPLE_RATE);
  let turnRe = 1;
  let turnIm = 0;
  let re = 0;
  let im = 0;
  for (let n = start; n < end; n++) {
    const x = MULAW_DECODE[mulaw[n] ?? 0xff] ?? 0;
    re += x * turnRe;
    im += x * turnIm;
    [turnRe, turnIm] = [turnRe * cos - turnIm * sin, turnRe * sin + turnIm * cos];
  }
  return re * re + im * im;
}
