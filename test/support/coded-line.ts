import { MULAW_DECODE, SAMPLE_RATE, dbm0Of } from '../../src/dsp/mulaw.js';
import { addSine, toMulaw, type Sine } from '../../src/dsp/tone.js';
import { coded, type Codec } from './codecs.js';
import type { KeyedLine } from './keyed-line.js';
import type { Random } from './random.js';
import { meanPower, ms, type Key } from './tones.js';

/** Fainter is no tone any more. dBm0 */
const LEAST = -45;
/** The latest codec is 135 ms late. */
const LATEST = ms(250);

/** A telephone is never without noise: −66 dBm0. After digital silence some codecs play what they heard before. */
const IDLE_NOISE = 8;

/** A line after a codec, marked where the codec's own rendering of each key lies; null where the codec is not installed. */
export function codedLine(
  codec: Codec,
  mulaw: Uint8Array,
  keys: readonly Key[],
  random: Random,
): KeyedLine | null {
  const alone = new Float64Array(mulaw.length);
  for (const { start, end, sines } of keys)
    for (const sine of sines) addSine(alone, sine, start, end - start);
  const [line, quiet] = [decoded(mulaw), alone].map((samples) => {
    const noisy = Int16Array.from(samples, (x) => x + IDLE_NOISE * random.gauss());
    const out = coded(codec, noisy);
    return out && Float64Array.from(out);
  });
  if (!line || !quiet) return null;
  const marks = new Uint16Array(line.length);
  keys.forEach((key, n) => marks.fill(n + 1, ...rendering(quiet, key)));
  return { mulaw: toMulaw(line), marks };
}

const decoded = (mulaw: Uint8Array): Float64Array =>
  Float64Array.from(mulaw, (byte) => MULAW_DECODE[byte] ?? 0);

/** From the first to the last 2.5 ms in which one of the key's tones is heard. */
function rendering(samples: Float64Array, { start, end, sines }: Key): [start: number, end: number] {
  const block = ms(2.5);
  let first = Infinity;
  let last = 0;
  for (let n = start - LATEST / 4; n < end + LATEST; n += block) {
    const around = samples.subarray(n - ms(3.75), n + block + ms(3.75));
    const audible =
      dbm0Of(Math.sqrt(2 * meanPower(samples.subarray(n, n + block)))) >= LEAST &&
      sines.some((sine) => levelOf(around, sine) >= LEAST);
    if (!audible) continue;
    first = Math.min(first, n);
    last = n + block;
  }
  while (first < last && faint(samples[first])) first++;
  while (last > first && faint(samples[last - 1])) last--;
  return [first, last];
}

const faint = (sample = 0): boolean => dbm0Of(Math.abs(sample)) < LEAST;

/** Level of a sine within a Hann window over `samples`. */
function levelOf(samples: Float64Array, { hz }: Sine): number {
  let re = 0;
  let im = 0;
  samples.forEach((x, n) => {
    const weighed = x * (1 - Math.cos((2 * Math.PI * n) / samples.length));
    re += weighed * Math.cos((2 * Math.PI * hz * n) / SAMPLE_RATE);
    im += weighed * Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE);
  });
  return dbm0Of((2 * Math.hypot(re, im)) / samples.length);
}
