import type { CaptureView } from '../capture/view.js';
import type { ChargeRecord } from '../charge/charge.js';
import type { Settlements } from '../charge/settlements.js';
import type { Conclusion } from '../charge/till.js';
import { timestamp, type Clock } from '../clock.js';
import type { TokenView } from '../vault/vault.js';
import { captureEvent, type CaptureRecord } from './events.js';
import type { Records } from './records.js';
import type { Registry } from './registry.js';

export interface CaptureSettlementsOptions {
  registry: Registry;
  records: Records;
  live: boolean;
  clock: Clock;
}

/**
 * The captures that ended before anybody knew what became of their charge. One that was approved is completed after
 * all, whatever was said in between; one that was declined stays failed, and shows why.
 */
export class CaptureSettlements implements Settlements {
  readonly #options: CaptureSettlementsOptions;

  constructor(options: CaptureSettlementsOptions) {
    this.#options = options;
  }

  async conclude(
    { merchant, captureId, view: charge }: ChargeRecord,
    token: TokenView | null,
  ): Promise<Conclusion | null> {
    const { records } = this.#options;
    const record = captureId === null ? null : await records.capture(merchant, captureId);
    if (record === null || record.view.status === 'completed') return null;
    if (charge.status === 'approved' && token !== null) return this.#completed(record, charge, token);
    // Whoever buries what a dead process left tells of its end; this only adds what is known of its charge.
    const view = { ...record.view, charge, decline: charge.decline };
    return { events: [], writes: [records.writeOf({ ...record, view })] };
  }

  async #completed(
    record: CaptureRecord,
    charge: CaptureView['charge'],
    token: TokenView,
  ): Promise<Conclusion> {
    const { records, live, clock } = this.#options;
    const now = clock.now();
    const completed: CaptureRecord = {
      ...record,
      sequence: await this.#sequenceAfter(record),
      view: {
        ...{ ...record.view, status: 'completed', reason: null, current_field: null, decline: null, charge },
        ...{
          token: token.token,
          fingerprint: token.fingerprint,
          card: token.card,
          updated_at: timestamp(now),
        },
      },
    };
    const event = captureEvent('capture.completed', completed, now, live, token.expires_at);
    return { events: [JSON.stringify(event)], writes: [records.writeOf(completed)] };
  }

  /** After whatever was told of the call, which may be over long since, or go on here. */
  async #sequenceAfter({ merchant, sequence, view }: CaptureRecord): Promise<number> {
    const { registry, records } = this.#options;
    const living = registry.findOf(merchant, view.call_id);
    if (living !== undefined) return living.nextSequence();
    const call = await records.call(merchant, view.call_id);
    return Math.max(sequence, call?.sequence ?? 0) + 1;
  }
}
