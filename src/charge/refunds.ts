import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import { derivedId, newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Psp, RefundOutcome, RefundRequest } from '../psp/psp.js';
import type { ChargeBook } from './charge-book.js';
import { isOpen, refundable, refunded, refundedElsewhere, reserved, unreserved } from './charge-steps.js';
import type { ChargeStore } from './charge-store.js';
import type { ChargeRecord, RefundRecord } from './charge.js';
import { madeOf } from './refund-view.js';
import { tellRefund } from './moto-outcome.js';

export interface RefundsOptions {
  psp: Psp;
  store: ChargeStore;
  book: Pick<ChargeBook, 'changeOf' | 'told'>;
  sums: MotoSums;
  audit: Pick<Audit, 'fact'>;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Of which charge, and under which key, how much is asked back; null: what is left. */
interface Wish {
  merchant: string;
  id: string;
  idempotency: string;
  amount: number | null;
}

/** More would make a record that grows without end. */
export const MAX_REFUNDS = 100;
const NOTHING_DONE = new Set(['psp_unavailable', 'psp_misconfigured', 'psp_cannot']);

/** Money on its way back: set apart durably before the provider is asked, so that never more goes than came. */
export class Refunds {
  readonly #options: RefundsOptions;

  constructor(options: RefundsOptions) {
    this.#options = options;
  }

  /** `amount` null: what is left. `idempotency` is the digest of the key it was asked for under. */
  async refund(
    merchant: string,
    id: string,
    amount: number | null,
    idempotency: string,
  ): Promise<ChargeRecord> {
    return this.#give({ merchant, id, idempotency, amount }, (record) => {
      const left = refundable(record);
      const { currency } = record.view;
      if (record.state === 'declined') throw new AppError('bad_request', 'this charge took no money');
      if (isOpen(record)) {
        throw new AppError(
          'bad_request',
          'nobody knows yet whether this charge took money: wait for its event',
        );
      }
      if (left === 0) throw new AppError('bad_request', 'nothing of this charge is left to be refunded');
      const asked = amount ?? left;
      if (asked > left) {
        const message = `at most ${left} minor units of ${currency} are left`;
        throw new AppError('bad_request', message, { errors: [{ path: 'amount', message }] });
      }
      const whole = asked === record.view.amount;
      if (!whole && !this.#options.psp.abilities.has('partial_refund')) {
        throw new AppError('psp_cannot', 'the payment provider refunds all of a charge, or nothing');
      }
      return { kind: 'refund', amount: asked };
    });
  }

  async void(merchant: string, id: string, idempotency: string): Promise<ChargeRecord> {
    const record = await this.#give({ merchant, id, idempotency, amount: null }, (before) => {
      const whole = before.state === 'approved' && refundable(before) === before.view.amount;
      if (!whole)
        throw notVoidable('only a charge that is approved, and nothing of it refunded, can be voided');
      if (!this.#options.psp.abilities.has('void')) {
        throw notVoidable('the payment provider can void nothing: refund it');
      }
      return { kind: 'void', amount: before.view.amount };
    });
    const mine = record.refunds.find((refund) => refund.idempotency === idempotency);
    if (mine?.state === 'failed') throw notVoidable('the payment provider has settled it already: refund it');
    return record;
  }

  /** Asks what became of a refund. `believed`: that the provider has never heard of it is the truth. */
  async settle(record: ChargeRecord, refund: RefundRecord, believed: boolean): Promise<ChargeRecord> {
    const { psp } = this.#options;
    const request = requestOf(record, refund);
    if (refund.kind === 'refund') {
      const found = await psp.lookUpRefund(request);
      if (found.status !== 'absent') return this.#end(record, refund, found.status);
      return believed ? this.#end(record, refund, 'failed') : record;
    }
    const found = await psp.lookUp(request.payment);
    const undone = found.status === 'approved' && found.refunded >= refund.amount;
    if (undone) return this.#end(record, refund, 'succeeded');
    return believed && found.status === 'approved' ? this.#end(record, refund, 'failed') : record;
  }

  /**
   * Takes up what was given back elsewhere. `total` is the provider's sum, asked for after `before` was read, which has no
   * refund of which nobody knows: so all that this service has given back is in both. False when the record has changed
   * since: then the provider is to be asked again.
   */
  async takeUp(before: ChargeRecord, total: number): Promise<boolean> {
    const { store, book, sums, audit, clock, log, metrics } = this.#options;
    const { merchant, view, refunds } = before;
    const amount = total - view.refunded;
    if (amount === 0) return true;
    if (amount < 0 || amount > refundable(before) || refunds.length >= MAX_REFUNDS) {
      log.warn(
        { detail: view.id },
        'the payment provider says that another sum of a charge was given back than is written down',
      );
      return true;
    }
    // The same whoever finds it, so that the running sums count it once.
    const others = refunds.filter((refund) => madeOf(refund) === 'elsewhere').length;
    const id = derivedId('rfd_', `${view.id} elsewhere ${others}`);
    const known = { id, kind: 'refund', idempotency: null, state: 'succeeded' } as const;
    const refund = { ...known, amount, since: clock.now() };
    await tellRefund(sums, before, refund);
    let taken = false;
    const after = await store.change(merchant, view.id, (now) => {
      taken = isDeepStrictEqual(now, before);
      return taken ? book.changeOf(refundedElsewhere(now, refund)) : null;
    });
    if (taken) {
      metrics.refunds.inc({ outcome: 'succeeded' });
      audit.fact('charge.refunded_elsewhere', `${merchant}/${view.id}`);
      book.told(after);
    }
    return taken;
  }

  async #give(
    { merchant, id, idempotency, amount }: Wish,
    decide: (record: ChargeRecord) => Pick<RefundRecord, 'kind' | 'amount'>,
  ): Promise<ChargeRecord> {
    const { psp, store, book, clock } = this.#options;
    const refundId = newId('rfd_');
    const known = await store.get(merchant, id);
    if (known.view.provider !== psp.name) {
      throw new AppError('no_provider', 'another payment provider took this money, and is not set up now');
    }
    const repeated = known.refunds.find((refund) => refund.idempotency === idempotency);
    if (repeated !== undefined) return insistOnSame(known, repeated, amount);
    // What is refused is refused before anything is touched; what follows sees what is true then.
    decide(known);
    await store.unsettled.enter({ merchant, id });
    await store.unsettled.enter({ merchant, id, refunds: true });
    const record = await store.change(merchant, id, (before) => {
      if (before.refunds.some((refund) => refund.idempotency === idempotency)) return null;
      if (before.refunds.length >= MAX_REFUNDS) {
        throw new AppError('bad_request', `a charge has at most ${MAX_REFUNDS} refunds`);
      }
      const refund = {
        id: refundId,
        idempotency,
        state: 'sent',
        since: clock.now(),
        ...decide(before),
      } as const;
      return book.changeOf(reserved(before, refund));
    });
    try {
      const refund = record.refunds.find((other) => other.id === refundId);
      if (refund === undefined) return record;
      return await this.#end(record, refund, await this.#asked(record, refund));
    } finally {
      // What was given back elsewhere isn't taken up while a refund of ours is under way. Both are looked at later if this fails.
      const now = clock.now();
      await store.unsettled.look({ merchant, id }, now).catch(() => {});
      await store.unsettled.look({ merchant, id, refunds: true }, now).catch(() => {});
    }
  }

  async #asked(record: ChargeRecord, refund: RefundRecord): Promise<RefundOutcome['status']> {
    const { psp, store, book } = this.#options;
    const request = requestOf(record, refund);
    try {
      return (await (refund.kind === 'void' ? psp.void(request.payment) : psp.refund(request))).status;
    } catch (error) {
      if (!NOTHING_DONE.has(codeOf(error))) return 'unknown';
      const { merchant, view } = record;
      await store.change(merchant, view.id, (now) => book.changeOf(unreserved(now, refund.id)));
      throw error;
    }
  }

  async #end(
    record: ChargeRecord,
    refund: RefundRecord,
    state: RefundOutcome['status'],
  ): Promise<ChargeRecord> {
    const { store, book, sums, clock, metrics } = this.#options;
    let changed = false;
    if (state === 'succeeded') await tellRefund(sums, record, refund);
    const ended = await store.change(record.merchant, record.view.id, (now) => {
      const step = refunded(now, refund.id, state, clock.now());
      changed = step !== null;
      return step && book.changeOf(step);
    });
    if (changed) {
      metrics.refunds.inc({ outcome: state });
      book.told(ended);
    }
    return ended;
  }
}

function requestOf({ view }: ChargeRecord, { id, amount }: RefundRecord): RefundRequest {
  const payment = { reference: view.id, providerReference: view.provider_reference };
  return { reference: id, payment, money: { amount, currency: view.currency } };
}

function insistOnSame(record: ChargeRecord, refund: RefundRecord, amount: number | null): ChargeRecord {
  if (amount === null || amount === refund.amount) return record;
  throw new AppError('idempotency_mismatch', 'this Idempotency-Key came with another amount; use a new key');
}

function notVoidable(why: string): AppError {
  return new AppError('charge_not_voidable', why);
}
