import type { Clock } from '../../clock.js';

/** A frame of every stream: 160 samples of 8 kHz. */
export const FRAME_MS = 20;
export const FRAME_SAMPLES = 160;

/** Further behind than this (a machine that slept), the beat starts anew instead of catching up. */
const MAX_BEHIND_MS = 2000;

/**
 * One beat of 20 ms for all calls, against an absolute clock: deadline = start + n · 20 ms. A late timer is made up for at
 * once, so that audio neither drifts nor is lost; it then comes in a burst, as after a network stall. It runs while anybody listens.
 */
export class Metronome {
  readonly #clock: Clock;
  readonly #listeners = new Set<() => void>();
  #deadline = 0;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `listener` on every beat until the returned function is called. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#cancel === null) {
      this.#deadline = this.#clock.monotonic() + FRAME_MS;
      this.#wait();
    }
    return () => this.#listeners.delete(listener);
  }

  #wait(): void {
    this.#cancel = this.#clock.after(Math.max(this.#deadline - this.#clock.monotonic(), 0), () =>
      this.#beat(),
    );
  }

  #beat(): void {
    const now = this.#clock.monotonic();
    if (now - this.#deadline > MAX_BEHIND_MS) this.#deadline = now;
    for (; this.#deadline <= now && this.#listeners.size > 0; this.#deadline += FRAME_MS) {
      for (const listener of this.#listeners) listener();
    }
    if (this.#listeners.size === 0) this.#cancel = null;
    else this.#wait();
  }
}
