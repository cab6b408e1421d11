import { MULAW_DECODE, mulawEncode } from '../../src/dsp/mulaw.js';
import type { Receiver } from './receiver.js';

/** A 16-bit sample as A-law (ITU-T G.711) gives it back: 13 segments, 16 steps in each. */
function throughAlaw(sample: number): number {
  const magnitude = Math.min(Math.abs(sample), 32_767);
  const exponent = magnitude < 512 ? 4 : 27 - Math.clz32(magnitude);
  const step = 1 << exponent;
  return Math.sign(sample) * (Math.floor(magnitude / step) + 0.5) * step;
}

/** µ-law to µ-law with A-law between. */
const RECODED = Uint8Array.from(MULAW_DECODE, (sample) => mulawEncode(throughAlaw(sample)));

/** The same receiver at the end of a line that was A-law for a part of its way. */
export function alawOnTheWay(receiver: Receiver): Receiver {
  return (mulaw) => receiver(mulaw.map((byte) => RECODED[byte] ?? 0));
}
