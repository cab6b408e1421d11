import type { Clock } from '../../clock.js';
import type { SimulatorSettings } from './simulator-settings.js';

/** The way of a stream's messages to the server, with the jitter and the stalls that are asked for. Order is kept. */
export class SlowLine {
  readonly #settings: Readonly<Pick<SimulatorSettings, 'jitterMs' | 'stall'>>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #openedAt: number;
  readonly #waiting: { at: number; task: () => void }[] = [];

  constructor(
    settings: Readonly<Pick<SimulatorSettings, 'jitterMs' | 'stall'>>,
    clock: Clock,
    random: () => number,
  ) {
    this.#settings = settings;
    this.#clock = clock;
    this.#random = random;
    this.#openedAt = clock.monotonic();
  }

  /** Runs `task` behind all that was given before, now or when the line lets it through. */
  run(task: () => void): void {
    const now = this.#clock.monotonic();
    const at = now + this.#delay(now);
    if (at <= now && this.#waiting.length === 0) {
      task();
      return;
    }
    this.#waiting.push({ at, task });
    if (this.#waiting.length === 1) this.#wait(at - now);
  }

  #wait(ms: number): void {
    this.#clock.after(Math.max(ms, 0), () => {
      const now = this.#clock.monotonic();
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        if (first.at > now) {
          this.#wait(first.at - now);
          return;
        }
        this.#waiting.shift();
        first.task();
      }
    });
  }

  #delay(now: number): number {
    const { jitterMs, stall } = this.#settings;
    const jitter = jitterMs === 0 ? 0 : this.#random() * jitterMs;
    if (stall === null) return jitter;
    const left = stall.everyMs - ((now - this.#openedAt) % stall.everyMs);
    return left <= stall.forMs ? Math.max(left, jitter) : jitter;
  }
}
