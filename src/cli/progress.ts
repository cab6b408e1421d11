import { systemClock, type Clock } from '../clock.js';

/** At most 4 times a second. */
const EVERY_MS = 250;
const CLEAR_LINE = '\u001b[2K\r';

/** A line on standard error that says how far a long command is, when that is a terminal; elsewhere nothing. */
export class Progress {
  readonly #out: NodeJS.WritableStream;
  readonly #clock: Clock;
  readonly #shows: boolean;
  readonly #begun: number;
  #shown: number;

  constructor(out: NodeJS.WritableStream, clock: Clock = systemClock) {
    this.#out = out;
    this.#clock = clock;
    this.#shows = (out as { isTTY?: boolean }).isTTY === true;
    this.#begun = clock.monotonic();
    this.#shown = this.#begun;
  }

  /** Shows the line, unless the last one is too young. */
  show(line: () => string): void {
    const now = this.#clock.monotonic();
    if (!this.#shows || now - this.#shown < EVERY_MS) return;
    this.#shown = now;
    this.#out.write(CLEAR_LINE + line());
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    if (this.#shows) this.#out.write(CLEAR_LINE);
  }

  /** The last line, which stays. */
  close(line: string): void {
    if (this.#shows) this.#out.write(`${CLEAR_LINE}${line}\n`);
  }

  /** How fast it goes, for so many seconds of audio. */
  speed(seconds: number): string {
    const elapsed = Math.max(1, this.#clock.monotonic() - this.#begun) / 1000;
    return `${Math.round(seconds / elapsed).toLocaleString('en')} × real time`;
  }
}
