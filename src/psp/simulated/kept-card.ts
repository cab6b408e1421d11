import { issueOf } from '../../card/brands.js';
import { luhn } from '../../card/luhn.js';
import { lastFour } from '../../card/mask.js';
import type { Secret } from '../../secret.js';
import { APPROVED, CARD_SCENARIOS, CO_BADGED, type Scenario, type Verdict } from './scenarios.js';

const ZERO = 0x30;

/** What the provider knows of a card once the request is over: nothing from which the number can be told. */
export interface KeptCard {
  last4: string;
  scenario: Scenario;
  /** What it can be charged as, the usual one first; empty where the provider doesn't say. */
  networks: readonly string[];
}

/** `number`: digits as bytes 0–9. A number with a wrong check digit is one that the issuer doesn't know. */
export function keptCard(number: Secret): KeptCard {
  const digits = number.reveal();
  const known = <T>(table: Readonly<Record<string, T>>): T | undefined =>
    Object.entries(table).find(([text]) => spells(digits, text))?.[1];
  const unchecked = issueOf(digits)?.luhn === false;
  return {
    last4: lastFour(digits),
    scenario: unchecked || luhn(digits) ? (known(CARD_SCENARIOS) ?? APPROVED) : NO_SUCH_NUMBER,
    networks: known(CO_BADGED) ?? usualNetworks(digits),
  };
}

/** What the issuer says to this code; null where none was sent. */
export function judge(verdict: Verdict, code: Secret | null): Verdict {
  if (verdict.approved || verdict.unlessCode === null) return verdict;
  return code === null || spells(code.reveal(), verdict.unlessCode) ? APPROVED.verdict : verdict;
}

const NO_SUCH_NUMBER: Scenario = {
  name: 'wrong_number',
  title: { en: 'No such number', fr: 'Numéro inconnu' },
  verdict: { approved: false, code: 'no_such_number', unlessCode: null },
  fault: null,
};

function usualNetworks(digits: Uint8Array): readonly string[] {
  const brand = issueOf(digits)?.brand;
  return brand === 'visa' || brand === 'mastercard' ? [brand] : [];
}

function spells(digits: Uint8Array, text: string): boolean {
  return (
    digits.length === text.length &&
    digits.every((digit, position) => digit + ZERO === text.charCodeAt(position))
  );
}
