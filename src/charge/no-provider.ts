import type { ChargeView } from '../capture/view.js';
import { AppError } from '../errors.js';
import type { ChargeStore } from './charge-store.js';
import type { Charges } from './charges.js';
import { refundViews, type RefundView } from './refund-view.js';

/** What a service without a payment provider says to whoever asks for money. Charges of before can be read. */
export class NoProvider implements Charges {
  readonly #store: Pick<ChargeStore, 'get'>;

  constructor(store: Pick<ChargeStore, 'get'>) {
    this.#store = store;
  }

  charge(): Promise<never> {
    return Promise.reject(noProvider());
  }

  async get(merchant: string, id: string): Promise<ChargeView> {
    return (await this.#store.get(merchant, id)).view;
  }

  async refunds(merchant: string, id: string): Promise<RefundView[]> {
    return refundViews(await this.#store.get(merchant, id));
  }

  refund(): Promise<never> {
    return Promise.reject(noProvider());
  }

  void(): Promise<never> {
    return Promise.reject(noProvider());
  }
}

function noProvider(): AppError {
  return new AppError('no_provider', 'this service has no payment provider, so it takes no money: set PSP');
}
