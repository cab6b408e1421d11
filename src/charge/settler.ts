import type { Audit, Visitor } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Found, PaymentName, Psp, PspNotice } from '../psp/psp.js';
import type { Vault } from '../vault/vault.js';
import type { Cashier } from './cashier.js';
import { FIRST_LOOK_MS, type ChargeBook } from './charge-book.js';
import { givenUp, isOpen, isUnsettled, openRefunds, type Answer } from './charge-steps.js';
import type { ChargeStore } from './charge-store.js';
import type { ChargeRecord, PaymentPage, RefundRecord } from './charge.js';
import type { Refunds } from './refunds.js';
import type { Settlements } from './settlements.js';
import type { ChargeName, Unsettled } from './unsettled.js';

export interface SettlerOptions {
  psp: Psp;
  store: ChargeStore;
  cashier: Pick<Cashier, 'close'>;
  book: Pick<ChargeBook, 'changeOf'>;
  refunds: Pick<Refunds, 'settle' | 'takeUp'>;
  settlements: Settlements;
  vault: Pick<Vault, 'token'>;
  audit: Pick<Audit, 'operation' | 'as'>;
  /** Whose charges a provider's notice may be about. */
  merchants: readonly string[];
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

const ROUND_MS = 1_000;
/** Looked up at once: a provider that comes back is not to be run over. */
const BATCH = 8;
const LEAST_PAUSE_MS = 1_000;
/** Whatever the provider's absence: a third of the minute in which a charge is settled after its return. */
const MOST_PAUSE_MS = 20_000;
/** Of what the provider tells by itself: for notices that get lost, or come while it is away. */
const TOLD_PAUSE_MS = 10_000;
/** Then it is for an operator: `npx tonewall charges unknown`. A notice of the provider's still wakes it. */
const GIVE_UP_MS = 24 * 3_600_000;

const SERVICE: Visitor = { actor: 'service', origin: 'here' };
const NOTHING_TAKEN: Answer = { status: 'declined', code: 'processing_error', providerReference: null };

/**
 * Finds out what became of charges and refunds that nobody knows of: those whose process died, and those that the
 * provider gave no answer to. It asks; it never sends a charge again. Each node has one, and they share the work.
 */
export class Settler {
  readonly #options: SettlerOptions;
  #stopped = true;
  #working: Promise<void> = Promise.resolve();
  #cancel: () => void = () => {};

  constructor(options: SettlerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#soon(0);
  }

  /** Resolves when what is in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#working;
  }

  /**
   * The provider has told that something happened to this charge. While it isn't settled it is looked at at once; for
   * money that went back with the next round: so once in a round, however often it is told.
   */
  async wake({ payment: { reference: id }, refund }: Pick<PspNotice, 'payment' | 'refund'>): Promise<void> {
    const { store, merchants, clock } = this.#options;
    await store.unsettled.wake(id, merchants);
    if (!refund) return this.#soon(0);
    const names = merchants.map((merchant) => ({ merchant, id, refunds: true as const }));
    const known = await Promise.all(names.map((name) => store.has(name)));
    const ours = names.filter((_, at) => known[at]);
    await Promise.all(ours.map((name) => store.unsettled.look(name, clock.now())));
  }

  /**
   * Asks what became of a charge and its refunds, and writes it down. Rejects with `psp_unavailable`, and with
   * `no_provider` when it was asked of another one: what this one knows is no answer then.
   */
  async settle(merchant: string, id: string): Promise<ChargeRecord> {
    const { store, refunds } = this.#options;
    let record = await store.get(merchant, id);
    if (isOpen(record)) return this.#isInHand(record) ? record : this.#settleCharge(record);
    for (const refund of openRefunds(record)) {
      if (isBusy(refund, store.unsettled)) continue;
      this.#insistOnProvider(record);
      record = await refunds.settle(record, refund, !store.unsettled.isInHand(refund));
    }
    return record;
  }

  /** Asks whether more was given back of a charge than is written down. False while that can't be known. */
  async compare(merchant: string, id: string): Promise<boolean> {
    const { psp, store, refunds } = this.#options;
    const record = await store.get(merchant, id);
    if (isUnsettled(record)) return false;
    if (record.state !== 'approved' || record.view.provider !== psp.name) return true;
    const found = await psp.lookUp(paymentOf(record));
    return found.status === 'approved' ? refunds.takeUp(record, found.refunded) : true;
  }

  async #settleCharge(record: ChargeRecord): Promise<ChargeRecord> {
    const { psp, store } = this.#options;
    const { state, view, page } = record;
    if (state === 'created') return this.#giveUp(record);
    if (page !== undefined && view.provider === psp.name) return this.#settlePage(record, page);
    const payment = paymentOf(record);
    let found: Found;
    try {
      this.#insistOnProvider(record);
      found = await psp.lookUp(payment);
    } catch (error) {
      if (state === 'sent') await this.#doubt(record);
      throw error;
    }
    if (found.status === 'approved' || found.status === 'declined') return this.#close(record, found);
    if (found.status !== 'unknown' && !store.unsettled.isInHand(record)) {
      if (await this.#isEnded(payment, found.status)) return this.#close(record, NOTHING_TAKEN);
    }
    return state === 'sent' ? this.#doubt(record) : record;
  }

  /** An intent whose maker died, or sleeps: first he may not send it any more, and only then is nothing taken. */
  async #giveUp({ merchant, view }: ChargeRecord): Promise<ChargeRecord> {
    const { store, book } = this.#options;
    const now = await store.change(merchant, view.id, (before) => {
      const step = givenUp(before);
      return step && book.changeOf(step);
    });
    return now.state === 'created' ? this.#close(now, NOTHING_TAKEN) : now;
  }

  /** Until its page is closed nobody has refused to pay. What became of it then is looked up once more. */
  async #settlePage(record: ChargeRecord, { endsAt }: PaymentPage): Promise<ChargeRecord> {
    const { psp, settlements, clock } = this.#options;
    const payment = paymentOf(record);
    let found = await psp.lookUp(payment);
    if (isWaiting(found) && clock.now() >= endsAt) {
      await psp.closePage(payment);
      found = await psp.lookUp(payment);
      // One on which somebody could still pay has not been closed, whatever was answered.
      if (found.status === 'absent') return this.#close(record, NOTHING_TAKEN);
    }
    if (found.status === 'approved' || found.status === 'declined') return this.#close(record, found);
    if (found.status === 'pending') await settlements.onPage(record, found.step);
    return record;
  }

  /** Whether nobody can pay it any more: what the provider knows by a name of its own is ended there first. */
  async #isEnded(payment: PaymentName, found: 'pending' | 'absent'): Promise<boolean> {
    const { psp } = this.#options;
    const named = payment.providerReference !== null && psp.abilities.has('void');
    if (found === 'absent' && !named) return true;
    const { status } = await psp.void(payment);
    if (status === 'succeeded') return true;
    // Nothing was there to be ended, or it came just now.
    return status === 'failed' && found === 'absent' && (await psp.lookUp(payment)).status === 'absent';
  }

  async #close(record: ChargeRecord, answer: Answer & { refunded?: number }): Promise<ChargeRecord> {
    const { audit, cashier, settlements, store, vault, clock } = this.#options;
    const { merchant, captureId, token: name, view } = record;
    // What went back before it was known to have come.
    if (answer.refunded) await store.unsettled.look({ merchant, id: view.id, refunds: true }, clock.now());
    return audit.operation('charge.settle', `${merchant}/${view.id}`, async () => {
      if (captureId === null) return cashier.close(record, answer, () => null);
      const token = answer.status === 'approved' && name !== null ? await vault.token(merchant, name) : null;
      return cashier.close(record, answer, (charge, typed) => settlements.conclude(charge, typed ?? token));
    });
  }

  /** Says that nobody knows: the process that sent it has died over it. */
  #doubt(record: ChargeRecord): Promise<ChargeRecord> {
    const { cashier } = this.#options;
    const doubt: Answer = { status: 'unknown', providerReference: null, why: 'cut_off' };
    return cashier.close(record, doubt, () => null);
  }

  /** Whether somebody is still at it: whoever makes the charge, or its capture, which writes down that nobody knows. */
  #isInHand(record: ChargeRecord): boolean {
    const { store, clock } = this.#options;
    // A page is in the payer's hands: it may be looked at as soon as there is one.
    if (record.page !== undefined && record.state === 'sent') return false;
    const told = record.captureId !== null && record.state === 'unknown';
    return isBusy(record, store.unsettled) || (told && clock.now() - record.since < FIRST_LOOK_MS);
  }

  #soon(ms: number): void {
    this.#cancel();
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ms, () => {
      // Whoever woke it: what is settled is settled by the service.
      const round = (): Promise<void> => this.#options.audit.as(SERVICE, () => this.#round());
      this.#working = this.#working.then(round);
    });
  }

  async #round(): Promise<void> {
    const { store, log, metrics } = this.#options;
    let more = false;
    try {
      const due = await store.unsettled.claim(BATCH);
      more = due.length === BATCH;
      await Promise.all(due.map((name) => this.#look(name)));
      metrics.chargesUnsettled.set(await store.unsettled.count());
    } catch (error) {
      log.debug({ code: codeOf(error) }, 'charges could not be looked at');
    }
    this.#soon(more ? 0 : ROUND_MS);
  }

  async #look(name: ChargeName): Promise<void> {
    const { store, clock, log } = this.#options;
    const { merchant, id } = name;
    let compared = false;
    const mark = await store.unsettled.mark(name);
    try {
      if (name.refunds) compared = await this.compare(merchant, id);
      else await this.settle(merchant, id);
    } catch (error) {
      if (codeOf(error) === 'not_found') return store.unsettled.remove(name);
      log.debug({ detail: id, code: codeOf(error) }, 'a charge could not be settled yet');
    }
    if (name.refunds) {
      return compared
        ? store.unsettled.rest(name, mark)
        : store.unsettled.look(name, clock.now() + TOLD_PAUSE_MS);
    }
    const record = await store.get(merchant, id);
    if (isUnsettled(record)) await store.unsettled.look(name, this.#next(record));
    else await store.unsettled.rest(name, mark);
  }

  #insistOnProvider({ view }: ChargeRecord): void {
    if (view.provider === this.#options.psp.name) return;
    throw new AppError('no_provider', 'another payment provider was to take this money');
  }

  /** When to look again: soon at first, then at growing pauses; null once it is for an operator. */
  #next(record: ChargeRecord): number | null {
    const { store, clock, log } = this.#options;
    const now = clock.now();
    if (record.page !== undefined && record.state === 'sent') {
      return Math.max(now + LEAST_PAUSE_MS, Math.min(now + TOLD_PAUSE_MS, record.page.endsAt));
    }
    const waiting = isOpen(record) ? [record, ...openRefunds(record)] : openRefunds(record);
    const looks = waiting.flatMap(({ state, since }) => {
      if (state === 'created' || state === 'sent') return [store.unsettled.graceEnd({ since })];
      const age = now - since;
      return age >= GIVE_UP_MS ? [] : [now + Math.min(MOST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, age / 4))];
    });
    if (looks.length > 0) return Math.max(now, Math.min(...looks));
    log.warn(
      { detail: record.view.id },
      'a charge has been unknown for a day: it is for an operator to settle',
    );
    return null;
  }
}

function paymentOf({ view }: ChargeRecord): PaymentName {
  return { reference: view.id, providerReference: view.provider_reference };
}

/** Whether nobody has paid so far, as far as the provider says. */
function isWaiting({ status }: Found): boolean {
  return status === 'pending' || status === 'absent';
}

/** Whether the process that asks the provider may still be at it. */
function isBusy(step: Pick<ChargeRecord | RefundRecord, 'state' | 'since'>, unsettled: Unsettled): boolean {
  return (step.state === 'created' || step.state === 'sent') && unsettled.isInHand(step);
}
