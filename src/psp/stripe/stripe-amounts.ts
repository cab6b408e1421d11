import { MINOR_UNITS } from '../../currency.js';
import { AppError } from '../../errors.js';
import type { Money } from '../psp.js';

/** The currencies that cards are charged in: docs.stripe.com/currencies, "Supported presentment currencies". */
const TAKEN = new Set(
  `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP BYN BZD CAD CDF CHF CLP CNY COP
  CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR ISK JMD JOD
  JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN
  NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD SZL THB TJS
  TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND VUV WST XAF XCD XOF XPF YER ZAR ZMW`.split(/\s+/),
);

/** How many decimals Stripe's `amount` has where that is not ISO 4217's number. */
const OTHER_DECIMALS: Readonly<Record<string, number>> = {
  // Whole units, yet sent with two decimals that are always 00. The page also lists UGX among its zero-decimal
  // currencies; its "Special cases" are the newer and give an example: 5 UGX is 500.
  ISK: 2,
  UGX: 2,
  // Two decimals in ISO 4217 (iraimbilanja), none at Stripe.
  MGA: 0,
};

/** The last digit is 0 where a currency has three decimals: not every partner of Stripe's can take more than two. */
const STEP_OF_THREE_DECIMALS = 10;

/**
 * In Stripe's units, for an account that settles in the same currency. Another one's least amount is this one's worth
 * at the day's rate: Stripe alone knows it, and answers `amount_too_small`. HUF and TWD are special for payouts only.
 */
const LEAST: Readonly<Record<string, number>> = {
  ...{
    AED: 200,
    AUD: 50,
    BGN: 100,
    BRL: 50,
    CAD: 50,
    CHF: 50,
    CZK: 1_500,
    DKK: 250,
    EUR: 50,
    GBP: 30,
    HKD: 400,
  },
  ...{ HUF: 17_500, INR: 50, JPY: 50, MXN: 1_000, MYR: 200, NOK: 300, NZD: 50, PLN: 200, RON: 200, SEK: 300 },
  ...{ SGD: 50, THB: 1_000, USD: 50 },
};

/** Eight digits, in Stripe's units. */
const MOST = 99_999_999;

/** Where the page names the limit twice, in the currency and in digits, and they differ, the lower one stands here. */
const MOST_OF: Readonly<Record<string, number>> = {
  COP: 999_999_999_999,
  HUF: 999_999_999_999,
  IDR: 999_999_999_999,
  INR: 999_999_999,
  JPY: 9_999_999_999,
  LBP: 99_999_999_999_999,
};

/** What can be charged, in the minor unit of ISO 4217; null for a currency that Stripe doesn't take. */
export function stripeBounds(currency: string): { least: number; most: number; step: number } | null {
  if (!TAKEN.has(currency)) return null;
  const factor = factorOf(currency);
  const step = MINOR_UNITS.get(currency) === 3 ? STEP_OF_THREE_DECIMALS : Math.max(1, 1 / factor);
  const least = Math.ceil((LEAST[currency] ?? 1) / factor / step) * step;
  const most = Math.floor((MOST_OF[currency] ?? MOST) / factor / step) * step;
  return { least, most, step };
}

/** Throws AppError `psp_cannot` for what `stripeBounds` excludes: nothing is rounded. */
export function toStripe({ amount, currency }: Money): { amount: number; currency: string } {
  const bounds = stripeBounds(currency);
  if (bounds === null) throw new AppError('psp_cannot', `Stripe takes no ${currency}: use another currency`);
  const { least, most, step } = bounds;
  if (amount < least || amount > most || amount % step !== 0) {
    const steps = step === 1 ? '' : `, in steps of ${step}`;
    const range = `between ${least} and ${most} of its minor unit${steps}`;
    throw new AppError('psp_cannot', `Stripe takes ${currency} ${range}`);
  }
  return { amount: amount * factorOf(currency), currency: currency.toLowerCase() };
}

export function fromStripe(amount: number, currency: string): Money {
  const code = currency.toUpperCase();
  return { amount: Math.round(amount / factorOf(code)), currency: code };
}

/** Stripe's units in one minor unit of ISO 4217. */
function factorOf(currency: string): number {
  const iso = MINOR_UNITS.get(currency) ?? 2;
  return 10 ** ((OTHER_DECIMALS[currency] ?? iso) - iso);
}
