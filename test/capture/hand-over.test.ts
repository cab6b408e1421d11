import { describe, expect, it } from '@jest/globals';
import { progress } from '../../src/capture/state.js';
import { CODE, EXPIRY, Keypad, NUMBER, setupWith } from './keypad.js';

const keyed = () => new Keypad(setupWith([NUMBER, EXPIRY, CODE])).press('42424242424242421234');

describe('a capture that is handed over', () => {
  it('forgets what was keyed, gives nothing to the till, and takes no more keys', () => {
    const keypad = keyed();
    const digits = keypad.state.fields.map((field) => field.digits);
    keypad.effects = [];
    keypad.tell({ type: 'hand_over', at: keypad.now });
    expect(progress(keypad.state)).toMatchObject({ status: 'processing', current_field: null });
    expect(keypad.effects).toEqual(['changed']);
    expect(digits.map(({ length }) => length)).toEqual([0, 0, 0]);
    keypad.press('123#').wait(600_000);
    expect(keypad.state.fields.map(({ digits_entered }) => digits_entered)).toEqual([0, 0, 0]);
    expect(keypad.effects).toEqual(['changed']);
  });

  it('is not handed over once the till has it, or when it is over', () => {
    const submitted = keyed().press('123');
    const before = submitted.state;
    submitted.tell({ type: 'hand_over', at: submitted.now });
    expect(submitted.state.fields).toBe(before.fields);
    const cancelled = keyed().tell({ type: 'cancel', at: 9_000, by: 'agent' });
    cancelled.tell({ type: 'hand_over', at: 9_000 });
    expect(progress(cancelled.state).status).toBe('cancelled');
  });

  it('fails where the link comes to nothing', () => {
    const keypad = keyed().tell({ type: 'hand_over', at: 9_000 });
    keypad.tell({ type: 'fail', at: 9_000, reason: 'vault_unavailable' });
    expect(progress(keypad.state)).toMatchObject({ status: 'failed', reason: 'vault_unavailable' });
  });
});
