import { keyHz } from './keypad.js';
import { SAMPLE_RATE, amplitudeOf, mulawEncode } from './mulaw.js';

/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { min, sin } = Math;

/** A sine. `level` in dBm0, `phase` in radians at sample 0. */
export interface Sine {
  readonly hz: number;
  readonly level: number;
  readonly phase?: number;
}

/** Adds a sine to `samples` (16-bit units) from `start`, for `length` samples. */
export function addSine(samples: Float64Array, sine: Sine, start = 0, length = samples.length - start): void {
  const amplitude = amplitudeOf(sine.level);
  const step = (2 * Math.PI * sine.hz) / SAMPLE_RATE;
  const phase = sine.phase ?? 0;
  const end = min(start + length, samples.length);
  for (let n = start; n < end; n++) {
    samples[n] = (samples[n] ?? 0) + amplitude * sin(phase + step * (n - start));
  }
}

export interface KeyTone {
  /** dBm0 of the stronger tone; −10 unless given. */
  readonly level?: number;
  /** Level of the high tone over the low one, dB; 0 unless given. */
  readonly twist?: number;
  /** Both frequencies are off by this share of themselves; 0 unless given. */
  readonly detune?: number;
  /** Radians at the first sample; 0 unless given. */
  readonly phase?: { readonly low: number; readonly high: number };
}

/** The two sines of a key, low group first. */
export function keySines(key: number, tone: KeyTone = {}): readonly [low: Sine, high: Sine] {
  const { level = -10, twist = 0, detune = 0, phase = { low: 0, high: 0 } } = tone;
  const [low, high] = keyHz(key);
  return [
    { hz: low * (1 + detune), level: level - Math.max(0, twist), phase: phase.low },
    { hz: high * (1 + detune), level: level + Math.min(0, twist), phase: phase.high },
  ];
}

/** Adds a key's tones to `samples` from `start`, for `length` samples. */
export function addKeyTone(
  samples: Float64Array,
  key: number,
  start: number,
  length: number,
  tone: KeyTone = {},
): void {
  for (const sine of keySines(key, tone)) addSine(samples, sine, start, length);
}

/** A key's tones as `length` µ-law bytes. */
export function keypadTone(key: number, length: number, tone: KeyTone = {}): Uint8Array {
  const samples = new Float64Array(length);
  addKeyTone(samples, key, 0, length, tone);
  return toMulaw(samples);
}

/** 16-bit samples as µ-law; what is over full scale clips. */
export function toMulaw(samples: Float64Array): Uint8Array {
  const mulaw = new Uint8Array(samples.length);
  for (let n = 0; n < samples.length; n++) mulaw[n] = mulawEncode(samples[n] ?? 0);
  return mulaw;
}
