import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { Logger } from '../log.js';
import type { PageRequest, PaymentName, Psp } from '../psp/psp.js';
import type { SlotWrite } from '../redis/keys.js';
import type { ChargeBook } from './charge-book.js';
import { createdByPage, pageEnded, sent, type PageIntent } from './charge-steps.js';
import type { ChargeStore } from './charge-store.js';
import type { ChargeRecord, PaymentPage } from './charge.js';
import { isKept } from './page-token.js';
import type { Settler } from './settler.js';

export interface PageChargesOptions {
  psp: Psp;
  store: ChargeStore;
  book: ChargeBook;
  settler: Pick<Settler, 'settle'>;
  clock: Clock;
  log: Logger;
}

/** What is to be paid on a page, and for which capture. */
export interface PageChargeRequest
  extends
    Omit<PageIntent, 'id' | 'provider' | 'page'>,
    Pick<PageRequest, 'returnUrl' | 'expiresAt' | 'description'>,
    Pick<PaymentPage, 'token'> {
  /** The slot of the capture. */
  bucket: number;
}

/** A page that is there at the provider, and of which nobody has been told. */
export interface DraftPage {
  /** The intent, `created`. */
  charge: ChargeRecord;
  /** What makes the intent true, for a write of its slot. */
  writes: readonly SlotWrite[];
  url: string;
  providerReference: string;
}

/**
 * Charges that are paid on a page of the provider's. The page is made first and shown last: in between its charge
 * becomes durable, so that nobody can pay what isn't known here.
 */
export interface PageCharges {
  can(): boolean;
  /** Rejects with AppError `no_provider`, `psp_cannot`, `psp_unavailable`, `psp_misconfigured` or `redis_unavailable`. */
  draft(request: PageChargeRequest): Promise<DraftPage>;
  /** The intent is written: from here on the page may be shown. Rejects with `redis_unavailable`; then it may not. */
  publish(page: DraftPage): Promise<void>;
  /** A page that is not shown to anybody. */
  discard(page: DraftPage): Promise<void>;
  /** Closes a page and gives what became of its charge: it may have been paid. Rejects with `psp_unavailable`. */
  end(merchant: string, id: string): Promise<ChargeRecord>;
}

/** Pages of a provider that has them. */
export class ProviderPages implements PageCharges {
  readonly #options: PageChargesOptions;

  constructor(options: PageChargesOptions) {
    this.#options = options;
  }

  can(): boolean {
    return this.#options.psp.abilities.has('hosted_page');
  }

  async draft({
    bucket,
    returnUrl,
    expiresAt,
    description,
    token,
    ...about
  }: PageChargeRequest): Promise<DraftPage> {
    const { psp, store, clock } = this.#options;
    const { merchant, money, language } = about;
    const id = newId('chg_', bucket);
    const page = { returnUrl, expiresAt, description, keep: isKept(token) };
    const { url, providerReference } = await psp.hostedPage({ reference: id, money, language, ...page });
    const term = { endsAt: Date.parse(expiresAt), token };
    const charge = createdByPage({ ...about, id, provider: psp.name, page: term }, clock.now());
    await store.unsettled.enter({ merchant, id });
    return { charge, writes: store.writesOf(charge), url, providerReference };
  }

  async publish({ charge, providerReference }: DraftPage): Promise<void> {
    const { store, book, clock } = this.#options;
    const { merchant, view } = charge;
    const shown = await store.change(merchant, view.id, (now) => {
      const step = sent(now, providerReference, clock.now());
      return step && book.changeOf(step);
    });
    if (shown.state !== 'sent') throw new AppError('redis_unavailable', 'this took too long; try again');
    await store.unsettled.look({ merchant, id: view.id }, clock.now()).catch(() => {});
  }

  async discard({ charge, providerReference }: DraftPage): Promise<void> {
    const { psp, log } = this.#options;
    const page: PaymentName = { reference: charge.view.id, providerReference };
    await psp.closePage(page).catch((error: unknown) => {
      log.debug({ detail: charge.view.id, code: codeOf(error) }, 'a page that nobody knows was left open');
    });
  }

  async end(merchant: string, id: string): Promise<ChargeRecord> {
    const { store, book, settler, clock } = this.#options;
    await store.change(merchant, id, (now) => {
      const step = pageEnded(now, clock.now());
      return step && book.changeOf(step);
    });
    return settler.settle(merchant, id);
  }
}

/** Where no provider is. */
export class NoPages implements PageCharges {
  can(): boolean {
    return false;
  }

  draft(): Promise<never> {
    return Promise.reject(
      new AppError('no_provider', 'no payment provider is set up, so there are no payment links'),
    );
  }

  publish(): Promise<never> {
    return this.draft();
  }

  discard(): Promise<never> {
    return this.draft();
  }

  end(): Promise<never> {
    return this.draft();
  }
}
