import { BEEP_LENGTH, BEEP_LEVEL } from '../../src/dsp/beeper.js';
import { amplitudeOf } from '../../src/dsp/mulaw.js';
import { toMulaw } from '../../src/dsp/tone.js';

const PERIOD = toMulaw(
  Float64Array.from({ length: 8 }, (_, n) => amplitudeOf(BEEP_LEVEL.usual) * Math.sin((Math.PI * n) / 4)),
);

/** A stretch of what the agent hears, in samples. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** Stretches in which nothing of the caller's was heard, from what `passedThrough` found. */
export function masksIn(passed: Uint8Array): Stretch[] {
  const masks: Stretch[] = [];
  for (let start = passed.indexOf(0); start !== -1;) {
    const found = passed.indexOf(1, start);
    const end = found === -1 ? passed.length : found;
    masks.push({ start, end });
    start = passed.indexOf(0, end);
  }
  return masks;
}

/** A beep as it must be, to the sample: a period of 1 kHz is eight of them. */
export const BEEP: Uint8Array = Uint8Array.from({ length: BEEP_LENGTH }, (_, n) => PERIOD[n % 8] ?? 0);

/** µ-law magnitudes count down: what is below this is louder than −21 dBm0, which comfort noise never is. */
const LOUD = 0x40;
/** A sine is quiet for one sample twice a period; longer is a pause. */
const PAUSE = 8;

/** Stretches of the masks that are loud: beeps, whatever they should be. */
export function beepsIn(output: Uint8Array, masks: readonly Stretch[]): Stretch[] {
  return masks.flatMap((mask) => {
    const beeps: { start: number; end: number }[] = [];
    for (let n = mask.start; n < mask.end; n++) {
      if (((output[n] ?? 0xff) & 0x7f) >= LOUD) continue;
      const last = beeps.at(-1);
      if (last !== undefined && n - last.end < PAUSE) last.end = n + 1;
      // Its first sample is the zero before.
      else beeps.push({ start: n - 1, end: n + 1 });
    }
    return beeps;
  });
}
