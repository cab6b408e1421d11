/** How long Redis may take to answer while we work beside calls: what a put may take at the 99th percentile. */
const LIMIT_MS = 15;
const SAMPLES = 20;
const QUANTILE = 0.95;
/** Keys of Redis looked at in one step; about a third of them are sealed cards. */
const LEAST = 192;
const MOST = 512;
const GROWTH = 1.25;
/** Rest for a quarter as long as was worked: a fifth of the time is the calls' alone. */
const REST = 0.25;

/**
 * How much background work to do at once: a little more while Redis answers quickly, half as much when the 95th
 * percentile of its latest answers is over the limit.
 */
export class Throttle {
  readonly #latencies: number[] = [];
  #batch = LEAST;

  /** Items for the next batch. */
  get batch(): number {
    return Math.floor(this.#batch);
  }

  /** Takes what a batch took and how long Redis needed for an answer before it; gives how long to rest, in ms. */
  rest(workedMs: number, latencyMs: number): number {
    this.#latencies.push(latencyMs);
    if (this.#latencies.length > SAMPLES) this.#latencies.shift();
    const slow = this.#p95() > LIMIT_MS;
    this.#batch = slow ? Math.max(LEAST, this.#batch / 2) : Math.min(MOST, this.#batch * GROWTH);
    return workedMs * REST + (slow ? latencyMs : 0);
  }

  #p95(): number {
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * QUANTILE) - 1] ?? 0;
  }
}
