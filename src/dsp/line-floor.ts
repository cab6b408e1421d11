/** 40 ms a span, in blocks, and as many spans as are looked back over: 320 ms, longer than a voice holds still. */
const SPAN = 16;
const SPANS = 8;

/** What never left the line for 320 ms: a dial tone or hum, and next to nothing of a voice, which pauses and pulses. */
export class LineFloor {
  /** The least energy of the last 320 ms; 0 until as much was seen. */
  value = 0;
  readonly #least = new Float64Array(16);
  #count = 0;

  /** Block by block, the energy of the window. */
  next(energy: number): void {
    const span = Math.floor(this.#count / SPAN) % SPANS;
    if (this.#count % SPAN === 0) {
      this.#least[span] = energy;
      this.value = energy;
      for (let other = 0; other < SPANS; other++) this.value = Math.min(this.value, this.#least[other] ?? 0);
    } else if (energy < (this.#least[span] ?? 0)) {
      this.#least[span] = energy;
      this.value = Math.min(this.value, energy);
    }
    this.#count++;
  }

  wipe(): void {
    this.#least.fill(0);
    this.value = 0;
  }
}
