import { timestamp, type Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import { codeOf } from '../errors.js';
import { bucketOf } from '../id.js';
import { isOpen } from '../link/link.js';
import type { Logger } from '../log.js';
import { callEvent, captureEvent, type CaptureRecord } from './events.js';
import { NODE_TTL_SECONDS, type Orphan, type Records } from './records.js';

/** The dead are found within the 30 s that are promised: their time, this, and as long as the living get to say so. */
const BEAT_MS = 4_000;

export interface RecoveryOptions {
  records: Records;
  outbox: Outbox;
  live: boolean;
  clock: Clock;
  log: Logger;
}

/**
 * Digits never travel between processes, so a capture dies with its own. This says so for it: its captures fail with
 * `service_restarted`, its calls are ended.
 */
export class Recovery {
  readonly #options: RecoveryOptions;
  #stop: (() => void) | null = null;
  /** Since when this node has been beating without a miss; null: it missed its last beat. */
  #beatingSince: number | null = null;

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stop = () => {};
    void this.#round();
  }

  stop(): void {
    this.#stop?.();
    this.#stop = null;
  }

  async #round(): Promise<void> {
    const { records, clock, log } = this.#options;
    try {
      await records.beat();
      this.#beatingSince ??= clock.monotonic();
      // When Redis was away nobody could beat: the others get as long as we had to say that they live.
      const listened = clock.monotonic() - this.#beatingSince >= NODE_TTL_SECONDS * 1000;
      for (const orphan of listened ? await records.orphans() : []) await this.#bury(orphan);
    } catch (error) {
      this.#beatingSince = null;
      log.debug({ code: codeOf(error) }, 'other nodes could not be looked at');
    }
    if (this.#stop !== null) this.#stop = clock.after(BEAT_MS, () => void this.#round());
  }

  async #bury(orphan: Orphan): Promise<void> {
    const { records, log } = this.#options;
    const ended = orphan.id.startsWith('cap_') ? await this.#failed(orphan) : await this.#ended(orphan);
    if (ended) log.warn({ node: orphan.node, detail: orphan.id }, 'ended what a dead process left behind');
    await records.buried(orphan);
  }

  /** Whether it was still to be said. A charge that is settled meanwhile may complete the capture: then that stands. */
  async #failed({ merchant, id }: Orphan): Promise<boolean> {
    const { records, outbox, clock, live } = this.#options;
    const found = await records.capture(merchant, id);
    const call = found && (await records.call(merchant, found.view.call_id));
    let said = false;
    await records.changeCapture(merchant, id, (record) => {
      said = isLeftBehind(record);
      if (!said) return null;
      const now = clock.now();
      const failed: CaptureRecord = {
        ...record,
        sequence: Math.max(record.sequence, call?.sequence ?? 0) + 1,
        view: {
          ...record.view,
          status: 'failed',
          reason: 'service_restarted',
          current_field: null,
          updated_at: timestamp(now),
        },
      };
      return { record: failed, events: [JSON.stringify(captureEvent('capture.failed', failed, now, live))] };
    });
    if (said) outbox.nudge(merchant, bucketOf(id) ?? 0);
    return said;
  }

  async #ended({ merchant, id }: Orphan): Promise<boolean> {
    const { records, outbox, clock, live } = this.#options;
    const record = await records.call(merchant, id);
    if (record === null || record.view.status === 'ended') return false;
    const now = clock.now();
    const view = { ...record.view, status: 'ended' as const, ended_at: timestamp(now) };
    const capture = view.capture_id === null ? null : await records.capture(merchant, view.capture_id);
    // After the last event that anything of this call has told of, and after the one about its capture.
    const sequence = Math.max(record.sequence, capture?.sequence ?? 0) + 2;
    const ended = { ...record, sequence, view };
    const event = callEvent('call.ended', ended, now, live);
    await outbox.write({ event, bucket: bucketOf(id) ?? 0, writes: [records.writeOf(ended)] });
    return true;
  }
}

/** A payment link is in nobody's process. */
function isLeftBehind({ view, link }: CaptureRecord): boolean {
  const isLive = view.status === 'collecting' || view.status === 'processing';
  return isLive && (link === undefined || !isOpen(link));
}
