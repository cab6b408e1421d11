import type { MediaStream } from '../carrier/carrier.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../dsp/mulaw.js';

/** A silence of that length that is our fault is announced. In samples of the audio that should have been heard. */
export const SILENCE_MOST = 2 * SAMPLE_RATE;
/** Cuts with less between them are one silence: after a fault the guard covers for longer than a quarter of a second. */
const SOUND_BACK = SAMPLE_RATE / 2;
/** So often is a party told at most. */
export const TOLD_EVERY = 10 * SAMPLE_RATE;

/** Prompts go out in frames as carriers send them: 20 ms. */
const FRAME = 160;

/**
 * What one party hears: the other's audio as it comes, or a prompt in its place. A prompt is paced by the frames of
 * the one who hears it, a frame for each of theirs, as ringing is: they come for as long as somebody is there to hear
 * it, whatever has become of the other party.
 */
export class Earpiece {
  readonly #silencePrompt: Uint8Array;
  readonly #onSilence: () => void;
  readonly #frame = new Uint8Array(new ArrayBuffer(FRAME));
  #stream: MediaStream | null = null;
  #prompt: Uint8Array | null = null;
  /** Samples of the prompt that have gone out. */
  #played = 0;
  /** Length of the silence so far, and of the sound since. */
  #silence = 0;
  #sound = SOUND_BACK;
  #sinceTold = TOLD_EVERY;

  /** `silencePrompt` (µ-law) is what announces a silence; `onSilence` is called when it begins. */
  constructor(silencePrompt: Uint8Array, onSilence: () => void) {
    this.#silencePrompt = silencePrompt;
    this.#onSilence = onSilence;
  }

  get connected(): boolean {
    return this.#stream !== null;
  }

  connect(stream: MediaStream): void {
    this.#stream = stream;
  }

  disconnect(): void {
    this.#stream = null;
    this.#prompt = null;
  }

  /** Audio for the party. `cut`: it is silence, by a fault of ours. */
  hear(audio: Uint8Array, cut: boolean): void {
    if (this.#stream === null) return;
    this.#sinceTold += audio.length;
    const taken = this.#prompt !== null || this.#stream.send(audio);
    if (taken && !cut) this.#sound += audio.length;
    else this.#missed(audio.length);
  }

  #missed(length: number): void {
    this.#silence = this.#sound < SOUND_BACK ? this.#silence + this.#sound + length : length;
    this.#sound = 0;
    if (this.#silence < SILENCE_MOST || this.#sinceTold < TOLD_EVERY) return;
    this.say(this.#silencePrompt);
    this.#onSilence();
  }

  /** Plays a prompt (µ-law) from the party's next frame on, in place of the other's audio and of any other prompt. */
  say(prompt: Uint8Array): void {
    this.#prompt = prompt;
    this.#played = 0;
    this.#sinceTold = 0;
  }

  /** Stops this prompt, if it is the one that plays. */
  hush(prompt: Uint8Array): void {
    if (this.#prompt === prompt) this.#prompt = null;
  }

  /** The party's own line brought so many samples: as many of the prompt go out. What isn't taken is said again. */
  pace(length: number): void {
    for (let left = length; left > 0 && this.#prompt !== null; left -= FRAME) {
      const size = Math.min(left, FRAME);
      const next = this.#prompt.subarray(this.#played, this.#played + size);
      this.#frame.fill(MULAW_SILENCE);
      this.#frame.set(next);
      if (this.#stream?.send(this.#frame.subarray(0, size)) !== true) return;
      this.#played += size;
      if (this.#played >= this.#prompt.length) this.#prompt = null;
    }
  }
}
