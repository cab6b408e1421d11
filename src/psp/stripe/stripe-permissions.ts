import { AppError } from '../../errors.js';
import { providerCode } from '../provider-code.js';
import type { StripeError } from './stripe-objects.js';

/** Leave that an account has by Stripe's support alone, in test mode too: how its lack shows, and what to ask for. */
const PERMISSIONS: readonly { shows: RegExp; ask: string }[] = [
  {
    shows: /raw[- ]card[- ]data|credit card numbers directly/i,
    ask: 'Stripe takes no card numbers from this account: ask Stripe support for the raw card data APIs, which wants your PCI attestation',
  },
  {
    shows: /\[moto\]|\bmoto\b/i,
    ask: 'Stripe takes no telephone orders from this account: ask Stripe support to switch on MOTO payments',
  },
  {
    shows: /mit_exemption/,
    ask: 'Stripe takes no network transaction ids from this account: ask Stripe support for them, or keep cards with STORE_CARDS=false',
  },
];

/** The fault behind a refusal that is no decline: something that an operator has to change. */
export function misconfigured(status: number, error: StripeError): AppError {
  if (status === 401 || status === 403) {
    return new AppError(
      'psp_misconfigured',
      'Stripe does not accept STRIPE_SECRET_KEY for this: is it whole, not expired, and of the right account and rights?',
    );
  }
  const shown = `${error.param ?? ''} ${error.message ?? ''}`;
  const permission = PERMISSIONS.find(({ shows }) => shows.test(shown));
  if (permission !== undefined) return new AppError('psp_misconfigured', permission.ask);
  const code = providerCode(error.code ?? error.type ?? '');
  const param = providerCode((error.param ?? '').replaceAll(/[[\]]+/g, '_'));
  return new AppError(
    'psp_misconfigured',
    `Stripe refuses the request (${code}, parameter ${param}): its dashboard's log shows why`,
  );
}
