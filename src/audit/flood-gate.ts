import type { Clock } from '../clock.js';
import type { FactType } from './audit-event.js';

const WINDOW_MS = 60_000;
/** Entries of one type in a window, some 40 MB a day at worst; what comes beyond is counted in one more. */
export const MAX_A_WINDOW = 60;

/** Keeps those who are refused from filling the disk. */
export class FloodGate {
  readonly #clock: Clock;
  readonly #tell: (type: FactType, count: number) => void;
  readonly #counts = new Map<FactType, number>();

  /** `tell` is given, at the end of a window, how many were not let through. */
  constructor(clock: Clock, tell: (type: FactType, count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  admits(type: FactType): boolean {
    const count = (this.#counts.get(type) ?? 0) + 1;
    this.#counts.set(type, count);
    if (count === 1) this.#clock.after(WINDOW_MS, () => this.#close(type));
    return count <= MAX_A_WINDOW;
  }

  #close(type: FactType): void {
    const over = (this.#counts.get(type) ?? 0) - MAX_A_WINDOW;
    this.#counts.delete(type);
    if (over > 0) this.#tell(type, over);
  }
}
