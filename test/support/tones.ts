import { SAMPLE_RATE, amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, keySines, toMulaw, type Sine } from '../../src/dsp/tone.js';
import type { Random } from './random.js';

/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { ceil, cos, exp, max, min, round, sin, sqrt, PI, SQRT2 } = Math;

export const ms = (duration: number): number => round((duration * SAMPLE_RATE) / 1000);

/** A key on a line: where it lies and the very sines it is made of. */
export interface Key {
  readonly key: number;
  readonly start: number;
  readonly end: number;
  readonly sines: readonly [low: Sine, high: Sine];
}

/** What keys are drawn from: durations in ms, level in dBm0 of the stronger tone, twist in dB, detune as a share. */
export interface KeySet {
  readonly duration: readonly [number, number];
  readonly level: readonly [number, number];
  readonly twist: readonly [number, number];
  readonly detune?: number;
  /** The rest of the line around a key, and how far it is under the key in dB. */
  readonly rest?: { readonly kind: 'noise' | 'voice'; readonly under: number };
}

/** Keys one by one, so far apart (0.7–0.8 s) that the cover of one has ended before the next. */
export function lineOfKeys(set: KeySet, count: number, random: Random): { mulaw: Uint8Array; keys: Key[] } {
  const keys: Key[] = [];
  let start = ms(300);
  for (let n = 0; n < count; n++) {
    const end = start + ms(random.between(...set.duration));
    keys.push({ key: random.below(16), start, end, sines: [SILENT, SILENT] });
    start = end + ms(random.between(700, 800));
  }
  const samples = new Float64Array(start);
  const voice = set.rest?.kind === 'voice' ? voiceLike(ceil(start / SAMPLE_RATE), random) : undefined;
  const drawn = keys.map((key) => {
    const sines = draw(key.key, set, random);
    for (const sine of sines) addSine(samples, sine, key.start, key.end - key.start);
    if (set.rest) addRest(samples, key, powerOf(sines) * 10 ** (-set.rest.under / 10), voice, random);
    return { ...key, sines };
  });
  return { mulaw: toMulaw(samples), keys: drawn };
}

const SILENT: Sine = { hz: 0, level: -Infinity };

function draw(key: number, set: KeySet, random: Random): readonly [Sine, Sine] {
  const detune = set.detune ?? 0.015;
  const off = (sine: Sine): Sine => ({
    ...sine,
    hz: sine.hz * (1 + random.between(-detune, detune)),
    phase: random.between(0, 2 * PI),
  });
  const [low, high] = keySines(key, {
    level: random.between(...set.level),
    twist: random.between(...set.twist),
  });
  return [off(low), off(high)];
}

const powerOf = (sines: readonly Sine[]): number =>
  sines.reduce((power, sine) => power + amplitudeOf(sine.level) ** 2 / 2, 0);

function addRest(
  samples: Float64Array,
  key: Key,
  power: number,
  voice: Float64Array | undefined,
  random: Random,
) {
  const from = max(0, key.start - ms(100));
  const to = min(samples.length, key.end + ms(100));
  const rest = new Float64Array(to - from);
  for (let n = 0; n < rest.length; n++)
    rest[n] = voice === undefined ? random.gauss() : (voice[from + n] ?? 0);
  const scale = sqrt(power / (meanPower(rest) + 1e-9));
  for (let n = 0; n < rest.length; n++) samples[from + n] = (samples[from + n] ?? 0) + scale * (rest[n] ?? 0);
}

export function meanPower(samples: Float64Array): number {
  return samples.reduce((power, x) => power + x * x, 0) / samples.length;
}

/** Long enough not to repeat itself within a word. */
const VOICE_SECONDS = 12;

/**
 * Something like a voice: syllables of harmonics under moving formants, with the unsteady pitch and the breath that
 * tell a voice from a machine, at about −20 dBm0. It has no recordings in it, and never pauses for longer than 60 ms.
 */
export function voiceLike(seconds: number, random: Random): Float64Array {
  const voice = new Float64Array(min(seconds, VOICE_SECONDS) * SAMPLE_RATE);
  let start = 0;
  while (start < voice.length) {
    const length = ms(random.between(110, 260));
    addSyllable(voice, start, length, random);
    start += length + ms(random.between(0, 60));
  }
  const scale = amplitudeOf(-20) / SQRT2 / sqrt(meanPower(voice));
  return Float64Array.from(
    { length: seconds * SAMPLE_RATE },
    (_, n) => scale * (voice[n % voice.length] ?? 0),
  );
}

/** `width` in Hz; `y1` and `y2` are what it gave last. */
function resonator(hz: number, width: number) {
  return { hz, radius: exp((-PI * width) / SAMPLE_RATE), y1: 0, y2: 0 };
}

/** A pulse of the voice cords sent through three resonators whose frequencies glide. */
function addSyllable(samples: Float64Array, start: number, length: number, random: Random): void {
  const pitch = random.between(90, 230);
  const glide = random.between(0.1, 0.3) * (random.next() < 0.5 ? -1 : 1);
  const formants = [
    resonator(random.between(280, 800), 80),
    resonator(random.between(900, 2200), 110),
    resonator(random.between(2300, 3100), 180),
  ];
  const drift = random.between(-0.25, 0.25);
  let phase = 0;
  let jitter = 0;
  for (let n = 0; n < length && start + n < samples.length; n++) {
    const along = n / length;
    phase += (pitch * (1 + glide * along + jitter)) / SAMPLE_RATE;
    let source = 0.04 * random.gauss();
    if (phase >= 1) {
      phase -= 1;
      jitter = 0.015 * random.gauss();
      source += 1 + 0.15 * random.gauss();
    }
    const envelope = sin(PI * along) ** 0.5;
    for (const formant of formants) {
      const { radius, y1, y2 } = formant;
      const angle = (2 * PI * formant.hz * (1 + drift * along)) / SAMPLE_RATE;
      const y = (1 - radius) * source + 2 * radius * cos(angle) * y1 - radius * radius * y2;
      formant.y2 = y1;
      formant.y1 = y;
      samples[start + n] = (samples[start + n] ?? 0) + envelope * y;
    }
  }
}
