import type { Line } from './line.js';
import type { Heard } from './receiver.js';
import { ms } from '../support/tones.js';

const NONE = { key: -1, start: 0, length: 0 };

export interface Score {
  /** Press by press, what was heard of it with the right key, if anything. */
  readonly heard: readonly (Heard | undefined)[];
  readonly right: number;
  readonly wrong: number;
  readonly missed: number;
  /** Heard where nothing was sent, or once more than it was sent. */
  readonly extra: number;
}

/** Looked up once: in the sandbox of a test, each look-up in `Math` is dear. */
const { min } = Math;

/** Cost of a key taken for another: less than one missed and one extra. */
const WRONG = 1.5;

/** What is found so long after a press has ended was not found because of it. */
const LATE = ms(100);

/**
 * Lays what was heard beside what was sent, in order, with as few errors as can be (V. Levenshtein's distance). What
 * was found before a press began, or long after it, is not that press; a receiver that doesn't say when it found
 * something has the benefit of the doubt.
 */
export function score({ sent }: Line, heard: readonly Heard[]): Score {
  const width = heard.length + 1;
  const cost = new Float64Array((sent.length + 1) * width);
  const pairCost = (s: number, h: number): number => {
    const { key, start, length } = sent[s] ?? NONE;
    const found = heard[h]?.found ?? null;
    if (found !== null && (found < start || found > start + length + LATE)) return Infinity;
    return key === heard[h]?.key ? 0 : WRONG;
  };
  const at = (s: number, h: number): number => cost[s * width + h] ?? Infinity;
  for (let s = 0; s <= sent.length; s++) {
    for (let h = 0; h < width; h++) {
      if (s === 0 || h === 0) cost[s * width + h] = s + h;
      else {
        cost[s * width + h] = min(
          at(s - 1, h - 1) + pairCost(s - 1, h - 1),
          at(s - 1, h) + 1,
          at(s, h - 1) + 1,
        );
      }
    }
  }
  const found: (Heard | undefined)[] = sent.map(() => undefined);
  let right = 0;
  let wrong = 0;
  let s = sent.length;
  let h = heard.length;
  while (s > 0 && h > 0) {
    // Of two that would do, the first that was heard is the press, and the second is extra.
    if (at(s, h) === at(s, h - 1) + 1) h--;
    else if (at(s, h) === at(s - 1, h) + 1) s--;
    else {
      s--;
      h--;
      if (pairCost(s, h) === 0) {
        right++;
        found[s] = heard[h];
      } else wrong++;
    }
  }
  return {
    heard: found,
    right,
    wrong,
    missed: sent.length - right - wrong,
    extra: heard.length - right - wrong,
  };
}
