import type { CaptureView } from '../capture/view.js';
import { chargedCard, type ChargeRecord } from '../charge/charge.js';
import type { Settlements } from '../charge/settlements.js';
import type { Conclusion } from '../charge/till.js';
import { timestamp, type Clock } from '../clock.js';
import type { Caller } from '../fraud/limit.js';
import { ended, onPage, type LinkRecord } from '../link/link.js';
import type { TokenView } from '../vault/vault.js';
import { captureEvent, withLink, type CaptureRecord } from './events.js';
import type { Records } from './records.js';
import type { Registry } from './registry.js';

export interface CaptureSettlementsOptions {
  registry: Registry;
  records: Records;
  live: boolean;
  clock: Clock;
}

/**
 * The captures that ended before anybody knew what became of their charge, and those that are paid by a link. One that
 * was approved is completed after all, whatever was said in between; one that was declined stays failed, and shows why.
 */
export class CaptureSettlements implements Settlements {
  readonly #options: CaptureSettlementsOptions;

  constructor(options: CaptureSettlementsOptions) {
    this.#options = options;
  }

  async conclude(charge: ChargeRecord, token: TokenView | null): Promise<Conclusion | null> {
    const { records } = this.#options;
    const { merchant, captureId } = charge;
    const record = captureId === null ? null : await records.capture(merchant, captureId);
    if (record === null || record.view.status === 'completed') return null;
    const kept = token && { ...token, card: chargedCard(token.card, charge) };
    const conclusion = await this.#conclusion(record, charge, kept);
    // Whoever buries what a dead process left may be at it, too: then all of this is asked again.
    const replaces = records.writeOf(record).value;
    return (
      conclusion && { ...conclusion, writes: conclusion.writes.map((write) => ({ ...write, replaces })) }
    );
  }

  async #conclusion(
    record: CaptureRecord,
    { page, view: charge }: ChargeRecord,
    token: TokenView | null,
  ): Promise<Conclusion | null> {
    const { records } = this.#options;
    if (page !== undefined) return this.#linkEnded(record, charge, token);
    if (charge.status === 'approved' && token !== null) return this.#completed(record, charge, token);
    // Whoever buries what a dead process left tells of its end; this only adds what is known of its charge.
    const view = { ...record.view, charge, decline: charge.decline };
    return { events: [], writes: [records.writeOf({ ...record, view })] };
  }

  async callerOf({ merchant, captureId }: ChargeRecord): Promise<Caller | null> {
    const { records } = this.#options;
    const capture = captureId === null ? null : await records.capture(merchant, captureId);
    const call = capture && (await records.call(merchant, capture.view.call_id));
    return call && { number: call.view.caller.address, called: call.called };
  }

  async onPage({ merchant, captureId, view }: ChargeRecord, step: 'open' | 'authenticated'): Promise<void> {
    if (captureId === null) return;
    await this.#options.records.changeCapture(merchant, captureId, (now) => {
      const link = ofCharge(now, view.id);
      const known = link && onPage(link, step);
      return known && { record: withLink(now, known) };
    });
  }

  /** A link that is paid completes its capture; one that isn't ends it as what it was sent for. */
  async #linkEnded(
    record: CaptureRecord,
    charge: CaptureView['charge'] & object,
    token: TokenView | null,
  ): Promise<Conclusion | null> {
    const link = ofCharge(record, charge.id);
    const paid = charge.status === 'approved';
    if (link === null) return paid ? this.#completed(record, charge, token) : null;
    const over = ended(link, paid, this.#options.clock.now());
    if (paid) return this.#completed(withLink(record, over), charge, token);
    const failed = over.status === 'failed';
    return this.#told(
      over.status === 'cancelled' ? 'capture.cancelled' : 'capture.failed',
      withLink(record, over),
      {
        ...(over.status === 'cancelled'
          ? { status: 'cancelled', reason: 'cancelled_by_agent' }
          : { status: 'failed', reason: 'charge_declined' }),
        ...{ charge, decline: failed ? charge.decline : null },
      },
    );
  }

  #completed(
    record: CaptureRecord,
    charge: CaptureView['charge'],
    kept: TokenView | null,
  ): Promise<Conclusion> {
    const { token = null, fingerprint = null, card = null, expires_at = null } = kept ?? {};
    const reached = { status: 'completed', reason: null, decline: null } as const;
    return this.#told(
      'capture.completed',
      record,
      { ...reached, charge, token, fingerprint, card, usage: kept?.usage ?? record.view.usage },
      expires_at,
    );
  }

  async #told(
    type: Parameters<typeof captureEvent>[0],
    before: CaptureRecord,
    reached: Partial<CaptureView>,
    expiresAt: string | null = null,
  ): Promise<Conclusion> {
    const { records, live, clock } = this.#options;
    const now = clock.now();
    const record: CaptureRecord = {
      ...before,
      sequence: await this.#sequenceAfter(before),
      view: { ...before.view, ...reached, current_field: null, updated_at: timestamp(now) },
    };
    const event = captureEvent(type, record, now, live, expiresAt);
    return { events: [JSON.stringify(event)], writes: [records.writeOf(record)] };
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

/** The link that this charge is of; null when another has taken its place. */
function ofCharge({ link }: CaptureRecord, chargeId: string): LinkRecord | null {
  return link?.chargeId === chargeId ? link : null;
}
