import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { DigitMerger, DOUBLE_MS, MAX_KEYS, MAX_PRESSES } from '../../src/call/digit-merger.js';
import { KeyCell } from '../../src/secret.js';

/** What a source says: `t5@100` is a tone of 5 that began at 100 ms, `e5@100` the carrier's event of 5 at 100 ms. */
type Word = `${'t' | 'e'}${number}@${number}`;

function tell(merger: DigitMerger, word: Word): boolean {
  const [key, at] = word.slice(1).split('@').map(Number);
  const cell = new KeyCell();
  cell.key = key ?? -1;
  return word.startsWith('t') ? merger.tone(cell, at ?? 0) : merger.event(cell, at ?? 0);
}

/** The words that count. */
function counted(...words: Word[]): Word[] {
  const merger = new DigitMerger();
  return words.filter((word) => tell(merger, word));
}

describe('a tone and an event', () => {
  it.each<[string, Word[], Word[]]>([
    ['a tone alone', ['t5@0'], ['t5@0']],
    ['an event alone', ['e5@0'], ['e5@0']],
    ['the tone first', ['t5@0', 'e5@60'], ['t5@0']],
    ['the event first', ['e5@0', 't5@-20'], ['e5@0']],
    ['the event 300 ms before the onset', ['e5@0', 't5@300'], ['e5@0']],
    ['the event 301 ms before the onset', ['e5@0', 't5@301'], ['e5@0', 't5@301']],
    ['the event 2 s after the onset', ['t5@0', 'e5@2000'], ['t5@0']],
    ['the event 2.001 s after the onset', ['t5@0', 'e5@2001'], ['t5@0', 'e5@2001']],
    ['other keys', ['t5@0', 'e6@10'], ['t5@0', 'e6@10']],
    ['one key twice in the audio', ['t5@0', 't5@100'], ['t5@0', 't5@100']],
    ['one key twice from the carrier', ['e5@0', 'e5@100'], ['e5@0', 'e5@100']],
    ['one key twice from both', ['t5@0', 't5@250', 'e5@300', 'e5@550'], ['t5@0', 't5@250']],
    ['one key twice, events first', ['e5@0', 't5@0', 'e5@250', 't5@250'], ['e5@0', 'e5@250']],
    [
      'keys between each other',
      ['t1@0', 't2@200', 'e1@250', 'e2@450', 't3@500', 'e3@700'],
      ['t1@0', 't2@200', 't3@500'],
    ],
    [
      'a tone that was not heard',
      ['t1@0', 'e1@50', 'e2@250', 't3@400', 'e3@450'],
      ['t1@0', 'e2@250', 't3@400'],
    ],
    ['a letter', ['t12@0', 'e12@10'], ['t12@0']],
  ])('%s', (_what, words, presses) => {
    expect(counted(...words)).toEqual(presses);
  });

  it('is nothing without a key', () => {
    expect(counted('t-1@0', 'e-1@0')).toEqual([]);
  });
});

describe("the carrier's double", () => {
  it.each<[string, Word[], Word[]]>([
    ['after its tone', ['t5@0', 'e5@60', 'e5@61'], ['t5@0']],
    ['after its tone, tripled', ['t5@0', 'e5@60', 'e5@61', 'e5@62'], ['t5@0']],
    ['around its tone', ['e5@30', 't5@0', 'e5@60'], ['e5@30']],
    [
      'before its tone, where tones are heard',
      ['t1@0', 'e1@60', 'e5@330', 'e5@331', 't5@300'],
      ['t1@0', 'e5@330'],
    ],
    [
      'of two quick presses',
      ['t5@0', 't5@250', 'e5@1000', 'e5@1001', 'e5@1250', 'e5@1251'],
      ['t5@0', 't5@250'],
    ],
    ['up to 200 ms', ['t5@0', 'e5@60', 'e5@259'], ['t5@0']],
    ['no longer at 200 ms', ['t5@0', 'e5@60', 'e5@260'], ['t5@0', 'e5@260']],
    ['not with another key between', ['t5@0', 'e5@60', 'e6@80', 'e5@100'], ['t5@0', 'e6@80', 'e5@100']],
    ['not where no tone is heard', ['e5@0', 'e5@1'], ['e5@0', 'e5@1']],
    [
      'not where tones are no longer heard',
      ['t5@0', 'e5@60', 'e6@5000', 'e7@8000', 'e7@8100'],
      ['t5@0', 'e6@5000', 'e7@8000', 'e7@8100'],
    ],
  ])('%s', (_what, words, presses) => {
    expect(counted(...words)).toEqual(presses);
  });

  it('takes no press that has a tone', () => {
    expect(counted('t5@0', 'e5@60', 't5@100', 'e5@160')).toEqual(['t5@0', 't5@100']);
  });
});

describe('what it remembers', () => {
  it('is six keys at most; an older press pairs with any key', () => {
    const presses = Array.from({ length: MAX_KEYS + 1 }, (_, i): Word => `t${i}@${i * 100}`);
    expect(counted(...presses, 'e9@800')).toEqual(presses);
    expect(counted(...presses, 't1@800', 'e9@900')).toEqual([...presses, 't1@800']);
  });

  it('is no key after forget, but the press', () => {
    const merger = new DigitMerger();
    expect(tell(merger, 't5@0')).toBe(true);
    merger.forget();
    expect(tell(merger, 'e7@500')).toBe(false);
    expect(tell(merger, 'e7@800')).toBe(true);
  });

  it('is a bounded number of presses, the newest', () => {
    const presses = Array.from({ length: MAX_PRESSES + 1 }, (_, i): Word => `t5@${i * 10}`);
    // So late that it can be the event of the last tone only.
    expect(counted(...presses, `e5@${MAX_PRESSES * 10 + 2_000}`)).toEqual(presses);
  });

  it('is not printed', () => {
    const merger = new DigitMerger();
    for (let i = 0; i < MAX_KEYS; i++) tell(merger, `t${i + 1}@${i * 100}`);
    expect([inspect(merger, { showHidden: true }), JSON.stringify({ merger })]).toEqual([
      '[secret]',
      '{"merger":"[secret]"}',
    ]);
  });
});

/** A caller at a keypad, a detector that may miss, and a carrier that may be late, lose or double. */
interface Press {
  key: number;
  /** After the last onset: a press of 40 ms or more and 40 ms of pause. */
  gap: number;
  heard: boolean;
  told: boolean;
  doubledAfter: number | null;
}

const press = (more: Partial<Record<keyof Press, fc.Arbitrary<never>>> = {}): fc.Arbitrary<Press> =>
  fc.record({
    // Few keys, so that they repeat.
    key: fc.integer({ min: 0, max: 2 }),
    gap: fc.integer({ min: 80, max: 900 }),
    heard: fc.boolean(),
    told: fc.boolean(),
    doubledAfter: fc.constant(null),
    ...more,
  });
const yes = fc.constant(true) as fc.Arbitrary<never>;

/** The count of presses for words in the order in which they reach us; tones are confirmed 45 to 65 ms late. */
function countOf(presses: readonly Press[], delays: readonly number[], seed: number): number {
  const words: { word: Word; at: number }[] = [];
  let onset = 10_000;
  let lastEvent = 0;
  presses.forEach(({ key, gap, heard, told, doubledAfter }, i) => {
    onset += gap;
    if (heard) words.push({ word: `t${key}@${onset}`, at: onset + 45 + ((seed + i * 7) % 20) });
    if (!told) return;
    // A socket keeps the order of what it carries.
    lastEvent = Math.max(lastEvent, onset + (delays[i % delays.length] ?? 0));
    words.push({ word: `e${key}@${lastEvent}`, at: lastEvent });
    if (doubledAfter !== null)
      words.push({ word: `e${key}@${lastEvent + doubledAfter}`, at: lastEvent + doubledAfter });
  });
  return counted(...words.toSorted((a, b) => a.at - b.at).map(({ word }) => word)).length;
}

const presses = (one: fc.Arbitrary<Press>) => fc.array(one, { minLength: 1, maxLength: 24 });
const delays = fc.array(fc.integer({ min: -250, max: 1_900 }), { minLength: 1, maxLength: 6 });
const RUNS = { numRuns: 500, seed: 2026 };

describe('every press counts once', () => {
  it('when all tones are heard and events are late, early, bunched or lost', () => {
    fc.assert(
      fc.property(presses(press({ heard: yes })), delays, fc.nat(99), (keys, delays, seed) => {
        expect(countOf(keys, delays, seed)).toBe(keys.length);
      }),
      RUNS,
    );
  });

  it('when all tones are heard and the carrier doubles its events', () => {
    const doubledAfter = fc.option(fc.integer({ min: 0, max: DOUBLE_MS - 1 })) as fc.Arbitrary<never>;
    // Late enough for the first tone to be heard before its event, and steady.
    const delay = fc.integer({ min: 70, max: 1_700 });
    fc.assert(
      fc.property(presses(press({ heard: yes, doubledAfter })), delay, fc.nat(99), (keys, delay, seed) => {
        const spaced = keys.map((key) => ({ ...key, gap: Math.max(key.gap, DOUBLE_MS) }));
        expect(countOf(spaced, [delay], seed)).toBe(keys.length);
      }),
      RUNS,
    );
  });

  it('when no tone is heard', () => {
    fc.assert(
      fc.property(
        presses(press({ heard: fc.constant(false) as fc.Arbitrary<never>, told: yes })),
        delays,
        fc.nat(99),
        (keys, delays, seed) => {
          expect(countOf(keys, delays, seed)).toBe(keys.length);
        },
      ),
      RUNS,
    );
  });

  it('when some tones are missed and no key comes twice within 200 ms', () => {
    fc.assert(
      fc.property(
        presses(press({ told: yes })),
        fc.integer({ min: -250, max: 1_900 }),
        fc.nat(99),
        (keys, delay, seed) => {
          const spaced = keys.map((key) => ({ ...key, gap: Math.max(key.gap, DOUBLE_MS) }));
          expect(countOf(spaced, [delay], seed)).toBe(keys.length);
        },
      ),
      RUNS,
    );
  });
});
