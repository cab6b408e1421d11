/** Bands from 0 to 4 kHz in one column of the picture: 31.25 Hz each. */
export const BANDS = 128;
const WINDOW = 256;
/** Peak that a full-scale sine reaches through the window: its sum, halved by the two sides of the spectrum. */
const FULL_SCALE = 32_768 * (WINDOW / 4);
/** The picture's range: from silence to the loudest, in dB under full scale. */
const FLOOR_DB = -72;

const HANN = Float64Array.from(
  { length: WINDOW },
  (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / WINDOW),
);

/** Turns a stream of 16-bit samples into columns of loudness by band, each 0 (silent) to 1 (full scale). */
export class Spectrum {
  readonly #recent = new Float64Array(WINDOW);
  readonly #real = new Float64Array(WINDOW);
  readonly #imaginary = new Float64Array(WINDOW);
  readonly #column = new Float64Array(BANDS);

  /** The column of the last 32 ms, `samples` (32 ms or less) included. Reused by the next call. */
  push(samples: ArrayLike<number>): Float64Array {
    this.#recent.copyWithin(0, samples.length);
    this.#recent.set(samples, WINDOW - samples.length);
    for (let i = 0; i < WINDOW; i++) {
      this.#real[i] = (this.#recent[i] ?? 0) * (HANN[i] ?? 0);
      this.#imaginary[i] = 0;
    }
    fft(this.#real, this.#imaginary);
    for (let band = 0; band < BANDS; band++) {
      const peak = Math.hypot(this.#real[band] ?? 0, this.#imaginary[band] ?? 0) / FULL_SCALE;
      const db = 20 * Math.log10(peak + 1e-9);
      this.#column[band] = Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
    }
    return this.#column;
  }
}

/** In place, radix 2; the length is a power of two. */
function fft(real: Float64Array, imaginary: Float64Array): void {
  const n = real.length;
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      swap(real, i, j);
      swap(imaginary, i, j);
    }
  }
  for (let size = 2; size <= n; size *= 2) {
    for (let start = 0; start < n; start += size) {
      for (let k = 0; k < size / 2; k++) {
        const angle = (-2 * Math.PI * k) / size;
        const a = start + k;
        const b = a + size / 2;
        const re = at(real, b) * Math.cos(angle) - at(imaginary, b) * Math.sin(angle);
        const im = at(real, b) * Math.sin(angle) + at(imaginary, b) * Math.cos(angle);
        real[b] = at(real, a) - re;
        imaginary[b] = at(imaginary, a) - im;
        real[a] = at(real, a) + re;
        imaginary[a] = at(imaginary, a) + im;
      }
    }
  }
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}

function swap(values: Float64Array, i: number, j: number): void {
  const kept = at(values, i);
  values[i] = at(values, j);
  values[j] = kept;
}
