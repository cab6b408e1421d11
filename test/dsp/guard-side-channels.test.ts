import { describe, it, expect } from '@jest/globals';
import { BEEP_LENGTH, GRID } from '../../src/dsp/beeper.js';
import { ComfortNoise } from '../../src/dsp/comfort-noise.js';
import { BLOCK } from '../../src/dsp/tone-blocks.js';
import { guarded } from '../support/guarded.js';
import { passedThrough } from '../support/leak.js';
import { PIECES, guessedRight } from '../support/matched-filter.js';
import { BEEP, beepsIn, masksIn } from '../support/masks.js';
import { Random } from '../support/random.js';
import { binomialTail, correlation } from '../support/statistics.js';
import { lineOfKeys, ms } from '../support/tones.js';

const HOLD = ms(20);

/** Presses that count, over noise, so that what is masked can be told from what isn't. */
const { mulaw, keys } = lineOfKeys(
  { duration: [40, 300], level: [-25, -3], twist: [-8, 4], rest: { kind: 'noise', under: 20 } },
  160,
  new Random(77),
);
const output = guarded(mulaw, false, 20);
const masks = masksIn(passedThrough(mulaw, output, HOLD));
const beeps = beepsIn(output, masks);

/** Each press with the mask that is over it and the beep that it got. */
const presses = keys.flatMap((key) => {
  const mask = masks.find(({ end }) => end > key.end + HOLD);
  const beep = beeps.find(({ start }) => start > key.start + HOLD);
  return mask && beep ? [{ key, mask, beep }] : [];
});

type Press = (typeof presses)[number];
const related = (one: (press: Press) => number, other: (press: Press) => number): number =>
  Math.abs(correlation(presses.map(one), presses.map(other)));

describe('a filter that knows when a key was pressed and its very frequencies', () => {
  it.each(PIECES)('guesses it from a piece as well as by chance: %s', (_, piece) => {
    const right = guessedRight(output, keys, piece, HOLD);
    expect(binomialTail(right, keys.length, 1 / 16)).toBeGreaterThan(0.001);
  });

  it('guesses it without the guard, from every piece that has tone in it', () => {
    const right = PIECES.map(([, piece]) => guessedRight(mulaw, keys, piece, 0) / keys.length);
    expect(right.map((share) => share > 0.9)).toEqual([false, true, true, true, false]);
  });
});

describe('the time of what is heard', () => {
  it('is one beep a press, all on the grid and alike to the sample', () => {
    expect(presses).toHaveLength(keys.length);
    expect(beeps).toHaveLength(keys.length);
    expect(beeps.filter(({ start }) => start % GRID !== 0)).toEqual([]);
    expect(
      beeps.filter(
        ({ start, end }) =>
          !BEEP.every((byte, n) => output[start + n] === byte) || end - start !== BEEP_LENGTH,
      ),
    ).toEqual([]);
  });

  it("a beep's length tells nothing of the press's", () => {
    expect(
      related(
        ({ beep }) => beep.end - beep.start,
        ({ key }) => key.end - key.start,
      ),
    ).toBeLessThan(0.1);
  });

  it("a beep's start tells the slot of the onset and no more", () => {
    expect(
      related(
        ({ beep }) => beep.start % GRID,
        ({ key }) => key.start % GRID,
      ),
    ).toBeLessThan(0.1);
  });

  it("a mask's end tells the slot of the release and no more", () => {
    // Noise that happens to be as the caller's last samples were makes a mask look shorter; the guard opens at blocks.
    const opened = (end: number): number => Math.ceil(end / BLOCK) * BLOCK;
    expect(presses.filter(({ mask }) => opened(mask.end) % GRID !== 0)).toEqual([]);
    expect(
      related(
        ({ mask }) => opened(mask.end) % GRID,
        ({ key }) => key.end % GRID,
      ),
    ).toBeLessThan(0.1);
  });

  it('is that of the first slot after the press is certain', () => {
    const slots = presses.map(
      ({ key, beep }) => (beep.start - Math.ceil((key.start + ms(30)) / GRID) * GRID) / GRID,
    );
    expect(new Set(slots)).toEqual(new Set([0, 1]));
  });
});

describe('what is heard under the cover', () => {
  it('is beeps and comfort noise, whatever the caller sends', () => {
    const noise = new ComfortNoise();
    const made = new Set(BEEP);
    for (let n = 0; n < 1000; n++) made.add(noise.next());
    const heard = new Set(masks.flatMap(({ start, end }) => [...output.subarray(start, end)]));
    expect([...heard].filter((byte) => !made.has(byte))).toEqual([]);
  });
});
