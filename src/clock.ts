/** Time, as an input. Nothing below `main` reads a clock of its own. */
export interface Clock {
  /** Wall time in ms since the epoch: for timestamps that people and other systems read. */
  now(): number;
  /** Milliseconds that never go backwards: for deadlines and media. */
  monotonic(): number;
  /** Runs `task` once after `ms`; returns what cancels it. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    // A timer alone keeps no process alive: servers and sockets do.
    const timer = setTimeout(task, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** RFC 3339 in UTC, as every timestamp on the wire. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
