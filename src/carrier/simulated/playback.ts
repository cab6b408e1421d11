import { MULAW_SILENCE } from '../../dsp/mulaw.js';

/** Audio that may wait: ten minutes. */
export const MAX_QUEUED_BYTES = 10 * 60 * 8000;
export const MAX_QUEUED_MARKS = 10_000;

/** Audio that waits to be heard, in order of arrival, with marks in between. */
export class Playback {
  #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that have been played. */
  #offset = 0;
  #pushed = 0;
  #played = 0;
  #marks: { name: string; at: number }[] = [];

  /** Bytes that wait. */
  get queued(): number {
    return this.#pushed - this.#played;
  }

  /** Keeps `audio` itself, not a copy. False when there is no room: nothing is taken then. */
  push(audio: Uint8Array): boolean {
    if (this.queued + audio.length > MAX_QUEUED_BYTES) return false;
    if (audio.length > 0) this.#chunks.push(audio);
    this.#pushed += audio.length;
    return true;
  }

  /** Sets a mark behind all that was pushed. False when there is no room. */
  mark(name: string): boolean {
    if (this.#marks.length === MAX_QUEUED_MARKS) return false;
    this.#marks.push({ name, at: this.#pushed });
    return true;
  }

  /** Fills `frame` with what comes next, and with silence where nothing does. */
  next(frame: Uint8Array): void {
    let filled = 0;
    for (let chunk = this.#chunks[0]; chunk !== undefined && filled < frame.length; chunk = this.#chunks[0]) {
      const part = chunk.subarray(this.#offset, this.#offset + frame.length - filled);
      frame.set(part, filled);
      filled += part.length;
      this.#offset += part.length;
      if (this.#offset === chunk.length) {
        this.#chunks.shift();
        this.#offset = 0;
      }
    }
    this.#played += filled;
    frame.fill(MULAW_SILENCE, filled);
  }

  /** Takes out the marks before which everything has been played. */
  reached(): string[] {
    const names: string[] = [];
    for (let mark = this.#marks[0]; mark !== undefined && mark.at <= this.#played; mark = this.#marks[0]) {
      names.push(mark.name);
      this.#marks.shift();
    }
    return names;
  }

  /** Drops the audio; every mark is then reached. */
  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#played = this.#pushed;
  }
}
