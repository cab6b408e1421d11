import type { Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import { bucketOf } from '../id.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Vault } from '../vault/vault.js';
import { chargeEvent } from './charge-event.js';
import { answered, isOpen, isUnsettled, type Answer, type Step } from './charge-steps.js';
import type { Change, ChargeStore } from './charge-store.js';
import type { ChargeRecord } from './charge.js';
import { tellOutcome } from './moto-outcome.js';
import type { Conclusion } from './till.js';

export interface ChargeBookOptions {
  store: ChargeStore;
  vault: Pick<Vault, 'remember' | 'destroy'>;
  outbox: Pick<Outbox, 'nudge'>;
  sums: MotoSums;
  live: boolean;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** What becomes true together with an outcome; asked again when the outcome has to be written again. */
export type Conclude = (charge: ChargeRecord) => Promise<Conclusion | null> | Conclusion | null;

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
    await tellOutcome(sums, record, answer);
    if (token !== null && isOpen(await store.get(merchant, view.id))) {
      if (answer.status === 'approved' && answer.networkTransactionId !== null) {
        await vault.remember(merchant, token, answer.networkTransactionId);
      }
      // A card goes with the one charge that it was for, and with its refusal where it was keyed for that alone.
      const goes = { approved: once, declined: captureId !== null, unknown: false }[answer.status];
      if (goes) await vault.destroy(merchant, token);
    }

    let step: Step | null = null;
    const closed = await store.change(merchant, view.id, async (now) => {
      step = answered(now, answer, clock.now());
      if (step === null) return null;
      const conclusion = answer.status === 'unknown' ? null : await conclude(step.record);
      return this.changeOf(step, conclusion);
    });
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
}
