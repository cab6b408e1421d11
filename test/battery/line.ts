import { SAMPLE_RATE, amplitudeOf } from '../../src/dsp/mulaw.js';
import { addSine, keySines, type Sine } from '../../src/dsp/tone.js';
import type { Random } from '../support/random.js';
import { ms } from '../support/tones.js';

/** A press as it is asked for: times in ms, levels in dBm0 and dB. */
export interface Stimulus {
  readonly key: number;
  /** From the first sample of tone to the last. */
  readonly length: number;
  /** Of the stronger tone. */
  readonly level: number;
  /** The high tone over the low one. */
  readonly twist?: number;
  /** How far the low and the high tone are off their frequencies, as shares of them. */
  readonly off?: readonly [low: number, high: number];
  /** Silence within the press: where it begins, and its length. */
  readonly gap?: readonly [from: number, length: number];
  /** Silence before the press. */
  readonly pause: number;
}

/** A press as it lies on the line, in samples. */
export interface Sent {
  readonly key: number;
  readonly start: number;
  readonly length: number;
  /** dBm0 of the stronger tone. */
  readonly level: number;
  /** Mean power of the pair, 16-bit units squared. */
  readonly power: number;
}

export interface Line {
  /** 8 kHz, 16-bit units. */
  readonly samples: Float64Array;
  readonly sent: readonly Sent[];
}

/** A receiver's own blocks and steps begin anywhere within a press: over 40 presses at each of 5 ms' samples once. */
const PHASES = 40;
/** Prime to that. */
const PHASE_STEP = 7;

/** At the end of a line, so that every receiver has finished with the last press. */
const TAIL = ms(200);

/** The presses one after the other, each with phases of its own, on a line that is otherwise silent. */
export function lineOf(stimuli: readonly Stimulus[], random: Random): Line {
  const sent: Sent[] = [];
  const all: (readonly Sine[])[] = [];
  let end = 0;
  stimuli.forEach((stimulus, n) => {
    const free = Math.ceil((end + ms(stimulus.pause)) / PHASES) * PHASES;
    const start = free + ((n * PHASE_STEP) % PHASES);
    const sines = sinesOf(stimulus, random);
    const length = ms(stimulus.length);
    sent.push({ key: stimulus.key, start, length, level: stimulus.level, power: powerOf(sines) });
    all.push(sines);
    end = start + length;
  });
  const samples = new Float64Array(end + TAIL);
  stimuli.forEach(({ gap }, n) => {
    const { start, length } = sent[n] ?? { start: 0, length: 0 };
    for (const sine of all[n] ?? []) addSine(samples, sine, start, length);
    if (gap) samples.fill(0, start + ms(gap[0]), start + ms(gap[0]) + ms(gap[1]));
  });
  return { samples, sent };
}

function sinesOf({ key, level, twist = 0, off = [0, 0] }: Stimulus, random: Random): readonly Sine[] {
  return keySines(key, { level, twist }).map((sine, n) => ({
    ...sine,
    hz: sine.hz * (1 + (off[n] ?? 0)),
    phase: random.between(0, 2 * Math.PI),
  }));
}

function powerOf(sines: readonly Sine[]): number {
  return sines.reduce((power, { level }) => power + amplitudeOf(level) ** 2 / 2, 0);
}

/** Adds white noise all along, of that mean power. */
export function addNoise(line: Line, power: number, random: Random): void {
  const deviation = Math.sqrt(power);
  const { samples } = line;
  for (let n = 0; n < samples.length; n++) samples[n] = (samples[n] ?? 0) + deviation * random.gauss();
}

/** Adds what is on the line, `late` ms later and `down` dB down. */
export function addEcho(line: Line, late: number, down: number): void {
  const { samples } = line;
  const share = 10 ** (-down / 20);
  const delay = ms(late);
  const own = samples.slice();
  for (let n = delay; n < samples.length; n++) {
    samples[n] = (samples[n] ?? 0) + share * (own[n - delay] ?? 0);
  }
}

export const inMs = (samples: number): number => (samples * 1000) / SAMPLE_RATE;
