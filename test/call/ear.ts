import type { MediaStream } from '../../src/carrier/carrier.js';

/** A party's side of a stream that keeps what it hears; it can be made to take nothing. */
export class Ear implements MediaStream {
  takes = true;
  readonly #heard: number[] = [];

  send(frame: Uint8Array): boolean {
    if (this.takes) this.#heard.push(...frame);
    return this.takes;
  }

  mark(): void {}
  clear(): void {}
  close(): void {}

  /** All that was heard since this was asked last. */
  heard(): Buffer {
    return Buffer.from(this.#heard.splice(0));
  }
}
