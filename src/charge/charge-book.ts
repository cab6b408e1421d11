import type { Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import { codeOf } from '../errors.js';
import { bucketOf } from '../id.js';
import type { Limits } from '../fraud/limits.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { TokenView, Vault } from '../vault/vault.js';
import { chargeEvent } from './charge-event.js';
import { answered, isOpen, isUnsettled, reached, withToken, type Answer, type Step } from './charge-steps.js';
import type { Change, ChargeStore } from './charge-store.js';
import type { ChargeRecord } from './charge.js';
import { tellOutcome } from './moto-outcome.js';
import { isMissed, pageToken } from './page-token.js';
import type { Settlements } from './settlements.js';
import type { Conclusion } from './till.js';

export interface ChargeBookOptions {
  store: ChargeStore;
  vault: Pick<Vault, 'tokenize' | 'remember' | 'destroy'>;
  outbox: Pick<Outbox, 'nudge'>;
  sums: MotoSums;
  limits: Pick<Limits, 'declined'>;
  settlements: Pick<Settlements, 'callerOf'>;
  live: boolean;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/**
 * What becomes true together with an outcome; asked again when the outcome has to be written again. `typed` is the token
 * of a card that was typed on a page: it comes with the approval.
 */
export type Conclude = (
  charge: ChargeRecord,
  typed: TokenView | null,
) => Promise<Conclusion | null> | Conclusion | null;

/** Those who were told `unknown` first write down what they were told. */
export const FIRST_LOOK_MS = 2_000;

/** Writes down what came of charges, each outcome at once with all that hangs on it. */
export class ChargeBook {
  readonly #options: ChargeBookOptions;

  constructor(options: ChargeBookOptions) {
    this.#options = options;
  }

  /**
   * Writes an answer down, once, whoever has it. What can be done twice is done first, so that a death in between
   * leaves a charge that is settled, and nothing half done.
   */
  async close(record: ChargeRecord, answer: Answer, conclude: Conclude): Promise<ChargeRecord> {
    const { store, vault, sums, clock, log, metrics } = this.#options;
    const { merchant, token, once, captureId, view } = record;
    const mark = await store.unsettled.mark({ merchant, id: view.id }).catch(() => null);
    await tellOutcome(sums, record, answer);
    if (token !== null && isOpen(await store.get(merchant, view.id))) {
      if (answer.status === 'approved' && answer.networkTransactionId !== null) {
        await vault.remember(merchant, token, answer.networkTransactionId);
      }
      // A card goes with the one charge that it was for, and with its refusal where it was keyed for that alone.
      const goes = { approved: once, declined: captureId !== null, unknown: false }[answer.status];
      if (goes) await vault.destroy(merchant, token);
    }

    const { closed, isNews } = await this.#write(record, answer, conclude);
    if (isNews) {
      metrics.charges.inc({ outcome: answer.status });
      if (answer.status === 'unknown') {
        log.warn(
          { detail: view.id, reason: answer.why },
          'nobody knows yet whether a card was charged: it is looked up',
        );
      }
      if (answer.status === 'approved' && isMissed(record, answer)) {
        log.warn({ detail: view.id }, 'a payment provider did not keep a card that it was asked to keep');
      }
      this.told(closed);
      if (record.page !== undefined) await this.#countRefusal(closed);
    }
    await this.#rest(closed, clock.now() + FIRST_LOOK_MS, mark);
    return closed;
  }

  /** A card that is refused on a page counts as one that was keyed. What can't be counted holds nothing up. */
  async #countRefusal(charge: ChargeRecord): Promise<void> {
    const { limits, settlements, log } = this.#options;
    const { merchant, view } = charge;
    if (view.decline === null) return;
    try {
      const caller = await settlements.callerOf(charge);
      await limits.declined({ merchant, caller, range: null, client: null }, view.decline.code);
    } catch (error) {
      log.debug({ detail: view.id, code: codeOf(error) }, 'a refusal on a page could not be counted');
    }
  }

  /** The charge as it is then, and whether it is so by this answer. */
  async #write(
    record: ChargeRecord,
    answer: Answer,
    conclude: Conclude,
  ): Promise<{ closed: ChargeRecord; isNews: boolean }> {
    const { store, vault, clock } = this.#options;
    const { merchant, view } = record;
    const made = new Set<ChargeRecord>();
    const changeOf = async (step: Step, typed: TokenView | null): Promise<Change> => {
      made.add(step.record);
      return this.changeOf(step, answer.status === 'unknown' ? null : await conclude(step.record, typed));
    };
    const typed = answer.status === 'approved' ? pageToken(record, answer) : null;
    const closed =
      typed === null
        ? await store.change(merchant, view.id, (now) => {
            const step = answered(now, answer, clock.now());
            return step && changeOf(step, null);
          })
        : await store.changeWithToken(
            merchant,
            view.id,
            (announce) => vault.tokenize({ ...typed, announce }),
            (now, token) => changeOf(reached(withToken(now, token), answer, clock.now()), token),
          );
    return { closed, isNews: made.has(closed) };
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

  /**
   * Lets a charge rest: for good when all of it is known, and nobody has begun to work at it since its `mark`. Whoever
   * settles finds out by himself if this fails.
   */
  async #rest(record: ChargeRecord, lookAt: number, mark: string | null): Promise<void> {
    const { unsettled } = this.#options.store;
    const name = { merchant: record.merchant, id: record.view.id };
    await (isUnsettled(record) ? unsettled.look(name, lookAt) : unsettled.rest(name, mark)).catch(() => {});
  }
}
