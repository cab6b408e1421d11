import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { Logger } from '../log.js';
import type { AuthorizeRequest, PaymentName, Psp } from '../psp/psp.js';
import type { Forgetter } from '../vault/forgetter.js';
import type { Vault } from '../vault/vault.js';
import type { ChargeBook, Conclude } from './charge-book.js';
import { sent, type Answer } from './charge-steps.js';
import type { ChargeStore } from './charge-store.js';
import type { ChargeRecord } from './charge.js';

export interface CashierOptions {
  psp: Psp;
  store: ChargeStore;
  book: ChargeBook;
  vault: Pick<Vault, 'destroy'>;
  forgetter: Pick<Forgetter, 'forget'>;
  clock: Clock;
  log: Logger;
}

/** With what a charge is paid, beside what its record says. */
export type Payment = Pick<AuthorizeRequest, 'instrument' | 'stored' | 'unattended' | 'networkTransactionId'>;

/** A process that slept between the durable `sent` and the first byte doesn't know any more what is true. */
const SENDING_MS = 10_000;

/** What a provider rejects with when it certainly did nothing; and Redis, while the intent isn't `sent`. */
const NOTHING_DONE = new Set(['psp_unavailable', 'psp_misconfigured', 'psp_cannot', 'redis_unavailable']);

/** Has charges made by the provider. */
export class Cashier {
  readonly #options: CashierOptions;

  constructor(options: CashierOptions) {
    this.#options = options;
  }

  /**
   * Charges what is `created` durably. Resolves with the charge as it is then, `unknown` when that can't be known or
   * written. Rejects, and forgets the intent, when certainly nothing was taken.
   */
  async charge(created: ChargeRecord, payment: Payment, conclude: Conclude): Promise<ChargeRecord> {
    const { psp, log } = this.#options;
    const { view, entry, network } = created;
    let record = created;
    let answer: Answer;
    try {
      answer = await psp.authorize({
        ...payment,
        ...{ reference: view.id, entry, network, capture: true, description: view.reference },
        money: { amount: view.amount, currency: view.currency },
        sending: async (providerReference) => {
          record = await this.#send(record, providerReference);
        },
      });
    } catch (error) {
      if (NOTHING_DONE.has(codeOf(error))) {
        await this.#forget(record);
        throw error;
      }
      log.error(
        { detail: view.id, code: codeOf(error) },
        'a payment provider answered in no way that is known',
      );
      answer = { status: 'unknown', providerReference: null, why: 'unreadable' };
    }
    try {
      return await this.close(record, answer, conclude);
    } catch (error) {
      // What isn't durable isn't said: it is looked up again.
      log.warn(
        { detail: view.id, code: codeOf(error) },
        'the outcome of a charge could not be written: it is looked up',
      );
      return { ...record, state: 'unknown' };
    }
  }

  /**
   * Writes an answer down, once; money that came too late to be the outcome is given back, and a card that the provider
   * keeps for no token is forgotten.
   */
  async close(record: ChargeRecord, answer: Answer, conclude: Conclude): Promise<ChargeRecord> {
    const { psp, book, forgetter } = this.#options;
    const closed = await book.close(record, answer, conclude);
    if (answer.status !== 'approved') return closed;
    if (closed.state === 'declined') await this.#giveBack(closed);
    if (answer.stored !== null && closed.token === null) {
      await forgetter.forget(record.merchant, { provider: psp.name, reference: answer.stored });
    }
    return closed;
  }

  /** Undoes an intent of which nothing came, as far as Redis is there; else it is settled as declined. */
  async #forget(record: ChargeRecord): Promise<void> {
    const { store, log } = this.#options;
    const { merchant, token, captureId, view } = record;
    try {
      if (captureId !== null && token !== null) await this.#options.vault.destroy(merchant, token);
      if (await store.abandon(record)) await store.unsettled.remove({ merchant, id: view.id });
    } catch (error) {
      log.debug({ detail: view.id, code: codeOf(error) }, 'an intent of a charge is left to be settled');
    }
  }

  async #send(record: ChargeRecord, providerReference: string | null): Promise<ChargeRecord> {
    const { store, book, clock } = this.#options;
    const began = clock.monotonic();
    const now = await store.change(record.merchant, record.view.id, (before) => {
      const step = sent(before, providerReference, clock.now());
      return step && book.changeOf(step);
    });
    if (now.state !== 'sent' || clock.monotonic() - began > SENDING_MS) {
      throw new AppError('psp_unavailable', 'this took too long, and nothing was charged; try again');
    }
    return now;
  }

  /** Money that came after its charge had been settled as declined, as can't be unless a request was under way for ages. */
  async #giveBack({ view }: ChargeRecord): Promise<void> {
    const { psp, log } = this.#options;
    const payment: PaymentName = { reference: view.id, providerReference: view.provider_reference };
    const money = { amount: view.amount, currency: view.currency };
    try {
      const voided = psp.abilities.has('void') ? await psp.void(payment) : null;
      const refund = { reference: newId('rfd_'), payment, money };
      const back = voided?.status === 'succeeded' ? voided : await psp.refund(refund);
      if (back.status === 'succeeded') {
        log.error(
          { detail: view.id },
          'a charge that had been settled as declined was made: the money was given back',
        );
        return;
      }
    } catch (error) {
      log.debug({ detail: view.id, code: codeOf(error) }, 'money could not be given back');
    }
    log.error(
      { detail: view.id },
      'a charge that had been settled as declined was made: give the money back',
    );
  }
}
