import { BEEP_LENGTH, GRID } from '../../src/dsp/beeper.js';
import { MULAW_SILENCE } from '../../src/dsp/mulaw.js';
import { BLOCK } from '../../src/dsp/tone-blocks.js';
import { guarded } from '../support/guarded.js';
import { passedThrough } from '../support/leak.js';
import { BEEP, beepsIn, masksIn } from '../support/masks.js';
import { PIECES, guessedRight } from '../support/matched-filter.js';
import { Random } from '../support/random.js';
import { binomialTail, correlation } from '../support/statistics.js';
import { ms } from '../support/tones.js';
import { WIDE } from './guard-sets.js';
import { counted, type Effort } from './effort.js';
import type { HoldMs } from './guard-leaks.js';
import { keysOver, type KeyCondition, type Rest } from './keys-over.js';

/** What a filter that knows all but the key made of one piece of each key. */
export interface Guessed {
  readonly piece: string;
  /** Of the line itself, and of what the agent heard. */
  readonly before: number;
  readonly right: number;
  readonly all: number;
  /** How likely so many or more are by chance. */
  readonly p: number;
}

/** Keys at full effort, over each rest. */
const KEYS = 1000;
const CHANCE = 1 / 16;

export function guessedPieces(
  rests: readonly (Rest | undefined)[],
  holdMs: HoldMs,
  effort: Effort,
  seed: number,
): Guessed[] {
  const right = PIECES.map(() => ({ before: 0, after: 0 }));
  const each = counted(KEYS, effort);
  for (const [n, rest] of rests.entries()) {
    const { mulaw, keys } = keysOver(WIDE, rest, each, new Random(seed * 1000 + 500 + n));
    const output = guarded(mulaw, false, holdMs);
    for (const [at, [, piece]] of PIECES.entries()) {
      const sum = right[at];
      if (sum === undefined) continue;
      sum.before += guessedRight(mulaw, keys, piece, 0);
      sum.after += guessedRight(output, keys, piece, ms(holdMs));
    }
  }
  const all = each * rests.length;
  return PIECES.map(([piece], at) => {
    const { before, after } = right[at] ?? { before: 0, after: 0 };
    return { piece, before, right: after, all, p: binomialTail(after, all, CHANCE) };
  });
}

/** What the times of beeps and masks tell of presses. */
export interface Timing {
  readonly presses: number;
  readonly beeps: number;
  /** Beeps that are on the grid and alike to the sample. */
  readonly exact: number;
  readonly beepLengthByPressLength: number;
  /** Both by their places within a slot of the grid, as are the next two. */
  readonly maskEndByRelease: number;
  readonly beepStartByOnset: number;
  /** The whole mask, which goes on while a key is held. */
  readonly maskLengthByPressLength: number;
}

/** Long enough to count at any twist that a phone has. */
const COUNTED: KeyCondition = { ...WIDE, duration: [45, 300] };

/** Until the last beep has been heard and the last mask is over. */
const AFTER_LAST = Buffer.alloc(ms(1000), MULAW_SILENCE);

/**
 * Over noise, so that what is masked can be told from what isn't. Noise that happens to be as the caller's last samples
 * were makes a mask look shorter: its end counts as that of a block, at which the guard opens.
 */
export function timingOf(holdMs: HoldMs, effort: Effort, seed: number): Timing {
  const line = keysOver(COUNTED, { under: 20 }, counted(KEYS, effort), new Random(seed * 1000 + 600));
  const { keys } = line;
  const mulaw = Buffer.concat([line.mulaw, AFTER_LAST]);
  const output = guarded(mulaw, false, holdMs);
  const masks = masksIn(passedThrough(mulaw, output, ms(holdMs)));
  const beeps = beepsIn(output, masks);
  const heard = keys.flatMap((key) => {
    const mask = masks.find(({ end }) => end > key.end + ms(holdMs));
    const beep = beeps.find(({ start }) => start >= key.start + ms(holdMs));
    return mask === undefined || beep === undefined ? [] : [{ key, mask, beep }];
  });
  const column = (of: (one: (typeof heard)[number]) => number): number[] => heard.map(of);
  const inSlot = (of: (one: (typeof heard)[number]) => number): number[] => column((one) => of(one) % GRID);
  const pressLength = column(({ key }) => key.end - key.start);
  return {
    presses: keys.length,
    beeps: beeps.length,
    exact: beeps.filter(
      ({ start, end }) =>
        start % GRID === 0 &&
        end - start === BEEP_LENGTH &&
        BEEP.every((byte, n) => output[start + n] === byte),
    ).length,
    beepLengthByPressLength: correlation(
      column(({ beep }) => beep.end - beep.start),
      pressLength,
    ),
    maskEndByRelease: correlation(
      inSlot(({ mask }) => Math.ceil(mask.end / BLOCK) * BLOCK),
      inSlot(({ key }) => key.end),
    ),
    beepStartByOnset: correlation(
      inSlot(({ beep }) => beep.start),
      inSlot(({ key }) => key.start),
    ),
    maskLengthByPressLength: correlation(
      column(({ mask }) => mask.end - mask.start),
      pressLength,
    ),
  };
}
