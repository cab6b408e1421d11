/** Card brands and the number ranges that tell them. A brand is what the number says: a co-badge (CB, Dankort under Visa) doesn't show. */
export const BRANDS = [
  'visa',
  'mastercard',
  'amex',
  'discover',
  'diners',
  'jcb',
  'unionpay',
  'maestro',
  'elo',
  'hipercard',
  'troy',
  'verve',
  'rupay',
  'mir',
  'dankort',
  'bancontact',
] as const;
export type Brand = (typeof BRANDS)[number];

/** Ranges of one brand whose numbers are built alike. */
export interface Issue {
  readonly brand: Brand;
  /** First digits, single or from-to, of six digits at most. */
  readonly prefixes: string;
  /** Every length that such a number may have, shortest first. */
  readonly lengths: readonly number[];
  /** The length at which a number with a right check digit is taken to be whole; null: any of them may be. */
  readonly usual: number | null;
  /** Whether the last digit is always a Luhn check digit. */
  readonly luhn: boolean;
  /** Digits of the security code; 0: the cards have none. */
  readonly code: 0 | 3 | 4;
}

const TO_19 = [16, 17, 18, 19];
const ELO =
  '401178-401179 431274 438935 451416 457393 457631-457632 504175 506699-506778 509000-509999 627780 636297 ' +
  '636368 650031-650033 650035-650051 650405-650439 650485-650538 650541-650598 650700-650718 650720-650727 ' +
  '650901-650978 651652-651679 655000-655019 655021-655058';
const HIPERCARD = '606282 637095 637568 637599 637609 637612';
const RUPAY = '508500-508999 606985-607984 608001-608500 652150-653149 817200-820199';

/**
 * ISO/IEC 7812 numbers as the schemes publish them. The longest prefix wins; among equals the upper row.
 * Diners 300-305 and 38 exist with 14 and with 16 digits, so 14 is known there but ends nothing. UnionPay with 14 and
 * 15 digits has been seen, but without a check digit a number keyed short would pass for one.
 */
export const ISSUES: readonly Issue[] = [
  { brand: 'elo', prefixes: ELO, lengths: [16], usual: 16, luhn: true, code: 3 },
  { brand: 'hipercard', prefixes: HIPERCARD, lengths: [16], usual: 16, luhn: true, code: 3 },
  { brand: 'troy', prefixes: '9792', lengths: [16], usual: 16, luhn: true, code: 3 },
  {
    brand: 'verve',
    prefixes: '506099-506198 507865-507964',
    lengths: [16, 18, 19],
    usual: 16,
    luhn: true,
    code: 3,
  },
  { brand: 'rupay', prefixes: RUPAY, lengths: [16], usual: 16, luhn: true, code: 3 },
  { brand: 'mir', prefixes: '2200-2204', lengths: TO_19, usual: 16, luhn: true, code: 3 },
  { brand: 'mastercard', prefixes: '51-55 2221-2720', lengths: [16], usual: 16, luhn: true, code: 3 },
  { brand: 'amex', prefixes: '34 37', lengths: [15], usual: 15, luhn: true, code: 4 },
  { brand: 'diners', prefixes: '36', lengths: [14, ...TO_19], usual: 14, luhn: true, code: 3 },
  { brand: 'diners', prefixes: '300-305 38', lengths: [14, ...TO_19], usual: 16, luhn: true, code: 3 },
  { brand: 'diners', prefixes: '3095 39', lengths: TO_19, usual: 16, luhn: true, code: 3 },
  {
    brand: 'discover',
    prefixes: '6011 644-649 65 622126-622925',
    lengths: TO_19,
    usual: 16,
    luhn: true,
    code: 3,
  },
  { brand: 'jcb', prefixes: '3528-3589', lengths: TO_19, usual: 16, luhn: true, code: 3 },
  { brand: 'jcb', prefixes: '1800 2131', lengths: [15], usual: 15, luhn: true, code: 3 },
  { brand: 'unionpay', prefixes: '62 810-817', lengths: TO_19, usual: null, luhn: false, code: 3 },
  {
    brand: 'maestro',
    prefixes: '50 56-58 6 6759 676770 676774',
    lengths: [12, 13, 14, 15, ...TO_19],
    usual: null,
    luhn: true,
    code: 3,
  },
  { brand: 'dankort', prefixes: '5019', lengths: [16], usual: 16, luhn: true, code: 3 },
  { brand: 'bancontact', prefixes: '6703', lengths: TO_19, usual: 16, luhn: true, code: 0 },
  { brand: 'visa', prefixes: '4', lengths: [13, 16, 18, 19], usual: 16, luhn: true, code: 3 },
];

interface Range {
  readonly size: number;
  readonly from: number;
  readonly to: number;
  readonly issue: Issue;
}

/** Longest prefixes first; the sort is stable, so rows of the table keep their order. */
const RANGES: readonly Range[] = ISSUES.flatMap((issue) =>
  issue.prefixes.split(' ').map((prefix) => {
    const [from = '', to = from] = prefix.split('-');
    return { size: from.length, from: Number(from), to: Number(to), issue };
  }),
).toSorted((a, b) => b.size - a.size);

/** The ranges that a number (bytes 0–9) belongs to; null when no brand claims it. Certain from six digits on. */
export function issueOf(digits: Uint8Array): Issue | null {
  for (const range of RANGES) {
    if (digits.length < range.size) continue;
    const prefix = prefixOf(digits, range.size);
    if (prefix >= range.from && prefix <= range.to) return range.issue;
  }
  return null;
}

/** How many digits the security code of a brand has; 0: its cards have none. */
export function codeDigits(brand: Brand): Issue['code'] {
  return ISSUES.find((issue) => issue.brand === brand)?.code ?? 3;
}

function prefixOf(digits: Uint8Array, size: number): number {
  let prefix = 0;
  for (let i = 0; i < size; i++) prefix = prefix * 10 + (digits[i] ?? 0);
  return prefix;
}
