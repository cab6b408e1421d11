import { MINOR_UNITS } from '../../currency.js';

/** `12.50 EUR`, from the currency's minor unit. */
export function moneyText(amount: number, currency: string): string {
  const decimals = MINOR_UNITS.get(currency) ?? 2;
  return `${(amount / 10 ** decimals).toFixed(decimals)} ${currency}`;
}
