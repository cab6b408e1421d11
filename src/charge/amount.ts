import { MINOR_UNITS } from '../currency.js';
import type { Money, Psp } from '../psp/psp.js';

/** Why a provider can't take this much, with what it can; null when it can. */
export function amountFault(psp: Pick<Psp, 'bounds'>, { amount, currency }: Money): string | null {
  const bounds = psp.bounds(currency);
  if (bounds === null) return `the payment provider takes no ${shown(currency)}`;
  const { least, most, step } = bounds;
  const range = `from ${least} to ${most} minor units of ${shown(currency)}`;
  if (amount < least || amount > most) return `the payment provider takes ${range}`;
  if (amount % step !== 0) return `the payment provider takes ${range}, in steps of ${step}`;
  return null;
}

/** A currency is asked for by somebody else: only a known code is repeated. */
function shown(currency: string): string {
  return MINOR_UNITS.has(currency) ? currency : 'such currency';
}
