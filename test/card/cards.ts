import type { Brand } from '../../src/card/brands.js';
import { TEST_NUMBERS } from '../../src/card/test-numbers.js';

/** Shapes that nobody publishes: made by hand, the Luhn digit holds. */
const MADE: readonly (readonly [Brand, string])[] = [
  ['visa', '4000000000000000014'],
  ['mir', '2200000000000004'],
  ['mir', '2204000000000000014'],
  ['rupay', '6521500000000006'],
  ['rupay', '6074000000000008'],
  ['rupay', '5085000000000007'],
  ['maestro', '501800000009'],
  ['maestro', '5018000000007'],
  ['maestro', '630400000000000000'],
  ['jcb', '3528000000000000007'],
  ['diners', '3000000000000000015'],
  ['discover', '6011000000000000019'],
  ['elo', '6500310000000005'],
  ['hipercard', '6062820000000003'],
  ['troy', '9792000000000003'],
  ['unionpay', '622000000000000001'],
];

/** UnionPay gives out numbers whose last digit is no Luhn digit. */
export const WITHOUT_LUHN = '6200000000000001';
/** As a payment provider publishes it, to be refused. */
export const BAD_LUHN = '4242424242424241';

export const CARDS: readonly (readonly [Brand, string])[] = [
  ...Object.entries(TEST_NUMBERS).flatMap(([brand, numbers]) =>
    numbers.map((number) => [brand as Brand, number] as const),
  ),
  ...MADE,
];

/** Digits as the code has them: bytes 0–9. */
export function bytes(number: string): Uint8Array {
  return Uint8Array.from(number, Number);
}
