/** Takes a stream of bytes apart: a header piece by piece, then the rest as it comes. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #ahead: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes taken or skipped so far. */
  get position(): number {
    return this.#position;
  }

  /** The next bytes, which stay; fewer where the stream ends. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#ahead.length < length) {
      const { value, done } = await this.#source.next();
      if (done === true) break;
      this.#ahead = this.#ahead.length === 0 ? value : Buffer.concat([this.#ahead, value]);
    }
    return this.#ahead.subarray(0, length);
  }

  /** The next bytes; fewer where the stream ends. */
  async take(length: number): Promise<Uint8Array> {
    const taken = await this.peek(length);
    this.#drop(taken.length);
    return taken;
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      const { length: passed } = await this.#some();
      if (passed === 0) return;
      const skipped = Math.min(left, passed);
      this.#drop(skipped);
      left -= skipped;
    }
  }

  /**
   * The next `length` bytes as they come. What follows them is read and dropped, so that a program that writes
   * into this stream sees no broken pipe.
   */
  async *rest(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; ;) {
      const some = await this.#some();
      if (some.length === 0) return;
      const wanted = some.subarray(0, left);
      this.#drop(some.length);
      left -= wanted.length;
      if (wanted.length > 0) yield wanted;
    }
  }

  /** What is there, or one chunk more; nothing at the end. */
  async #some(): Promise<Uint8Array> {
    return this.#ahead.length > 0 ? this.#ahead : await this.peek(1).then(() => this.#ahead);
  }

  #drop(length: number): void {
    this.#ahead = this.#ahead.subarray(length);
    this.#position += length;
  }
}
