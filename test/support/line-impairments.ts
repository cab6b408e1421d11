import { MULAW_DECODE, MULAW_SILENCE, SAMPLE_RATE, mulawEncode } from '../../src/dsp/mulaw.js';
import { addSine, toMulaw } from '../../src/dsp/tone.js';
import { marked, piecesOf, type KeyedLine } from './keyed-line.js';
import type { Random } from './random.js';
import { ms } from './tones.js';

/** What a line does to all that is sent over it. Levels are dBm0. */
export type Impairment = (line: KeyedLine, random: Random) => KeyedLine;

export const IMPAIRMENTS: Readonly<Record<string, Impairment>> = {
  'dial tone of 350 and 440 Hz, each at −25 dBm0': tones(-25, 350, 440),
  'dial tone of 350 and 440 Hz, each at −15 dBm0': tones(-15, 350, 440),
  'dial tone of 425 Hz at −15 dBm0': tones(-15, 425),
  'hum of 50 and 150 Hz, each at −20 dBm0': tones(-20, 50, 150),
  'echo 20 ms later, 10 dB down': echo(20, -10),
  'echo 40 ms later, 6 dB down': echo(40, -6),
  'clicks at the onset': (line, random) =>
    sampled(line, (samples) => {
      for (const { start } of piecesOf(line)) click(samples, start + random.below(ms(2)) - ms(1), random);
    }),
  'overdriven by 12 dB': gain(12),
  'overdriven by 20 dB': gain(20),
  'an offset of 2,000': (line) =>
    sampled(line, (samples) => samples.forEach((x, n) => (samples[n] = x + 2_000))),
  'A-law on the way': (line) => sampled(line, (samples) => samples.forEach((x, n) => (samples[n] = alaw(x)))),
  'nothing over 3.4 kHz': lowPass(3_400),
  'nothing over 2.7 kHz': lowPass(2_700),
  'nothing under 300 Hz or over 3.4 kHz, A-law and an echo': (line, random) =>
    [highPass(300), lowPass(3_400), IMPAIRMENTS['A-law on the way'], echo(20, -10)].reduce(
      (sent, impair) => impair?.(sent, random) ?? sent,
      line,
    ),
  'a clock 100 ppm fast': drift(100e-6),
  'a clock 100 ppm slow': drift(-100e-6),
};

const decode = (byte = MULAW_SILENCE): number => MULAW_DECODE[byte] ?? 0;

function sampled(line: KeyedLine, change: (samples: Float64Array) => void): KeyedLine {
  const samples = Float64Array.from(line.mulaw, (byte) => decode(byte));
  change(samples);
  return { mulaw: toMulaw(samples), marks: line.marks };
}

function tones(level: number, ...hz: readonly number[]): Impairment {
  return (line, random) =>
    sampled(line, (samples) => {
      for (const one of hz) addSine(samples, { hz: one, level, phase: random.between(0, 6) });
    });
}

/** What comes back belongs to the key. */
function echo(laterMs: number, gainDb: number): Impairment {
  const later = ms(laterMs);
  return (line) => {
    const { mulaw } = sampled(line, (samples) => {
      for (let n = samples.length - 1; n >= later; n--)
        samples[n] = (samples[n] ?? 0) + 10 ** (gainDb / 20) * (samples[n - later] ?? 0);
    });
    return marked(
      mulaw,
      piecesOf(line).map(({ start, end }) => ({ start, end: Math.min(end + later, mulaw.length) })),
    );
  };
}

/** Contacts that meet: a bang of 1 ms, as loud as can be, that dies away. */
function click(samples: Float64Array, at: number, random: Random): void {
  for (let n = 0; n < ms(3); n++)
    samples[at + n] = (samples[at + n] ?? 0) + 30_000 * random.between(-1, 1) * Math.exp(-n / 8);
}

function gain(db: number): Impairment {
  return (line) => sampled(line, (samples) => samples.forEach((x, n) => (samples[n] = x * 10 ** (db / 20))));
}

/** One 16-bit sample through G.711 A-law and back: steps of 16 up to 512, twice as long in each octave above. */
function alaw(x: number): number {
  const magnitude = Math.min(Math.abs(x), 32_767);
  const step = 16 * 2 ** Math.max(0, Math.floor(Math.log2(magnitude / 256)));
  return Math.sign(x) * (Math.floor(magnitude / step) + 0.5) * step;
}

/** Two sections of a Butterworth filter of order 4, after R. Bristow-Johnson's cookbook. */
function passing(kind: 'low' | 'high', hz: number): Impairment {
  const w = (2 * Math.PI * hz) / SAMPLE_RATE;
  return (line) =>
    sampled(line, (samples) => {
      for (const q of [0.541, 1.307]) {
        const alpha = Math.sin(w) / (2 * q);
        const cos = Math.cos(w);
        const edge = (kind === 'low' ? 1 - cos : 1 + cos) / 2;
        const middle = kind === 'low' ? 2 * edge : -2 * edge;
        let [x1, x2, y1, y2] = [0, 0, 0, 0];
        samples.forEach((x, n) => {
          const y = (edge * (x + x2) + middle * x1 + 2 * cos * y1 - (1 - alpha) * y2) / (1 + alpha);
          [x2, x1, y2, y1] = [x1, x, y1, y];
          samples[n] = y;
        });
      }
    });
}

function lowPass(hz: number): Impairment {
  return passing('low', hz);
}

function highPass(hz: number): Impairment {
  return passing('high', hz);
}

/** Sent by a clock that is so much faster than the one that hears: fewer samples of it, between which lines are drawn. */
function drift(share: number): Impairment {
  return ({ mulaw, marks }) => {
    const length = Math.floor((mulaw.length - 1) / (1 + share));
    const out = { mulaw: new Uint8Array(length), marks: new Uint16Array(length) };
    for (let n = 0; n < length; n++) {
      const at = n * (1 + share);
      const before = Math.floor(at);
      const [a, b] = [decode(mulaw[before]), decode(mulaw[before + 1])];
      out.mulaw[n] = mulawEncode(a + (at - before) * (b - a));
      out.marks[n] = marks[Math.round(at)] ?? 0;
    }
    return out;
  };
}
