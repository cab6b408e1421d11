import { KEY_ASCII } from '../../dsp/keypad.js';
import { amplitudeOf, mulawEncode, SAMPLE_RATE } from '../../dsp/mulaw.js';
import { keySines, type KeyTone as ToneShape, type Sine } from '../../dsp/tone.js';

export type { ToneShape };

/** As a telephone sends: the high tone a little stronger, for it suffers more on the line. */
export const TELEPHONE_TONE: ToneShape = { level: -8, twist: 2 };

/** A key's tone sample by sample, for as long as the key is held. */
export class KeyTone {
  readonly #sines: readonly Sine[];
  #sample = 0;

  /** `key` is one of `0`–`9`, `*`, `#`, `A`–`D`; any other throws RangeError. */
  constructor(key: string, shape: ToneShape) {
    const number = KEY_ASCII.indexOf(key.charCodeAt(0));
    if (number < 0 || key.length !== 1) throw new RangeError('a key is one of 0-9, *, # and A-D');
    this.#sines = keySines(number, shape);
  }

  /** The next sample, as a mu-law byte. */
  next(): number {
    const seconds = this.#sample++ / SAMPLE_RATE;
    let sample = 0;
    for (const { hz, level, phase = 0 } of this.#sines) {
      sample += amplitudeOf(level) * Math.sin(2 * Math.PI * hz * seconds + phase);
    }
    return mulawEncode(sample);
  }
}
