import { describe, expect, it } from '@jest/globals';
import { begin } from '../../src/capture/machine.js';
import { cardOf, codeOf, deadline, isOver, keying, progress } from '../../src/capture/state.js';
import type { Correction } from '../../src/capture/refusal.js';
import { REASONS } from '../../src/capture/view.js';
import { cardView } from '../../src/card/card.js';
import { BAD_LUHN, CARDS, WITHOUT_LUHN } from '../card/cards.js';
import { CODE, EXPIRY, Keypad, NUMBER, POSTAL, setupWith } from './keypad.js';

const VISA = '4242424242424242';
const MASTERCARD = '5555555555554444';
const AMEX = '378282246310005';
/** Of Bancontact, whose cards have no code. */
const WITHOUT_CODE = '6703444444444449';

describe('a capture', () => {
  it('begins with its first field', () => {
    expect(progress(new Keypad().state)).toEqual({
      status: 'collecting',
      reason: null,
      current_field: NUMBER,
      fields: [
        { name: NUMBER, status: 'collecting', digits_entered: 0, masked: '', attempt: 1, error: null },
        { name: EXPIRY, status: 'pending', digits_entered: 0, masked: '', attempt: 1, error: null },
      ],
    });
  });

  it('shows a dot a digit', () => {
    expect(new Keypad().press('4242').field(NUMBER)).toEqual({
      name: NUMBER,
      status: 'collecting',
      digits_entered: 4,
      masked: '••••',
      attempt: 1,
      error: null,
    });
  });

  it('gives the whole card to the till, once', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(VISA).press('1234');
    expect(caller.effects).not.toContain('submit');
    caller.press('123');
    expect(caller.effects.slice(-2)).toEqual(['changed', 'submit']);
    expect(progress(caller.state)).toEqual({
      status: 'processing',
      reason: null,
      current_field: null,
      fields: [
        {
          name: NUMBER,
          status: 'accepted',
          digits_entered: 16,
          masked: '••••••••••••4242',
          attempt: 1,
          error: null,
        },
        { name: EXPIRY, status: 'accepted', digits_entered: 4, masked: '••••', attempt: 1, error: null },
        { name: CODE, status: 'accepted', digits_entered: 3, masked: '•••', attempt: 1, error: null },
      ],
    });
    expect(cardView(cardOf(caller.state))).toEqual({
      brand: 'visa',
      bin: '424242',
      last4: '4242',
      exp_month: 12,
      exp_year: 2034,
      networks: null,
      chosen_network: null,
    });
  });

  it('is completed by the till, wiped, and shows what it showed', () => {
    const caller = new Keypad().press(VISA).press('1234');
    const shown = progress(caller.state).fields;
    caller.tell({ type: 'done', at: caller.now });
    expect(caller.effects.slice(-2)).toEqual(['changed', 'over']);
    expect(progress(caller.state)).toEqual({
      status: 'completed',
      reason: null,
      current_field: null,
      fields: shown,
    });
    expect(caller.held).toBe(0);
    expect(isOver(caller.state)).toBe(true);
  });

  it('has a card and a code only while it is processing', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(VISA).press('1234');
    expect(() => cardOf(caller.state)).toThrow(RangeError);
    expect(() => codeOf(caller.state)).toThrow(RangeError);
    const code = codeOf(caller.press('123').state);
    expect([...(code?.reveal() ?? [])]).toEqual([1, 2, 3]);
    caller.tell({ type: 'done', at: caller.now });
    expect(() => cardOf(caller.state)).toThrow(RangeError);
    expect(() => codeOf(caller.state)).toThrow(RangeError);
    expect(code?.length).toBe(0);
  });

  it('has no code where none was asked, or the brand has none', () => {
    expect(codeOf(new Keypad().press(VISA).press('1234').state)).toBeNull();
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(WITHOUT_CODE).press('1234');
    expect([caller.state.status, codeOf(caller.state)]).toEqual(['processing', null]);
  });

  it('takes its fields in any order that the code allows', () => {
    const caller = new Keypad(setupWith([EXPIRY, POSTAL, NUMBER])).press('1234').press('75001#').press(VISA);
    expect(caller.state.status).toBe('processing');
  });

  it.each([[[NUMBER]], [[EXPIRY]], [[NUMBER, EXPIRY, NUMBER]], [[CODE, NUMBER, EXPIRY]]])(
    'does not begin with %j',
    (fields) => {
      expect(() => begin(setupWith(fields), 0)).toThrow(RangeError);
    },
  );
});

/** Its first sixteen digits are a whole number by themselves. */
const CUT_SHORT = '2204000000000000014';

describe('a published number', () => {
  it.each(CARDS.filter(([, number]) => number !== CUT_SHORT))('of %s, %s, is taken', (brand, number) => {
    const caller = new Keypad().press(number).wait(3_000);
    expect(caller.field(NUMBER)).toEqual({
      name: NUMBER,
      status: 'accepted',
      digits_entered: number.length,
      masked: '•'.repeat(number.length - 4) + number.slice(-4),
      attempt: 1,
      error: null,
    });
    caller.press('#').press('0130#');
    expect(cardView(cardOf(caller.state))).toEqual({
      brand,
      bin: number.length < 15 ? null : number.slice(0, 6),
      last4: number.slice(-4),
      exp_month: 1,
      exp_year: 2030,
      networks: null,
      chosen_network: null,
    });
  });

  it('is taken at its usual length, when Luhn holds there, though a longer one may be meant', () => {
    const caller = new Keypad().press(CUT_SHORT);
    expect(caller.field(NUMBER)).toMatchObject({ status: 'accepted', digits_entered: 16 });
    expect(caller.field(EXPIRY)).toMatchObject({ status: 'collecting', digits_entered: 3 });
  });

  it('of UnionPay is taken without Luhn', () => {
    expect(new Keypad().press(WITHOUT_LUHN).press('#').current).toBe(EXPIRY);
  });

  it('is refused where test cards are', () => {
    const caller = new Keypad(setupWith(undefined, { testCards: 'refuse' })).press(VISA);
    expect(caller.field(NUMBER)).toMatchObject({
      attempt: 2,
      error: 'invalid-card-number',
      digits_entered: 0,
    });
  });
});

describe('a card number ends', () => {
  it.each([
    ['Visa at 16', VISA],
    ['Mastercard at 16', MASTERCARD],
    ['Amex at 15', AMEX],
    ['Diners at 14', '36227206271667'],
    ['Maestro at 19', '5000000000000000005'],
    ['UnionPay at 19', '6205500000000000004'],
  ])('by itself: %s', (_what, number) => {
    const caller = new Keypad().press(number.slice(0, -1));
    expect(caller.current).toBe(NUMBER);
    expect(caller.press(number.slice(-1)).current).toBe(EXPIRY);
  });

  it.each([
    ['Maestro of 16', '6304000000000000'],
    ['UnionPay of 16', '6200000000000005'],
    ['an old Visa of 13', '4222222222222'],
  ])('at # or three seconds after the last key: %s', (_what, number) => {
    expect(new Keypad().press(number).current).toBe(NUMBER);
    expect(new Keypad().press(`${number}#`).current).toBe(EXPIRY);
    const caller = new Keypad().press(number);
    const last = caller.now - 100;
    expect(caller.state.wakeAt).toBe(last + 3_000);
    expect(caller.tell({ type: 'timer', at: last + 2_999 }).current).toBe(NUMBER);
    expect(caller.tell({ type: 'timer', at: last + 3_000 }).current).toBe(EXPIRY);
  });

  it('not at a pause where no number is so short', () => {
    expect(new Keypad().press(VISA.slice(0, 12)).wait(10_000).press(VISA.slice(12)).current).toBe(EXPIRY);
  });

  it('at once, and failing, when a brand of one length breaks Luhn', () => {
    expect(new Keypad().press('5555555555554445').field(NUMBER)).toMatchObject({
      attempt: 2,
      error: 'invalid-card-number',
    });
  });

  it('not at 16 when Visa breaks Luhn, for it may have 19', () => {
    const caller = new Keypad().press(BAD_LUHN);
    expect(caller.field(NUMBER)).toMatchObject({ attempt: 1, digits_entered: 16 });
    expect(caller.wait(3_000).field(NUMBER)).toMatchObject({ attempt: 2, error: 'invalid-card-number' });
  });

  it('with the brand refused when the flow does not take it', () => {
    const setup = setupWith(undefined, { capture: { brands: ['visa', 'mastercard'] } });
    expect(new Keypad(setup).press(AMEX).field(NUMBER)).toMatchObject({
      error: 'invalid-card-type',
      attempt: 2,
    });
  });
});

describe('an expiry', () => {
  it.each([
    ['1126', null],
    ['1026', 'invalid-date'],
    ['1326', 'invalid-date'],
    ['1247', 'invalid-date'],
    ['12#', 'invalid-date'],
  ])('keyed %s', (keys, error) => {
    const caller = new Keypad().press(VISA).press(keys);
    expect(caller.field(EXPIRY)).toMatchObject({ error, status: error === null ? 'accepted' : 'collecting' });
  });
});

describe('a security code', () => {
  it.each([
    ['of Visa has 3', VISA, '123', null],
    ['of Visa is too short', VISA, '12#', 'invalid-security-code'],
    ['of Amex has 4', AMEX, '1234', null],
    ['of Amex is too short', AMEX, '123#', 'invalid-security-code'],
  ])('%s', (_what, number, code, error) => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(number).press('1234').press(code);
    expect(caller.state.status).toBe(error === null ? 'processing' : 'collecting');
    expect(caller.field(CODE).error).toBe(error);
  });

  it('is asked at the length of the new card when the number is keyed again', () => {
    const caller = new Keypad(setupWith([NUMBER, CODE, EXPIRY])).press(VISA).press('123').clear(NUMBER);
    expect(caller.press(AMEX).press('123').current).toBe(CODE);
    expect(caller.press('4').current).toBe(EXPIRY);
  });

  it('is not asked of a brand that has none', () => {
    const caller = new Keypad(setupWith([NUMBER, CODE, EXPIRY])).press(WITHOUT_CODE);
    expect(caller.current).toBe(EXPIRY);
    expect(caller.field(CODE)).toMatchObject({ status: 'accepted', digits_entered: 0 });
    expect(caller.clear(CODE).current).toBe(EXPIRY);
    expect(caller.press('*').current).toBe(NUMBER);
    expect(caller.field(CODE).status).toBe('pending');
  });
});

describe('a postal code', () => {
  const fields = [NUMBER, EXPIRY, POSTAL];

  it('ends at the length of the flow', () => {
    const caller = new Keypad(setupWith(fields, { capture: { postal_code_length: 5 } }));
    expect(caller.press(VISA).press('1234').press('7500').current).toBe(POSTAL);
    expect(caller.press('1').state.status).toBe('processing');
  });

  it('is wrong when it is shorter than the flow says', () => {
    const caller = new Keypad(setupWith(fields, { capture: { postal_code_length: 5 } }));
    expect(caller.press(VISA).press('1234').press('7500#').field(POSTAL).error).toBe('invalid-postal-code');
  });

  it('ends at # where the flow says no length', () => {
    expect(new Keypad(setupWith(fields)).press(VISA).press('1234').press('75001#').state.status).toBe(
      'processing',
    );
  });

  it('has three digits or more, and ends by itself at ten', () => {
    const caller = new Keypad(setupWith(fields)).press(VISA).press('1234');
    expect(caller.press('75#').field(POSTAL).error).toBe('invalid-postal-code');
    expect(caller.wait(1_000).press('0123456789').state.status).toBe('processing');
  });

  it('is shown as dots when accepted', () => {
    const caller = new Keypad(setupWith([NUMBER, POSTAL, EXPIRY])).press(VISA).press('75001#');
    expect(caller.field(POSTAL).masked).toBe('•••••');
  });
});

describe('the key', () => {
  it('# does nothing in an empty field, however late', () => {
    const caller = new Keypad().press(VISA).press('#').wait(20_000).press('#');
    expect(caller.field(EXPIRY)).toMatchObject({ attempt: 1, error: null, status: 'collecting' });
    expect(deadline(caller.state)).toBe(1_500 + 180_000);
  });

  it('* clears the field and costs no attempt', () => {
    const caller = new Keypad().press('4999*');
    expect(caller.field(NUMBER)).toMatchObject({
      digits_entered: 0,
      masked: '',
      attempt: 1,
      status: 'collecting',
    });
    expect(caller.press(VISA).current).toBe(EXPIRY);
  });

  it('* in an empty field goes back to the one before', () => {
    const caller = new Keypad().press(VISA).press('*');
    expect(caller.current).toBe(NUMBER);
    expect(caller.field(NUMBER)).toMatchObject({ digits_entered: 0, masked: '', attempt: 1 });
    expect(caller.field(EXPIRY).status).toBe('pending');
    expect(caller.held).toBe(0);
    expect(caller.press(MASTERCARD).press('1234').state.brand).toBe('mastercard');
  });

  it('* keeps the attempts used, so that going round gives no new ones', () => {
    const caller = new Keypad().press(VISA).press('1326').wait(1_000).press('*').press(VISA);
    expect(caller.field(EXPIRY)).toMatchObject({ attempt: 2, error: null });
  });

  it('* in the first field, empty, does nothing', () => {
    const caller = new Keypad().press('*');
    expect([caller.current, caller.effects]).toEqual([NUMBER, []]);
  });

  it.each(['A', 'B', 'C', 'D'])('%s is no digit', (key) => {
    expect(new Keypad().press(`42${key}42`).field(NUMBER).digits_entered).toBe(4);
  });

  it('typed ahead counts into the next field', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(`${VISA}1234123`);
    expect(caller.state.status).toBe('processing');
  });

  it('no longer counts once the card is whole', () => {
    const caller = new Keypad().press(`${VISA}1234`);
    const whole = caller.state;
    expect(caller.press('*#5').state).toBe(whole);
  });
});

describe('a failed field', () => {
  it('is asked again, wiped', () => {
    const caller = new Keypad().press('5555555555554445');
    expect(caller.field(NUMBER)).toEqual({
      name: NUMBER,
      status: 'collecting',
      digits_entered: 0,
      masked: '',
      attempt: 2,
      error: 'invalid-card-number',
    });
    expect(caller.held).toBe(0);
  });

  it('shows its error until the next digit', () => {
    const caller = new Keypad().press('5555555555554445').wait(1_000).press('#*A');
    expect(caller.field(NUMBER).error).toBe('invalid-card-number');
    expect(caller.press('4').field(NUMBER).error).toBeNull();
  });

  it('drops keys until a second has passed without one', () => {
    const caller = new Keypad().press('42#');
    const failed = caller.now - 100;
    caller.now = failed + 999;
    caller.press('4');
    caller.now = failed + 999 + 999;
    caller.press('4*#A');
    expect(caller.field(NUMBER)).toMatchObject({
      attempt: 2,
      digits_entered: 0,
      error: 'invalid-card-number',
    });
    caller.now += 900;
    expect(caller.press('4').field(NUMBER).digits_entered).toBe(1);
  });

  it('drops the tail of a number that failed at a pause', () => {
    const caller = new Keypad().press(BAD_LUHN.slice(0, 13)).wait(2_900).press(BAD_LUHN.slice(13));
    expect(caller.field(NUMBER)).toMatchObject({ attempt: 2, digits_entered: 0 });
    expect(caller.wait(900).press(VISA).current).toBe(EXPIRY);
  });

  it('ends the capture with the last attempt', () => {
    const caller = new Keypad();
    for (let attempt = 1; attempt <= 3; attempt++) caller.press('42#').wait(1_000);
    expect(progress(caller.state)).toEqual({
      status: 'failed',
      reason: 'attempts_used_up',
      current_field: null,
      fields: [
        {
          name: NUMBER,
          status: 'pending',
          digits_entered: 0,
          masked: '',
          attempt: 3,
          error: 'invalid-card-number',
        },
        { name: EXPIRY, status: 'pending', digits_entered: 0, masked: '', attempt: 1, error: null },
      ],
    });
    expect(caller.effects.slice(-2)).toEqual(['changed', 'over']);
  });

  it('has attempts of its own', () => {
    const caller = new Keypad().press('42#').wait(1_000).press('42#').wait(1_000).press(VISA);
    caller.press('13#').wait(1_000).press('13#').wait(1_000);
    expect(caller.field(EXPIRY)).toMatchObject({ attempt: 3, error: 'invalid-date' });
    expect(caller.press('1234').state.status).toBe('processing');
  });
});

describe('time', () => {
  it('gives 180 s to the first key of a field and 30 s to each next one', () => {
    const caller = new Keypad();
    expect(deadline(caller.state)).toBe(180_000);
    caller.wait(100_000).press('4');
    expect(deadline(caller.state)).toBe(130_000);
    caller.press(VISA.slice(1));
    expect(deadline(caller.state)).toBe(101_500 + 180_000);
  });

  it('runs out as an attempt', () => {
    const caller = new Keypad().press('4242').wait(29_899);
    expect(caller.field(NUMBER).attempt).toBe(1);
    expect(caller.wait(1).field(NUMBER)).toMatchObject({ attempt: 2, error: 'timeout', digits_entered: 0 });
  });

  it('ends a capture at which nobody keys', () => {
    const caller = new Keypad().wait(3 * 180_000);
    expect(caller.state).toMatchObject({ status: 'failed', reason: 'attempts_used_up', wakeAt: null });
  });

  it('counts before the event that finds it run out', () => {
    const caller = new Keypad();
    caller.now = 180_000;
    expect(caller.press('4').field(NUMBER)).toMatchObject({
      attempt: 2,
      error: 'timeout',
      digits_entered: 0,
    });
  });

  it('does not use up several attempts when the timer comes very late', () => {
    const caller = new Keypad().tell({ type: 'timer', at: 10 * 180_000 });
    expect(caller.field(NUMBER).attempt).toBe(2);
    expect(deadline(caller.state)).toBe(11 * 180_000);
  });

  it('is given again by extend', () => {
    const caller = new Keypad().wait(179_000).tell({ type: 'extend', at: 179_000 });
    expect(caller.effects).toEqual(['changed']);
    expect(deadline(caller.state)).toBe(359_000);
    caller.press('4').wait(20_000);
    caller.tell({ type: 'extend', at: caller.now });
    expect(deadline(caller.state)).toBe(caller.now + 30_000);
  });

  it('stands still when the card is whole', () => {
    const { state } = new Keypad().press(`${VISA}1234`);
    expect([state.wakeAt, deadline(state)]).toEqual([null, null]);
  });

  it('says keying for a second and a half after any key', () => {
    const caller = new Keypad();
    expect(keying(caller.state, 0)).toBe(false);
    caller.press('A');
    expect([keying(caller.state, 1_499), keying(caller.state, 1_500)]).toEqual([true, false]);
  });
});

describe('a co-badged card', () => {
  const CB_VISA = '4000002500001001';
  const asked = (fields = [NUMBER, EXPIRY]) => new Keypad(setupWith(fields, { askNetwork: true }));
  /** Whoever listens to the question keys nothing for a second. */
  const listening = (fields = [NUMBER, EXPIRY]) => asked(fields).press(CB_VISA).wait(1_000);
  const choice = ({ state: { networks, network, choosing } }: Keypad) => ({ networks, network, choosing });

  it('has the caller asked, with no field open, before anything else is keyed', () => {
    const caller = listening();
    expect(caller.effects.slice(-2)).toEqual(['changed', 'ask_network']);
    expect(choice(caller)).toEqual({
      networks: ['cartes_bancaires', 'visa'],
      network: null,
      choosing: true,
    });
    expect(progress(caller.state)).toMatchObject({
      ...{ status: 'collecting', current_field: null },
      fields: [
        { status: 'accepted', masked: '••••••••••••1001' },
        { status: 'pending', digits_entered: 0 },
      ],
    });
    expect(deadline(caller.state)).toBe(caller.state.waitingSince + 10_000);
  });

  it.each([
    ['1', 'cartes_bancaires'],
    ['2', 'visa'],
    ['#', null],
  ])('is charged as the key says: %s', (key, network) => {
    const caller = listening().press(key);
    expect([caller.state.network, caller.current]).toEqual([network, EXPIRY]);
    expect(caller.press('1234').state).toMatchObject({ status: 'processing', network });
  });

  it('is as the provider likes when nobody answers in ten seconds', () => {
    const caller = asked().press(CB_VISA).wait(9_800);
    expect(caller.current).toBe(null);
    expect(caller.wait(100)).toMatchObject({ current: EXPIRY, state: { network: null } });
    // An answer that comes a little late is no digit.
    expect(caller.press('1').field(EXPIRY).digits_entered).toBe(0);
    expect(caller.wait(1_000).press('1234').state.status).toBe('processing');
  });

  it('waits on at any other key, and longer when the agent says so', () => {
    const caller = listening().press('3450').wait(8_000);
    expect(choice(caller)).toMatchObject({ network: null, choosing: true });
    caller.tell({ type: 'extend', at: caller.now }).wait(9_000);
    expect(caller.press('2').state.network).toBe('visa');
  });

  it('takes what was keyed ahead for no answer, nor the # that ends a number', () => {
    const caller = asked().press(`${CB_VISA}#1234`);
    expect(choice(caller)).toMatchObject({ network: null, choosing: true });
    expect(caller.wait(1_000).press('11234').state).toMatchObject({
      status: 'processing',
      network: 'cartes_bancaires',
    });
  });

  it('is keyed again after *, and is asked again', () => {
    const caller = listening().press('*');
    expect([caller.current, caller.held]).toEqual([NUMBER, 0]);
    expect(choice(caller)).toEqual({ networks: null, network: null, choosing: false });
    caller.press(CB_VISA).wait(1_000).press('2*').press(VISA);
    expect([caller.current, caller.state.network]).toEqual([EXPIRY, null]);
  });

  it('keeps the choice when its code was refused, and loses it with its number', () => {
    const caller = listening([NUMBER, EXPIRY, CODE]).press('21234123');
    const refused = { type: 'refused', reason: 'charge_declined' } as const;
    caller.tell({ ...refused, at: caller.now, correction: { field: CODE, error: 'invalid-security-code' } });
    expect(choice(caller)).toMatchObject({ network: 'visa', choosing: false });
    caller.wait(1_000).press('123');
    caller.tell({ ...refused, at: caller.now, correction: { field: NUMBER, error: 'invalid-card-number' } });
    expect(choice(caller)).toEqual({ networks: null, network: null, choosing: false });
    expect(caller.wait(1_000).press(CB_VISA).current).toBe(null);
  });

  it('is asked last where its number is keyed last', () => {
    const caller = asked([EXPIRY, NUMBER]).press(`1234${CB_VISA}`).wait(1_000);
    expect(caller.state.status).toBe('collecting');
    expect(caller.press('1').state).toMatchObject({ status: 'processing', network: 'cartes_bancaires' });
  });

  it('is not asked where the flow does not, nor of a card that has one network', () => {
    expect(new Keypad().press(CB_VISA)).toMatchObject({
      ...{ current: EXPIRY, state: { networks: ['cartes_bancaires', 'visa'], choosing: false } },
    });
    expect(asked().press('4360000001000005')).toMatchObject({
      ...{ current: EXPIRY, state: { networks: ['cartes_bancaires'], choosing: false } },
    });
    expect(asked().press(VISA)).toMatchObject({ current: EXPIRY, state: { networks: null } });
  });

  it('is known by the ranges of the flow, too', () => {
    const co_badged = [{ prefix: '424242', networks: ['cartes_bancaires', 'visa'] }];
    const caller = new Keypad(setupWith([NUMBER, EXPIRY], { askNetwork: true, capture: { co_badged } }));
    expect(caller.press(VISA).wait(1_000).press('2').state.network).toBe('visa');
  });

  it('whose caller leaves while asked is over', () => {
    const caller = listening();
    caller.tell({ type: 'fail', at: caller.now, reason: 'caller_hung_up' });
    expect([caller.state.wakeAt, caller.held, deadline(caller.state)]).toEqual([null, 0, null]);
  });
});

describe('the agent', () => {
  it('has a field keyed again, and those after it', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE]))
      .press(VISA)
      .press('1234')
      .press('1')
      .clear(NUMBER);
    expect(progress(caller.state).fields).toEqual([
      { name: NUMBER, status: 'collecting', digits_entered: 0, masked: '', attempt: 1, error: null },
      { name: EXPIRY, status: 'pending', digits_entered: 0, masked: '', attempt: 1, error: null },
      { name: CODE, status: 'pending', digits_entered: 0, masked: '', attempt: 1, error: null },
    ]);
    expect(caller.held).toBe(0);
    expect(caller.state.brand).toBeNull();
  });

  it('keeps the fields before it', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(VISA).press('1234').clear(EXPIRY);
    expect(caller.field(NUMBER)).toMatchObject({ status: 'accepted', masked: '••••••••••••4242' });
    expect(caller.current).toBe(EXPIRY);
  });

  it('gives all the attempts again', () => {
    const caller = new Keypad().press('42#').clear(NUMBER);
    expect(caller.field(NUMBER)).toMatchObject({ attempt: 1, error: null });
  });

  it.each([EXPIRY, CODE])(
    'changes nothing by clearing a field that was not reached or asked: %s',
    (field) => {
      const caller = new Keypad().press('42');
      expect(caller.clear(field).field(NUMBER).digits_entered).toBe(2);
      expect(caller.current).toBe(NUMBER);
    },
  );

  it.each([
    ['agent', 'cancelled_by_agent'],
    ['caller', 'cancelled_by_caller'],
  ] as const)('or the caller cancels: %s', (by, reason) => {
    const caller = new Keypad().press(VISA).press('12');
    caller.tell({ type: 'cancel', at: caller.now, by });
    expect(caller.state).toMatchObject({ status: 'cancelled', reason, wakeAt: null });
    expect(caller.held).toBe(0);
    expect(caller.field(NUMBER)).toMatchObject({ digits_entered: 0, masked: '' });
  });
});

describe('an end', () => {
  it.each(REASONS)('while collecting is a failure: %s', (reason) => {
    const caller = new Keypad().press('4242');
    caller.tell({ type: 'fail', at: caller.now, reason });
    expect(caller.state).toMatchObject({ status: 'failed', reason });
    expect([caller.held, caller.effects.at(-1)]).toEqual([0, 'over']);
  });

  it.each(['vault_unavailable', 'verification_failed', 'charge_declined', 'charge_unknown'] as const)(
    'while processing is the answer from behind: %s',
    (reason) => {
      const caller = new Keypad().press(`${VISA}1234`);
      caller.tell({ type: 'fail', at: caller.now, reason });
      expect(caller.state).toMatchObject({ status: 'failed', reason });
      expect(caller.held).toBe(0);
    },
  );

  it('while processing is nothing else: the till still reads the digits', () => {
    const caller = new Keypad().press(`${VISA}1234`);
    const { effects } = caller;
    const before = effects.length;
    for (const reason of ['caller_hung_up', 'agent_hung_up', 'guard_alarm', 'service_restarted'] as const) {
      caller.tell({ type: 'fail', at: caller.now, reason });
    }
    caller.tell({ type: 'cancel', at: caller.now, by: 'agent' }).clear(NUMBER);
    caller.tell({ type: 'extend', at: caller.now });
    expect([caller.state.status, caller.held, effects.length]).toEqual(['processing', 20, before]);
    caller.tell({ type: 'done', at: caller.now });
    expect(caller.state).toMatchObject({ status: 'completed', reason: null });
  });

  it('is final', () => {
    const caller = new Keypad().tell({ type: 'cancel', at: 0, by: 'agent' });
    const end = caller.state;
    caller.press(VISA).clear(NUMBER).tell({ type: 'done', at: caller.now });
    caller.tell({ type: 'fail', at: caller.now, reason: 'caller_hung_up' });
    expect(caller.state).toBe(end);
  });

  it('does not come by an answer to a question that was not put', () => {
    expect(new Keypad().press(VISA).tell({ type: 'done', at: 0 }).state.status).toBe('collecting');
  });
});

describe('a refusal', () => {
  const whole = (fields = [NUMBER, EXPIRY, CODE], capture = {}) =>
    new Keypad(setupWith(fields, { capture })).press(VISA).press('1234').press('123');
  const refuse = (caller: Keypad, correction: Correction | null) =>
    caller.tell({ type: 'refused', at: caller.now, correction, reason: 'charge_declined' });
  const WRONG_CODE = { field: CODE, error: 'invalid-security-code' } as const;
  const WRONG_NUMBER = { field: NUMBER, error: 'invalid-card-number' } as const;
  const WRONG_DATE = { field: EXPIRY, error: 'invalid-date' } as const;

  it('of the code has the code keyed again, and nothing else', () => {
    const caller = refuse(whole(), WRONG_CODE);
    expect([caller.state.status, caller.current, caller.held]).toEqual(['collecting', CODE, 20]);
    expect(caller.field(CODE)).toEqual({
      ...{ name: CODE, status: 'collecting', digits_entered: 0, masked: '' },
      ...{ attempt: 2, error: 'invalid-security-code' },
    });
    expect(caller.field(NUMBER)).toMatchObject({
      status: 'accepted',
      masked: '••••••••••••4242',
      attempt: 1,
    });
    expect(caller.effects.slice(-1)).toEqual(['changed']);
    caller.wait(1_000).press('456');
    expect([...(codeOf(caller.state)?.reveal() ?? [])]).toEqual([4, 5, 6]);
    expect(caller.effects.filter((effect) => effect === 'submit')).toHaveLength(2);
  });

  it('of the number has number and code keyed again, the code at the length of the new card', () => {
    const caller = refuse(whole(), WRONG_NUMBER);
    expect([caller.current, caller.held, caller.state.brand]).toEqual([NUMBER, 4, null]);
    expect(caller.field(NUMBER)).toMatchObject({ attempt: 2, error: 'invalid-card-number', masked: '' });
    expect(caller.field(CODE)).toMatchObject({ status: 'pending', attempt: 1, error: null });
    caller.wait(1_000).press(AMEX);
    expect([caller.current, caller.field(EXPIRY).status]).toEqual([CODE, 'accepted']);
    expect(caller.press('1234').state).toMatchObject({ status: 'processing', brand: 'amex' });
  });

  it('of the date has date and code keyed again', () => {
    const caller = refuse(whole(), WRONG_DATE);
    expect([caller.current, caller.held]).toEqual([EXPIRY, 16]);
    expect(caller.field(EXPIRY)).toMatchObject({ attempt: 2, error: 'invalid-date' });
    expect(caller.wait(1_000).press('0140').press('123').state.status).toBe('processing');
  });

  it('leaves the error where it belongs when another field is asked before', () => {
    const caller = new Keypad(setupWith([NUMBER, CODE, EXPIRY])).press(VISA).press('123').press('1234');
    refuse(caller, WRONG_DATE);
    expect([caller.current, caller.field(EXPIRY).error, caller.field(CODE).error]).toEqual([
      CODE,
      'invalid-date',
      null,
    ]);
    caller.wait(1_000).press('123');
    expect([caller.current, caller.field(EXPIRY).error]).toEqual([EXPIRY, 'invalid-date']);
  });

  it('drops the keys that the caller is still at', () => {
    const caller = refuse(whole(), WRONG_CODE).press('77');
    expect(caller.field(CODE).digits_entered).toBe(0);
    expect(caller.wait(1_000).press('45').field(CODE).digits_entered).toBe(2);
  });

  it('leaves the field open that is keyed again when the agent clears a later one', () => {
    const caller = new Keypad().press(VISA).press('1234');
    const correction: Correction = { field: NUMBER, error: 'invalid-card-number' };
    caller.tell({ type: 'refused', at: caller.now, correction, reason: 'charge_declined' }).clear(EXPIRY);
    expect([caller.field(NUMBER).status, caller.field(EXPIRY).status]).toEqual(['collecting', 'pending']);
    expect(caller.wait(1_000).press(VISA).press('0130').state.status).toBe('processing');
  });

  it('that uses up the attempts of the flow ends the capture', () => {
    const caller = whole();
    for (const attempt of [2, 3]) {
      refuse(caller, WRONG_CODE);
      expect(caller.field(CODE).attempt).toBe(attempt);
      caller.wait(1_000).press('123');
    }
    refuse(caller, WRONG_CODE);
    expect(caller.state).toMatchObject({ status: 'failed', reason: 'attempts_used_up' });
    expect(caller.held).toBe(0);
  });

  it('counts with the attempts that failed here', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE], { capture: { attempts: 2 } }));
    caller.press(VISA).press('1234').press('12#').wait(1_000).press('123');
    expect(refuse(caller, WRONG_CODE).state).toMatchObject({ status: 'failed', reason: 'attempts_used_up' });
  });

  it.each([
    ['nothing that was keyed is wrong', [NUMBER, EXPIRY, CODE], null],
    ['what is wrong was not asked', [NUMBER, EXPIRY], WRONG_CODE],
  ] as const)('ends the capture when %s', (_, fields, correction) => {
    const caller = refuse(whole([...fields]), correction);
    expect(caller.state).toMatchObject({ status: 'failed', reason: 'charge_declined' });
    expect(caller.held).toBe(0);
  });

  it('of a code that the brand does not have ends the capture', () => {
    const caller = new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press(WITHOUT_CODE).press('1234');
    expect(refuse(caller, WRONG_CODE).state).toMatchObject({ status: 'failed', reason: 'charge_declined' });
  });

  it.each([
    { type: 'fail', reason: 'caller_hung_up' },
    { type: 'fail', reason: 'guard_alarm' },
    { type: 'cancel', by: 'agent' },
  ] as const)('asks nobody again after $type $reason', (event) => {
    const caller = whole();
    caller.tell({ ...event, at: caller.now });
    expect(refuse(caller, WRONG_CODE).state).toMatchObject({ status: 'failed', reason: 'charge_declined' });
    expect(caller.held).toBe(0);
  });
});
