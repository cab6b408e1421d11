/** Published test numbers (of Stripe and Adyen) that the phone page offers, and what each is good for showing. */
export interface ShownCard {
  name: string;
  /** Digits as on a card; spaces are for reading. */
  number: string;
  /** Keys after the number: `#` where nothing else ends it at once. */
  ending: '' | '#';
  valid: boolean;
}

export const SHOWN_CARDS: readonly ShownCard[] = [
  { name: 'Visa', number: '4242 4242 4242 4242', ending: '', valid: true },
  { name: 'Mastercard', number: '5555 5555 5555 4444', ending: '', valid: true },
  { name: 'American Express', number: '3782 822463 10005', ending: '', valid: true },
  { name: 'Diners Club', number: '3622 720627 1667', ending: '', valid: true },
  { name: 'Maestro', number: '6771 7980 2100 0008', ending: '#', valid: true },
  { name: 'UnionPay', number: '6205 5000 0000 0000 004', ending: '#', valid: true },
  { name: 'Visa', number: '4242 4242 4242 4241', ending: '', valid: false },
  { name: 'Visa', number: '4000 0000 0000 0127', ending: '', valid: true },
  { name: 'Visa', number: '4000 0000 0000 0002', ending: '', valid: true },
  { name: 'Visa', number: '4000 0027 6000 3184', ending: '', valid: true },
  { name: 'Mastercard', number: '5105 1051 0510 5100', ending: '', valid: true },
];

/** Month and year: any date to come will do. */
export const SHOWN_EXPIRY = '1234';

export function digitsOf({ number }: ShownCard): string {
  return number.replaceAll(' ', '');
}

/** A code of the length that the brand has. */
export function shownCode({ name }: ShownCard): string {
  return name === 'American Express' ? '1234' : '123';
}

/** In fours, as on most cards. */
export function grouped(number: string): string {
  return number.replaceAll(/(.{4})(?=.)/g, '$1 ');
}
