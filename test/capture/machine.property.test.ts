import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { cardView } from '../../src/card/card.js';
import type { Correction } from '../../src/capture/refusal.js';
import { cardOf, isChoosing, isOver, progress } from '../../src/capture/state.js';
import { FIELD_NAMES, REASONS, type FieldName } from '../../src/capture/view.js';
import { CARDS } from '../card/cards.js';
import { CODE, EXPIRY, Keypad, NUMBER, POSTAL, setupWith } from './keypad.js';

type Move = (caller: Keypad) => void;

const refusal = fc
  .constantFrom<Correction>(
    { field: NUMBER, error: 'invalid-card-number' },
    { field: EXPIRY, error: 'invalid-date' },
    { field: CODE, error: 'invalid-security-code' },
  )
  .map(
    (correction): Move =>
      (caller) =>
        void caller.tell({ type: 'refused', at: caller.now, correction, reason: 'charge_declined' }),
  );
const storm = fc.stringMatching(/^[0-9*#ABCD]{1,25}$/);
const number = fc.constantFrom(...CARDS.map(([, digits]) => digits));
/** A card of two networks, and perhaps an answer to the question which. */
const coBadged = fc.constantFrom('1', '2', '#', '*', '').map(
  (answer): Move =>
    (caller) =>
      void caller.press('4000002500001001').wait(1_000).press(answer),
);
const wholeCard: Move = (caller) =>
  void caller.press('4242424242424242').press('0130').press('123').press('75001#');
const KEYED: Readonly<Record<FieldName, string>> = {
  'payment-card-number': '4242424242424242',
  'expiration-date': '0130',
  'security-code': '123',
  'postal-code': '75001#',
};
/** Whatever field is asked after a refusal, by a caller who has listened. */
const keyAgain: Move = (caller) => {
  caller.wait(1_000);
  for (let fields = 0; fields < 4 && caller.current !== null; fields++) caller.press(KEYED[caller.current]);
};
const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(wholeCard) },
  { weight: 6, arbitrary: fc.constant(keyAgain) },
  {
    weight: 6,
    arbitrary: number.map(
      (digits): Move =>
        (caller) =>
          void caller.press(digits),
    ),
  },
  {
    weight: 6,
    arbitrary: storm.map(
      (keys): Move =>
        (caller) =>
          void caller.press(keys),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom('1234', '0130#', '123', '#', '*').map(
      (keys): Move =>
        (caller) =>
          void caller.press(keys),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.integer({ min: 0, max: 200_000 }).map(
      (ms): Move =>
        (caller) =>
          void caller.wait(ms),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...FIELD_NAMES).map(
      (field): Move =>
        (caller) =>
          void caller.clear(field),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Move>((caller) => void caller.tell({ type: 'extend', at: caller.now })),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Move>((caller) => void caller.tell({ type: 'timer', at: caller.now })),
  },
  {
    weight: 3,
    arbitrary: fc.constant<Move>((caller) => void caller.tell({ type: 'done', at: caller.now })),
  },
  { weight: 8, arbitrary: refusal },
  { weight: 6, arbitrary: coBadged },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...REASONS).map(
      (reason): Move =>
        (caller) =>
          void caller.tell({ type: 'fail', at: caller.now, reason }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('agent' as const, 'caller' as const).map(
      (by): Move =>
        (caller) =>
          void caller.tell({ type: 'cancel', at: caller.now, by }),
    ),
  },
);
const fields = fc.constantFrom<FieldName[]>(
  [NUMBER, EXPIRY],
  [NUMBER, EXPIRY, CODE],
  [EXPIRY, NUMBER, POSTAL, CODE],
  [NUMBER, CODE, EXPIRY],
);

/** Whatever is done at the keypad and by the agent: `check` holds after every move. */
function always(check: (caller: Keypad) => void): void {
  fc.assert(
    fc.property(fields, fc.array(move, { maxLength: 40 }), (fields, moves) => {
      const caller = new Keypad(setupWith(fields, { askNetwork: true }));
      for (const move of moves) {
        move(caller);
        check(caller);
      }
    }),
    { numRuns: 300, seed: 2026 },
  );
}

describe('whatever happens to a capture', () => {
  it('one field is open while it is collecting, none otherwise, nor while the caller chooses', () => {
    always(({ state }) => {
      const open = state.fields.filter((field) => field.status === 'collecting');
      expect(open).toHaveLength(state.status === 'collecting' && !isChoosing(state) ? 1 : 0);
      const here = state.fields.findIndex((field) => field.status === 'collecting');
      const waiting = state.fields.findIndex((field) => field.status === 'pending');
      if (waiting >= 0 && here >= 0) expect(here).toBeLessThan(waiting);
    });
  });

  it('what is chosen is a network of the number that is accepted, and is asked of two or more', () => {
    const seen = new Set<string>();
    always(({ state }) => {
      const number = state.fields.find(({ name }) => name === NUMBER);
      const known = number?.status === 'accepted' || isOver(state);
      if (!known) expect([state.brand, state.networks, state.network]).toEqual([null, null, null]);
      if (state.network !== null) expect(state.networks).toContain(state.network);
      if (isChoosing(state)) expect([known, (state.networks?.length ?? 0) > 1]).toEqual([true, true]);
      seen.add(`${state.network} ${isChoosing(state)} ${state.status}`);
    });
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'null true collecting',
        'visa false collecting',
        'visa false processing',
        'cartes_bancaires false completed',
      ]),
    );
  });

  it('it is wiped when it is over', () => {
    always((caller) => {
      if (isOver(caller.state)) expect([caller.held, caller.state.wakeAt]).toEqual([0, null]);
    });
  });

  it('it says once that it is over, and gives the till a card once an answer', () => {
    always(({ state, effects, answers }) => {
      expect(effects.filter((effect) => effect === 'over')).toHaveLength(isOver(state) ? 1 : 0);
      const submitted = effects.filter((effect) => effect === 'submit').length;
      expect(submitted).toBe(answers + (state.status === 'processing' ? 1 : 0));
    });
  });

  it('a card that is always refused comes to the till as often as its fields have attempts', () => {
    const seen = new Set<number>();
    fc.assert(
      fc.property(fields, fc.infiniteStream(refusal), (fields, refusals) => {
        const caller = new Keypad(setupWith(fields));
        for (let asked = 0; asked < 20 && !isOver(caller.state); asked++) {
          keyAgain(caller);
          refusals.next().value(caller);
          expect(caller.codesLeft).toBe(0);
        }
        expect([caller.state.status, caller.held]).toEqual(['failed', 0]);
        expect(caller.answers).toBeLessThanOrEqual(1 + 3 * (3 - 1));
        seen.add(caller.answers);
      }),
      { numRuns: 300, seed: 2026 },
    );
    expect(Math.max(...seen)).toBe(1 + 3 * (3 - 1));
  });

  it('the security code is gone with every answer', () => {
    always(({ codesLeft }) => expect(codesLeft).toBe(0));
  });

  it('it ends by itself when nobody does anything more', () => {
    fc.assert(
      fc.property(fc.array(move, { maxLength: 10 }), (moves) => {
        const caller = new Keypad();
        for (const move of moves) move(caller);
        expect(caller.wait(2 * 3 * 180_000).state.status).not.toBe('collecting');
      }),
      { numRuns: 300, seed: 2026 },
    );
  });

  it('every way to end is among what was tried', () => {
    const seen = new Set<string>();
    always(({ state }) => void seen.add(state.status));
    expect([...seen].toSorted()).toEqual(['cancelled', 'collecting', 'completed', 'failed', 'processing']);
  });

  it('no field takes more attempts than the flow gives', () => {
    always(({ state }) => {
      for (const field of state.fields) expect(field.attempt).toBeLessThanOrEqual(3);
    });
  });

  it('the view counts the digits that are held, and shows at most the last four of an accepted number', () => {
    always(({ state }) => {
      for (const { name, status, masked, digits_entered, digits } of state.fields) {
        if (!isOver(state)) expect(digits_entered).toBe(digits.length);
        const dots = name === NUMBER && status === 'accepted' ? /^•{8,15}\d{4}$/ : /^•*$/;
        expect(masked).toMatch(dots);
        expect(masked).toHaveLength(digits_entered);
      }
    });
  });

  it('a whole card hides five digits of its number, eight of a short one', () => {
    always(({ state }) => {
      if (state.status !== 'processing') return;
      const card = cardOf(state);
      const { bin, last4 } = cardView(card);
      const hidden = card.number.length - last4.length - (bin?.length ?? 0);
      expect(hidden).toBeGreaterThanOrEqual(card.number.length <= 14 ? 8 : 5);
    });
  });

  it('nothing printed of it holds more than four digits that were keyed', () => {
    always(({ state }) => {
      const { fields, brand, status, reason } = state;
      const shown = { fields, brand, status, reason };
      for (const text of [
        JSON.stringify(shown),
        inspect(shown, { depth: 9, showHidden: true }),
        JSON.stringify(progress(state)),
      ]) {
        expect(text).not.toMatch(/\d{5}|(\d\D{1,3}){6}/);
      }
    });
  });
});

describe('the printed state', () => {
  it.each(['42424242', '4242424242424242', '4242424242424242123'])(
    'holds no window of what was keyed: %s',
    (keys) => {
      const { state } = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(keys);
      for (const text of [JSON.stringify(state), inspect(state, { depth: 9, showHidden: true })]) {
        expect(text).not.toContain('42424');
        expect(text).not.toContain('4, 2');
        expect(text).not.toContain('4,2');
      }
    },
  );
});
