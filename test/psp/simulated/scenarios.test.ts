import { describe, expect, it } from '@jest/globals';
import { isTestNumber } from '../../../src/card/test-numbers.js';
import { DECLINE_CODES } from '../../../src/psp/decline-code.js';
import { providerCode } from '../../../src/psp/provider-code.js';
import { simulatedDecline } from '../../../src/psp/simulated-declines.js';
import {
  AMOUNT_SCENARIOS,
  CARD_SCENARIOS,
  CO_BADGED,
  type Scenario,
} from '../../../src/psp/simulated/scenarios.js';

const ALL: readonly Scenario[] = [...Object.values(CARD_SCENARIOS), ...Object.values(AMOUNT_SCENARIOS)];

describe('the scenarios', () => {
  it('are of published test cards alone', () => {
    const numbers = [...Object.keys(CARD_SCENARIOS), ...Object.keys(CO_BADGED)];
    expect(numbers.filter((number) => !isTestNumber(Uint8Array.from(number, Number)))).toEqual([]);
  });

  it.each(['by card', 'by amount'])('make every refusal happen, %s', (by) => {
    const table = Object.values(by === 'by card' ? CARD_SCENARIOS : AMOUNT_SCENARIOS);
    const codes = table.flatMap(({ verdict }) =>
      verdict.approved ? [] : [simulatedDecline(providerCode(verdict.code))],
    );
    expect(DECLINE_CODES.filter((code) => !codes.includes(code))).toEqual([]);
  });

  it('are described in both languages', () => {
    expect(ALL.filter(({ title }) => title.en === '' || title.fr === '' || title.en === title.fr)).toEqual(
      [],
    );
  });

  it('have one refusal that means nothing to us', () => {
    const unknown = ALL.filter(
      ({ name, verdict }) =>
        !verdict.approved &&
        name !== 'declined' &&
        simulatedDecline(providerCode(verdict.code)) === 'card_declined',
    );
    expect(unknown.map(({ name }) => name)).toEqual(['unheard_of']);
  });
});
