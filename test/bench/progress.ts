import { stderr } from 'node:process';

/** One line that changes in place, on standard error and only where that is a terminal. */
export class Progress {
  readonly #start = performance.now();

  say(doing: string): void {
    if (!stderr.isTTY) return;
    const seconds = Math.round((performance.now() - this.#start) / 1000);
    stderr.write(`\r\u001B[K${seconds} s  ${doing}`);
  }

  clear(): void {
    if (stderr.isTTY) stderr.write('\r\u001B[K');
  }
}
