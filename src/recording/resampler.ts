import { SAMPLE_RATE } from '../dsp/mulaw.js';

/** What is kept (a telephone's band) and what is gone, so that it doesn't fold back onto tones. Hz. */
const KEPT_TO = 3400;
const GONE_FROM = 4600;
/** dB that it is gone by; below the noise of µ-law. */
const ATTENUATION = 50;
/** J. F. Kaiser's formulas (1974): shape of the window, and taps for a transition of one radian a sample. */
const BETA = 0.1102 * (ATTENUATION - 8.7);
const TAPS = (ATTENUATION - 8) / 2.285;

/**
 * Positions between two input samples that have a filter of their own: rates such as 44,100 need 80. Odd ones take
 * the nearest of these, whose error lies 59 dB under the signal.
 */
const MOST_PHASES = 512;

/**
 * From a higher rate to 8 kHz, by a windowed sinc. Output sample n stands for the moment n/8000 s of the input: nothing
 * is delayed, and n samples of input give ⌈n · 8000 / rate⌉.
 */
export class Resampler {
  readonly #rate: number;
  readonly #half: number;
  readonly #phases: number;
  /** One filter a phase, end to end. */
  readonly #filters: Float32Array;
  /** Input that is still needed, and the position in the stream of its first sample. */
  #held: Float32Array;
  #first: number;
  /** The next output sample lies at input sample `whole + part/8000`. */
  #whole = 0;
  #part = 0;

  constructor(rate: number) {
    this.#rate = rate;
    this.#half = Math.ceil((TAPS * rate) / (2 * Math.PI * (GONE_FROM - KEPT_TO)) / 2);
    this.#phases = Math.min(SAMPLE_RATE / greatestCommonDivisor(rate, SAMPLE_RATE), MOST_PHASES);
    this.#filters = filters((KEPT_TO + GONE_FROM) / rate, this.#half, this.#phases);
    this.#first = 1 - this.#half;
    this.#held = new Float32Array(this.#half - 1);
  }

  process(input: Float32Array): Float32Array {
    this.#append(input);
    return this.#resample(this.#first + this.#held.length - this.#half);
  }

  /** The input is over: the samples at its end. */
  end(): Float32Array {
    const length = this.#first + this.#held.length;
    this.#append(new Float32Array(this.#half));
    return this.#resample(length);
  }

  #append(input: Float32Array): void {
    const unneeded = Math.min(Math.max(0, this.#whole - this.#half + 1 - this.#first), this.#held.length);
    const held = new Float32Array(this.#held.length - unneeded + input.length);
    held.set(this.#held.subarray(unneeded));
    held.set(input, this.#held.length - unneeded);
    this.#held = held;
    this.#first += unneeded;
  }

  /** The output samples that lie before input sample `end`. */
  #resample(end: number): Float32Array {
    const left = (end - this.#whole) * SAMPLE_RATE - this.#part;
    const output = new Float32Array(Math.max(0, Math.ceil(left / this.#rate)));
    const taps = 2 * this.#half;
    const held = this.#held;
    for (let n = 0; n < output.length; n++) {
      const from = this.#whole - this.#half + 1 - this.#first;
      const filter = Math.round((this.#part * this.#phases) / SAMPLE_RATE) * taps;
      let sum = 0;
      for (let tap = 0; tap < taps; tap++) {
        sum += (this.#filters[filter + tap] ?? 0) * (held[from + tap] ?? 0);
      }
      output[n] = sum;
      this.#part += this.#rate;
      this.#whole += Math.trunc(this.#part / SAMPLE_RATE);
      this.#part %= SAMPLE_RATE;
    }
    return output;
  }
}

/** Filters for each part of a sample, 0 and 1 included. `cutoff`: twice the frequency over the input's rate. */
function filters(cutoff: number, half: number, phases: number): Float32Array {
  const taps = 2 * half;
  const all = new Float32Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase++) {
    const filter = Float64Array.from({ length: taps }, (_, tap) => {
      const time = tap - half + 1 - phase / phases;
      return sinc(cutoff * time) * bessel(BETA * Math.sqrt(Math.max(0, 1 - (time / half) ** 2)));
    });
    const gain = filter.reduce((sum, weight) => sum + weight, 0);
    for (let tap = 0; tap < taps; tap++) all[phase * taps + tap] = (filter[tap] ?? 0) / gain;
  }
  return all;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** Modified Bessel function of the first kind and order zero, by its series. */
function bessel(x: number): number {
  let sum = 1;
  for (let n = 1, term = 1; term > 1e-9 * sum; n++) {
    term *= (x / (2 * n)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
