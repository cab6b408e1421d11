import type { GuardOptions } from '../../src/dsp/guard.js';
import { ABSENT } from '../../src/carrier/twilio/media-message.js';
import { MediaOrder } from '../../src/carrier/twilio/media-order.js';
import { piecesOf, through, type GuardRun, type KeyedLine, type Piece } from './keyed-line.js';
import type { Random } from './random.js';
import { ms } from './tones.js';

/** Shares of frames, 0–1. */
export interface Faults {
  /** Begins a run of lost frames, which on average has `burst` of them (1 unless given). */
  readonly lost?: number;
  readonly burst?: number;
  /** Comes behind up to `lateBy` of those that were sent after it (3 unless given). */
  readonly late?: number;
  readonly lateBy?: number;
  /** Comes twice; the second time at once, or as late. */
  readonly doubled?: number;
}

/** Which numbers the carrier puts on its frames. */
export interface Numbers {
  readonly sequence: boolean;
  readonly chunk: boolean;
  readonly timestamp: boolean;
}

/** One frame as it was sent. */
interface Frame {
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/** Frames of 20 ms, or of 1 to 400 samples. */
export function framesOf(length: number, odd?: Random): Frame[] {
  const frames: Frame[] = [];
  for (let start = 0; start < length;) {
    const end = Math.min(length, start + (odd === undefined ? ms(20) : 1 + odd.below(400)));
    frames.push({ number: frames.length + 1, start, end });
    start = end;
  }
  return frames;
}

/** The frames in the order in which they come. */
export function arrivals(frames: readonly Frame[], faults: Faults, random: Random): Frame[] {
  const { lost = 0, burst = 1, late = 0, lateBy = 3, doubled = 0 } = faults;
  const coming: { frame: Frame; at: number }[] = [];
  let losing = false;
  for (const frame of frames) {
    losing = random.next() < (losing ? 1 - 1 / burst : lost);
    if (losing) continue;
    const delay = (share: number): number => (random.next() < share ? 1.5 + random.below(lateBy) : 0);
    coming.push({ frame, at: frame.number + delay(late) });
    if (random.next() < doubled) coming.push({ frame, at: frame.number + delay(0.5) });
  }
  return coming.toSorted((a, b) => a.at - b.at).map(({ frame }) => frame);
}

/** What a guard made of a stream with faults. */
export interface LossyRun extends GuardRun {
  /** The pieces of tone that reached it. At a piece's ends the tone began or ended, or a frame did not come or not in turn. */
  readonly pieces: readonly Piece[];
  /** Those before or behind which it was told that audio is missing. */
  readonly told: ReadonlySet<Piece>;
}

/** Sends `arriving` frames of a line to a guard as the carrier side does: by the numbers that they bear. */
export function throughLoss(
  line: KeyedLine,
  arriving: readonly Frame[],
  numbers: Numbers,
  options: GuardOptions & { readonly fieldOpen?: boolean },
): LossyRun {
  const order = new MediaOrder();
  const said = (told: boolean, number: number): number => (told ? number : ABSENT);
  const mulaw: number[] = [];
  const marks: number[] = [];
  const cuts = new Set<number>();
  const heard: { end: number; missing: number }[] = [];
  const gaps = new Set<number>();
  let due = 0;
  for (const { number, start, end } of arriving) {
    if (!order.inTurn(said(numbers.sequence, number))) continue;
    const timestamp = Math.round((1000 * start) / 8000);
    const missing = order.missingBefore(
      said(numbers.chunk, number),
      said(numbers.timestamp, timestamp),
      end - start,
    );
    if (missing > 0) gaps.add(mulaw.length);
    if (start !== due) cuts.add(mulaw.length);
    due = end;
    mulaw.push(...line.mulaw.subarray(start, end));
    marks.push(...line.marks.subarray(start, end));
    heard.push({ end: mulaw.length, missing });
  }
  const seen: KeyedLine = { mulaw: Uint8Array.from(mulaw), marks: Uint16Array.from(marks) };
  const pieces = piecesOf(seen, cuts);
  return {
    ...through(seen.mulaw, options, (guard, input, output) => {
      let start = 0;
      for (const { end, missing } of heard) {
        if (missing > 0) guard.gap(missing);
        guard.process(input.subarray(start, end), output.subarray(start, end));
        start = end;
      }
    }),
    pieces,
    told: new Set(pieces.filter(({ start, end }) => gaps.has(start) || gaps.has(end))),
  };
}
