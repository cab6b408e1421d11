import type { Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import { AppError, codeOf } from '../errors.js';
import { bucketOf, newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { AuthorizeRequest, PaymentName, Psp } from '../psp/psp.js';
import type { Vault } from '../vault/vault.js';
import { chargeEvent } from './charge-event.js';
import { answered, isUnsettled, sent, type Answer, type Step } from './charge-steps.js';
import type { Change, ChargeStore } from './charge-store.js';
import type { ChargeRecord } from './charge.js';
import type { Conclusion } from './till.js';

export interface CashierOptions {
  psp: Psp;
  store: ChargeStore;
  vault: Pick<Vault, 'remember' | 'destroy'>;
  outbox: Pick<Outbox, 'nudge'>;
  live: boolean;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** What becomes true together with an outcome; asked again when the outcome has to be written again. */
export type Conclude = (charge: ChargeRecord) => Promise<Conclusion | null> | Conclusion | null;

/** With what a charge is paid, beside what its record says. */
export type Payment = Pick<AuthorizeRequest, 'instrument' | 'stored' | 'unattended' | 'networkTransactionId'>;

/** Those who were told `unknown` first write down what they were told. */
const FIRST_LOOK_MS = 2_000;
/** A process that slept between the durable `sent` and the first byte doesn't know any more what is true. */
const SENDING_MS = 10_000;

/** What a provider rejects with when it certainly did nothing; and Redis, while the intent isn't `sent`. */
const NOTHING_DONE = new Set(['psp_unavailable', 'psp_misconfigured', 'psp_cannot', 'redis_unavailable']);

/** Has charges made by the provider, and writes down what came of them, each at once with all that hangs on it. */
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
        await this.forget(record);
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
   * Writes an answer down, once, whoever has it. What can be done twice is done first, so that a death in between
   * leaves a charge that is settled, and nothing half done.
   */
  async close(record: ChargeRecord, answer: Answer, conclude: Conclude): Promise<ChargeRecord> {
    const { store, vault, clock, log, metrics } = this.#options;
    const { merchant, token, once, captureId, view } = record;
    if (answer.status === 'approved') {
      const { networkTransactionId } = answer;
      if (networkTransactionId !== null) await vault.remember(merchant, token, networkTransactionId);
      if (once) await vault.destroy(merchant, token);
    }
    if (answer.status === 'declined' && captureId !== null) await vault.destroy(merchant, token);

    let step: Step | null = null;
    const closed = await store.change(merchant, view.id, async (now) => {
      step = answered(now, answer, clock.now());
      if (step === null) return null;
      const conclusion = answer.status === 'unknown' ? null : await conclude(step.record);
      return this.changeOf(step, conclusion);
    });
    if (answer.status === 'approved' && closed.state === 'declined') await this.#giveBack(closed);
    if (step !== null) {
      metrics.charges.inc({ outcome: answer.status });
      if (answer.status === 'unknown') {
        log.warn(
          { detail: view.id, reason: answer.why },
          'nobody knows yet whether a card was charged: it is looked up',
        );
      }
      this.told(closed);
    }
    await this.rest(closed, clock.now() + FIRST_LOOK_MS);
    return closed;
  }

  /** A step as it is written: with its event, and what else becomes true. */
  changeOf({ record, tells, refund }: Step, conclusion: Conclusion | null = null): Change {
    const { clock, live } = this.#options;
    const told =
      tells === null ? [] : [JSON.stringify(chargeEvent(tells, record, clock.now(), live, refund))];
    return {
      record,
      events: [...told, ...(conclusion?.events ?? [])],
      writes: conclusion?.writes ?? [],
      frees: record.state === 'declined',
    };
  }

  /** Sends events of a charge on their way. */
  told({ merchant, view }: ChargeRecord): void {
    this.#options.outbox.nudge(merchant, bucketOf(view.id) ?? 0);
  }

  /** Lets a charge rest: for good when all of it is known. Whoever settles finds out by himself if this fails. */
  async rest(record: ChargeRecord, lookAt: number): Promise<void> {
    const { unsettled } = this.#options.store;
    const name = { merchant: record.merchant, id: record.view.id };
    await (isUnsettled(record) ? unsettled.look(name, lookAt) : unsettled.remove(name)).catch(() => {});
  }

  /** Undoes an intent of which nothing came, as far as Redis is there; else it is settled as declined. */
  async forget(record: ChargeRecord): Promise<void> {
    const { store, log } = this.#options;
    const { merchant, token, captureId, view } = record;
    try {
      if (captureId !== null) await this.#options.vault.destroy(merchant, token);
      await store.abandon(record);
      await store.unsettled.remove({ merchant, id: view.id });
    } catch (error) {
      log.debug({ detail: view.id, code: codeOf(error) }, 'an intent of a charge is left to be settled');
    }
  }

  async #send(record: ChargeRecord, providerReference: string | null): Promise<ChargeRecord> {
    const { store, clock } = this.#options;
    const began = clock.monotonic();
    const now = await store.change(record.merchant, record.view.id, (before) => {
      const step = sent(before, providerReference, clock.now());
      return step && this.changeOf(step);
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
