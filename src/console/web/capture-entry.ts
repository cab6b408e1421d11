import { holdsCardNumber } from '../../card/card-like.js';
import { MINOR_UNITS, moneyText } from '../../currency.js';
import { OUTCOMES, type CaptureView, type Outcome } from '../../capture/view.js';
import type { AgentText } from './agent-text.js';

/** What `POST /console/captures` takes. */
export interface NewCapture {
  call: string;
  outcome: Outcome;
  reference: string | null;
  /** In the currency's minor unit. */
  amount: number | null;
  currency: string | null;
}

/** The form's fields as typed. */
export interface Typed {
  /** Not there where the service can only keep cards. */
  outcome?: string;
  reference: string;
  amount: string;
  currency: string;
}

/** What the form begins with: after a capture that came to nothing, what that was for. */
export function entryAfter(last: CaptureView | null): Typed {
  const again = last !== null && (last.status === 'failed' || last.status === 'cancelled');
  if (!again) return { reference: '', amount: '', currency: '' };
  const { outcome, reference, amount, currency } = last;
  const [typed = ''] = amount === null || currency === null ? [] : moneyText(amount, currency).split(' ');
  return { outcome, reference: reference ?? '', amount: typed, currency: currency ?? '' };
}

/** What the agent typed, as the service takes it, or the line that says what is wrong. */
export type Entered = { capture: Omit<NewCapture, 'call'> } | { wrong: string };

/** A card number typed into the form is stopped here, before it leaves the page; the service refuses it too. */
export function readCaptureEntry(
  typed: Typed,
  text: Pick<AgentText, 'noCardHere' | 'amountWrong' | 'amountMissing'>,
): Entered {
  const reference = typed.reference.trim();
  const amount = typed.amount.trim();
  const { currency } = typed;
  if (holdsCardNumber(reference) || holdsCardNumber(amount)) return { wrong: text.noCardHere };
  const minor = amount === '' ? null : minorUnits(amount, MINOR_UNITS.get(currency) ?? 2);
  if (Number.isNaN(minor)) return { wrong: text.amountWrong };
  const outcome = OUTCOMES.find((each) => each === typed.outcome) ?? 'token';
  if (outcome === 'charge' && !minor) return { wrong: text.amountMissing };
  return {
    capture: {
      outcome,
      reference: reference || null,
      amount: minor,
      currency: minor === null ? null : currency,
    },
  };
}

/** `12,5` or `12.50` of a currency with `digits` decimals; NaN when it is no such amount. */
export function minorUnits(amount: string, digits: number): number {
  const [, whole, part = ''] = /^(\d{1,9})(?:[.,](\d+))?$/.exec(amount) ?? [];
  if (whole === undefined || part.length > digits) return Number.NaN;
  return Number(whole + part.padEnd(digits, '0'));
}
