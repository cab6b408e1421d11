import { bucketOf } from '../id.js';
import type { CaptureView } from '../capture/view.js';
import type { Conclusion } from '../charge/till.js';
import type { Clock } from '../clock.js';
import type { CrmEvent, EventType, Outbox } from '../crm/event.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { SlotWrite } from '../redis/keys.js';
import type { Call } from './call.js';
import { captureEvent, type CaptureRecord } from './events.js';
import type { Records } from './records.js';

export interface CaptureWriterOptions {
  records: Records;
  outbox: Outbox;
  live: boolean;
  clock: Clock;
  log: Logger;
}

/** Writes down what becomes of the captures of this node: each time the record and its event, at once. */
export class CaptureWriter {
  readonly #options: CaptureWriterOptions;

  constructor(options: CaptureWriterOptions) {
    this.#options = options;
  }

  /** Resolves when the capture, and what is `beside` it in its slot, is durable; on AppError `redis_unavailable` it may be, all the same. */
  async started(call: Call, view: CaptureView, beside: readonly SlotWrite[]): Promise<void> {
    const { records, outbox } = this.#options;
    const record = recordOf(call, view);
    await records.openCapture(record);
    const writes = [records.writeOf(record), ...beside];
    await outbox.write({ ...this.#entry('capture.started', record), writes });
  }

  /** What becomes true with the token of a capture that is completed: for the till, which writes it. */
  conclusion(call: Call, view: CaptureView, expiresAt: string): Conclusion {
    const record = recordOf(call, view);
    const { event } = this.#entry('capture.completed', record, expiresAt);
    return { events: [JSON.stringify(event)], writes: [this.#options.records.writeOf(record)] };
  }

  /** A capture is over; resolves when that is durable. What is completed was written with its token. */
  async ended(call: Call, view: CaptureView): Promise<void> {
    const { outbox, records } = this.#options;
    const { merchant } = call.flow;
    if (view.status === 'completed') {
      outbox.nudge(merchant, bucketOf(view.id) ?? 0);
      this.#close(merchant, view.id);
      return;
    }
    const record = recordOf(call, view);
    const type = view.status === 'cancelled' ? 'capture.cancelled' : 'capture.failed';
    const told = outbox.append({ ...this.#entry(type, record), writes: [records.writeOf(record)] });
    // This node answers for the capture until its end is durable.
    await told;
    this.#close(merchant, view.id);
  }

  #close(merchant: string, id: string): void {
    const { records, log } = this.#options;
    records.close(merchant, id).catch((error: unknown) => {
      log.debug(
        { capture: id, code: codeOf(error) },
        'a capture could not be closed: it will be found to be over',
      );
    });
  }

  #entry(
    type: Extract<EventType, `capture.${string}`>,
    record: CaptureRecord,
    expiresAt: string | null = null,
  ): { event: CrmEvent; bucket: number } {
    const { clock, live } = this.#options;
    const event = captureEvent(type, record, clock.now(), live, expiresAt);
    return { event, bucket: bucketOf(record.view.id) ?? 0 };
  }
}

/** A capture as the next event of its call tells of it. */
function recordOf(call: Call, view: CaptureView): CaptureRecord {
  return { merchant: call.flow.merchant, sequence: call.nextSequence(), view };
}
