import { MULAW_DECODE, MULAW_SILENCE, SAMPLE_RATE, mulawEncode } from '../../src/dsp/mulaw.js';
import { piecesOf, type KeyedLine, type Piece } from './keyed-line.js';
import type { Random } from './random.js';
import { ms } from './tones.js';

const FRAME = ms(20);

/**
 * What a receiver upstream plays where a packet is lost; the stream that it makes has no gap.
 *
 * - `periods`: the last pitch period over and over, two of them from 10 ms on and three from 20 ms on, a fifth
 *   quieter with each 10 ms after the first, silence after 60 ms (after ITU-T G.711 Appendix I; its overlaps are left out)
 * - `repeat`: the last frame again, for as long as it takes
 * - `fading-repeat`: the same, 6 dB quieter each time
 * - `noise`: noise at the level of the last frame, a fifth quieter with each 10 ms
 * - `silence`
 */
export type Concealment = (typeof CONCEALMENTS)[number];
export const CONCEALMENTS = ['periods', 'repeat', 'fading-repeat', 'noise', 'silence'] as const;

export interface ConcealedLine extends KeyedLine {
  /** Tone that came for 15 ms or more in one piece, and what concealment made of such a piece. */
  readonly whole: readonly Piece[];
  /** Shorter pieces, and what was made of them. */
  readonly scraps: readonly Piece[];
}

/** A line whose lost frames of 20 ms were concealed. A sample is marked as long as it is made of a key's tones at −45 dBm0 or more. */
export function concealed(
  line: KeyedLine,
  lost: (frame: number) => boolean,
  how: Concealment,
  levels: readonly number[],
  random: Random,
): ConcealedLine {
  const mulaw = line.mulaw.slice();
  const marks = line.marks.slice();
  const edges = new Set<number>();
  const made = new Set<number>();
  let run = 0;
  for (let start = FRAME; start + FRAME <= mulaw.length; start += FRAME) {
    const before = run;
    run = lost(start / FRAME) ? run + 1 : 0;
    if (run > 0 !== before > 0) edges.add(start);
    if (run === 0) continue;
    made.add(start);
    const from = start - (run - 1) * FRAME;
    const period = how === 'periods' ? pitchPeriod(mulaw, from) : 0;
    const power = how === 'noise' ? rms(mulaw, from) : 0;
    for (let n = start; n < start + FRAME; n++) {
      const late = Math.floor((n - from) / ms(10));
      const { gain, source } = CONCEAL[how](n, from, late, period);
      const sample = how === 'noise' ? power * random.gauss() : decode(mulaw[source]);
      mulaw[n] = gain === 0 ? MULAW_SILENCE : mulawEncode(gain * sample);
      const key = how === 'noise' ? 0 : (marks[source] ?? 0);
      marks[n] = key > 0 && (levels[key - 1] ?? 0) + 20 * Math.log10(gain) >= -45 ? key : 0;
    }
  }
  const isMade = ({ start }: Piece): boolean => made.has(start - (start % FRAME));
  return { mulaw, marks, ...sorted(piecesOf({ mulaw, marks }, edges), isMade) };
}

function sorted(
  pieces: readonly Piece[],
  isMade: (piece: Piece) => boolean,
): Pick<ConcealedLine, 'whole' | 'scraps'> {
  const whole: Piece[] = [];
  const scraps: Piece[] = [];
  let source: Piece | undefined;
  for (const piece of pieces) {
    const long = piece.end - piece.start >= ms(15);
    const fromLong = source?.key === piece.key && source.end - source.start >= ms(15);
    const touches = source?.end === piece.start;
    if (isMade(piece) ? fromLong && (long || touches) : long) whole.push(piece);
    else scraps.push(piece);
    if (!isMade(piece)) source = piece;
  }
  return { whole, scraps };
}

type Source = (
  n: number,
  from: number,
  late: number,
  period: number,
) => { readonly gain: number; readonly source: number };

const fifth = (late: number): number => Math.max(0, late < 1 ? 1 : 1.2 - 0.2 * late);

const CONCEAL: Readonly<Record<Concealment, Source>> = {
  periods(n, from, late, period) {
    const length = Math.min(late + 1, 3) * period;
    return { gain: fifth(late), source: from - length + ((n - from) % length) };
  },
  repeat: (n, from) => ({ gain: 1, source: from - FRAME + ((n - from) % FRAME) }),
  'fading-repeat': (n, from) => ({
    gain: 2 ** -(1 + Math.floor((n - from) / FRAME)),
    source: from - FRAME + ((n - from) % FRAME),
  }),
  noise: (n, _, late) => ({ gain: fifth(late), source: n }),
  silence: (n) => ({ gain: 0, source: n }),
};

const decode = (byte: number | undefined): number => MULAW_DECODE[byte ?? MULAW_SILENCE] ?? 0;

function rms(mulaw: Uint8Array, end: number): number {
  const frame = mulaw.subarray(end - FRAME, end);
  return Math.sqrt(frame.reduce((sum, byte) => sum + decode(byte) ** 2, 0) / FRAME);
}

/** The lag of 66 to 200 Hz at which the 20 ms before `end` are most like what was before them. */
function pitchPeriod(mulaw: Uint8Array, end: number): number {
  let best = SAMPLE_RATE / 200;
  let most = -Infinity;
  for (let lag = SAMPLE_RATE / 200; lag <= SAMPLE_RATE / 66; lag++) {
    let product = 0;
    let energy = 1;
    for (let n = Math.max(lag, end - FRAME); n < end; n++) {
      product += decode(mulaw[n]) * decode(mulaw[n - lag]);
      energy += decode(mulaw[n - lag]) ** 2;
    }
    if (product / Math.sqrt(energy) > most) {
      most = product / Math.sqrt(energy);
      best = lag;
    }
  }
  return best;
}
