import { createHmac } from 'node:crypto';
import { issueOf, type Brand } from '../../card/brands.js';
import { luhn } from '../../card/luhn.js';
import { lastFour } from '../../card/mask.js';
import type { Secret } from '../../secret.js';
import { APPROVED, CARD_SCENARIOS, CO_BADGED, type Scenario, type Verdict } from './scenarios.js';

const ZERO = 0x30;
/** Characters of base64: 132 bits. */
const FINGERPRINT_LENGTH = 22;

export interface Expiry {
  /** 1–12. */
  month: number;
  /** Four digits. */
  year: number;
}

/** What the provider knows of a card once the request is over: nothing from which the number can be told. */
export interface KeptCard {
  /** Null: of no brand that is known. */
  brand: Brand | null;
  last4: string;
  expiry: Expiry;
  /** Alike for the same number. */
  fingerprint: string;
  scenario: Scenario;
  /** What it can be charged as, the usual one first; empty where the provider doesn't say. */
  networks: readonly string[];
}

/**
 * `number`: digits as bytes 0–9; `key`: of fingerprints. A number with a wrong check digit is one that the issuer
 * doesn't know.
 */
export function keptCard(number: Secret, expiry: Expiry, key: Buffer): KeptCard {
  const digits = number.reveal();
  const known = <T>(table: Readonly<Record<string, T>>): T | undefined =>
    Object.entries(table).find(([text]) => spells(digits, text))?.[1];
  const issue = issueOf(digits);
  const unchecked = issue?.luhn === false;
  return {
    brand: issue?.brand ?? null,
    last4: lastFour(digits),
    expiry,
    fingerprint: createHmac('sha256', key).update(digits).digest('base64url').slice(0, FINGERPRINT_LENGTH),
    scenario: unchecked || luhn(digits) ? (known(CARD_SCENARIOS) ?? APPROVED) : NO_SUCH_NUMBER,
    networks: known(CO_BADGED) ?? usualNetworks(issue?.brand),
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

function usualNetworks(brand: Brand | undefined): readonly string[] {
  return brand === 'visa' || brand === 'mastercard' ? [brand] : [];
}

function spells(digits: Uint8Array, text: string): boolean {
  return (
    digits.length === text.length &&
    digits.every((digit, position) => digit + ZERO === text.charCodeAt(position))
  );
}
