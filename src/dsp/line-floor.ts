/** Blocks of a mean: 45 ms, in which a dial tone of 350 and 440 Hz beats four times. */
const MEAN = 18;
/** 40 ms a span, in blocks, and as many spans as are looked back over: 320 ms, longer than a voice holds still. */
const SPAN = 16;
const SPANS = 8;

/** What never left the line for 320 ms: a dial tone or hum, and next to nothing of a voice, which pauses and pulses. */
export class LineFloor {
  /** The least mean energy of the last 320 ms; 0 until as much was seen. */
  value = 0;
  readonly #energy = new Float64Array(MEAN);
  readonly #least = new Float64Array(16);
  #sum = 0;
  #count = 0;

  /** Block by block, the energy of the window. */
  next(energy: number): void {
    const slot = this.#count % MEAN;
    this.#sum += energy - (this.#energy[slot] ?? 0);
    this.#energy[slot] = energy;
    const mean = this.#sum > 0 ? this.#sum / MEAN : 0;
    const span = Math.floor(this.#count / SPAN) % SPANS;
    if (this.#count % SPAN === 0) {
      this.#least[span] = mean;
      this.value = mean;
      for (let other = 0; other < SPANS; other++) this.value = Math.min(this.value, this.#least[other] ?? 0);
    } else if (mean < (this.#least[span] ?? 0)) {
      this.#least[span] = mean;
      this.value = Math.min(this.value, mean);
    }
    this.#count++;
  }

  wipe(): void {
    this.#energy.fill(0);
    this.#least.fill(0);
    this.#sum = 0;
    this.value = 0;
  }
}
