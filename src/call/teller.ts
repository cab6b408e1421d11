import type { Clock } from '../clock.js';
import type { PromptName } from '../flow/prompts.js';

/** Most answers come sooner, and should not cut a sentence short that has just begun. */
export const WAIT_BEFORE_MS = 600;
/** Who hears nothing for longer thinks that the line is dead. */
export const WAIT_AGAIN_MS = 10_000;

/** Tells both parties on the line what becomes of the card: that it takes a while, and how it went. */
export class Teller {
  readonly #clock: Clock;
  readonly #say: (prompt: PromptName) => void;
  #stop: (() => void) | null = null;

  constructor(clock: Clock, say: (prompt: PromptName) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Someone is at work on the card, from now until `tell` or `hush`. */
  wait(): void {
    this.#waitFor(WAIT_BEFORE_MS);
  }

  /** The work is done. Null: without a word. */
  tell(prompt: PromptName | null): void {
    this.hush();
    if (prompt !== null) this.#say(prompt);
  }

  /** Nobody is there any more. */
  hush(): void {
    this.#stop?.();
    this.#stop = null;
  }

  #waitFor(ms: number): void {
    this.hush();
    this.#stop = this.#clock.after(ms, () => {
      this.#say('please_wait');
      this.#waitFor(WAIT_AGAIN_MS);
    });
  }
}
