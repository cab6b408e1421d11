import type { Clock } from '../clock.js';

/** The grid of the beeps, in ms. What people see moves on it too: the moment of a key press is information. */
export const GRID_MS = 160;

/** Runs a task on the next line of the grid, once for all that happened since the last. */
export class Grid {
  readonly #clock: Clock;
  readonly #origin: number;
  readonly #task: () => void;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, task: () => void) {
    this.#clock = clock;
    this.#origin = clock.monotonic();
    this.#task = task;
  }

  /** Something changed: show it on the next line of the grid. */
  soon(): void {
    if (this.#cancel !== null) return;
    const since = (this.#clock.monotonic() - this.#origin) % GRID_MS;
    this.#cancel = this.#clock.after(GRID_MS - since, () => this.now());
  }

  /** Something changed that no key press did: show it at once, and what waited with it. */
  now(): void {
    this.stop();
    this.#task();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
