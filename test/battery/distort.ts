import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';

/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { cos, floor, max, min, round } = Math;

/** Half the width of the interpolating filter, in samples, and the places between two samples that it is known for. */
const HALF = 4;
const PLACES = 512;

/** A cardinal sine in a Hann window, place by place. */
function filterOf(cutoff: number): Float64Array {
  const filter = new Float64Array((PLACES + 1) * 2 * HALF);
  for (let place = 0; place <= PLACES; place++) {
    for (let tap = 0; tap < 2 * HALF; tap++) {
      const x = tap - HALF + 1 - place / PLACES;
      const angle = Math.PI * x * cutoff;
      const sinc = x === 0 ? cutoff : Math.sin(angle) / (Math.PI * x);
      filter[place * 2 * HALF + tap] = sinc * (0.5 + 0.5 * cos((Math.PI * x) / HALF));
    }
  }
  return filter;
}

/** Takes `step` samples of the input for one of the output: above 1 it is shorter, and higher. */
export function resampled(samples: Float64Array, step: number): Float64Array {
  const filter = filterOf(min(1, 0.95 / step));
  const output = new Float64Array(floor(samples.length / step));
  for (let n = 0; n < output.length; n++) {
    const at = n * step;
    const whole = floor(at);
    const row = round((at - whole) * PLACES) * 2 * HALF;
    let sum = 0;
    for (let tap = 0; tap < 2 * HALF; tap++) {
      sum += (filter[row + tap] ?? 0) * (samples[whole + tap - HALF + 1] ?? 0);
    }
    output[n] = sum;
  }
  return output;
}

/** 40 ms, of which one half fades in and the other out. */
const GRAIN = 320;

const WINDOW = Float64Array.from({ length: GRAIN }, (_, n) => 0.5 - 0.5 * cos((2 * Math.PI * n) / GRAIN));

/** Plays grains of the sound faster or slower, overlapped, so that pitch moves and the pace stays. */
export function shifted(samples: Float64Array, semitones: number): Float64Array {
  const step = 2 ** (semitones / 12);
  const fast = resampled(samples, step);
  const output = new Float64Array(samples.length);
  for (let start = 0; start + GRAIN <= output.length; start += GRAIN / 2) {
    const from = floor(start / step);
    for (let n = 0; n < GRAIN; n++) {
      output[start + n] = (output[start + n] ?? 0) + (WINDOW[n] ?? 0) * (fast[from + n] ?? 0);
    }
  }
  return output;
}

const FULL_SCALE = 32_767;

/** As an amplifier that is turned up too far, `gain` in dB. */
export function overdriven(samples: Float64Array, gain: number): Float64Array {
  const factor = 10 ** (gain / 20) / FULL_SCALE;
  return samples.map((x) => FULL_SCALE * max(-1, min(1, factor * x)));
}

/** Two poles (R. Bristow-Johnson's cookbook), Butterworth. */
export function lowPassed(samples: Float64Array, hz: number): Float64Array {
  const angle = (2 * Math.PI * hz) / SAMPLE_RATE;
  const alpha = Math.sin(angle) * Math.SQRT1_2;
  const b = (1 - cos(angle)) / 2 / (1 + alpha);
  const a1 = (-2 * cos(angle)) / (1 + alpha);
  const a2 = (1 - alpha) / (1 + alpha);
  let z1 = 0;
  let z2 = 0;
  return samples.map((x) => {
    const y = b * x + z1;
    z1 = 2 * b * x - a1 * y + z2;
    z2 = b * x - a2 * y;
    return y;
  });
}
