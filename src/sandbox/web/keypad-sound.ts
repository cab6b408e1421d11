import { HIGH_HZ, LOW_HZ } from '../../dsp/keypad.js';

const ROW_BY_ROW = '123456789*0#';
const COLUMNS = 3;

/** Soft: it sounds beside the call. */
const GAIN = 0.06;
const RAMP_S = 0.005;

/** What a telephone lets its owner hear of a key: its two tones, while it is down. */
export class KeypadSound {
  #context: AudioContext | undefined;
  #sounding: { gain: GainNode; tones: OscillatorNode[] } | null = null;

  press(key: string): void {
    this.release();
    const place = ROW_BY_ROW.indexOf(key);
    const context = (this.#context ??= new AudioContext());
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setTargetAtTime(GAIN, context.currentTime, RAMP_S);
    gain.connect(context.destination);
    const tones = [LOW_HZ[Math.floor(place / COLUMNS)], HIGH_HZ[place % COLUMNS]].map((frequency) => {
      const tone = new OscillatorNode(context, { frequency: frequency ?? 0 });
      tone.connect(gain);
      tone.start();
      return tone;
    });
    this.#sounding = { gain, tones };
  }

  release(): void {
    if (!this.#sounding || !this.#context) return;
    const { gain, tones } = this.#sounding;
    gain.gain.setTargetAtTime(0, this.#context.currentTime, RAMP_S);
    for (const tone of tones) tone.stop(this.#context.currentTime + 8 * RAMP_S);
    this.#sounding = null;
  }
}
