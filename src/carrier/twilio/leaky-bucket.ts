/**
 * A bound on a rate that forgives bursts: each unit fills the bucket by one, and it drains all the time. Time is an
 * input, in ms.
 */
export class LeakyBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #level = 0;
  #at = 0;

  constructor(limit: { capacity: number; perSecond: number }) {
    this.#capacity = limit.capacity;
    this.#perMs = limit.perSecond / 1000;
  }

  /** Adds `units` at time `at`; false when the bucket runs over. */
  add(units: number, at: number): boolean {
    this.#level = Math.max(0, this.#level - (at - this.#at) * this.#perMs) + units;
    this.#at = at;
    return this.#level <= this.#capacity;
  }
}
