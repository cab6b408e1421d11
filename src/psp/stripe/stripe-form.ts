import type { Instrument } from '../psp.js';

/** A request's parameters by the names that Stripe's pages give them, such as `metadata[reference]`. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

/** A card as it was keyed. */
export type KeyedCard = Extract<Instrument, { kind: 'card' }>;

const ZERO = 0x30;
const CARD = 'payment_method_data[card]';
/** Number, code, month and year with the names they go under: under 300 bytes. */
const ROOM_FOR_CARD = 512;

export function queryOf(fields: Fields): string {
  const pairs = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(pairs).toString();
}

/** The parameters form-encoded, and the card behind them: its digits are written as bytes and never are a string. */
export function formOf(fields: Fields, keyed: KeyedCard | null): Buffer {
  const open = queryOf(fields);
  if (keyed === null) return Buffer.from(open);
  const { card, code } = keyed;
  const form = Buffer.from(new ArrayBuffer(open.length + ROOM_FOR_CARD));
  const dates = { [`${CARD}[exp_month]`]: card.expMonth, [`${CARD}[exp_year]`]: card.expYear };
  let at = form.write(`${open}&${queryOf({ 'payment_method_data[type]': 'card', ...dates })}`);
  at = writeDigits(form, at, 'number', card.number.reveal());
  if (code !== null) at = writeDigits(form, at, 'cvc', code.reveal());
  return form.subarray(0, at);
}

function writeDigits(form: Buffer, start: number, name: string, digits: Uint8Array): number {
  let at = start + form.write(`&${encodeURIComponent(`${CARD}[${name}]`)}=`, start);
  for (const digit of digits) form[at++] = ZERO + digit;
  return at;
}
