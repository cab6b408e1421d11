import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../clock.js';
import { isOpen } from '../link/link.js';
import type { Call } from './call.js';
import type { CaptureRecord } from './events.js';
import { outcomePrompt } from './outcome-prompt.js';
import type { Records } from './records.js';

/** Whatever node a payer or the provider comes to: so soon it is seen wherever somebody looks. */
const LOOK_EVERY_MS = 1_000;

/** Follows captures that are paid by a link, which happens in nobody's process. */
export class LinkWatch {
  readonly #records: Records;
  readonly #clock: Clock;
  /** Whose captures are followed for those on the line. */
  readonly #calls = new WeakMap<Call, string>();

  constructor({ records, clock }: { records: Records; clock: Clock }) {
    this.#records = records;
    this.#clock = clock;
  }

  /** Shows a capture on its call as it is kept, and as it changes from now on; both parties hear that it is paid. */
  show(call: Call, record: CaptureRecord): void {
    const { merchant, view } = record;
    picture(call, record);
    if (this.#calls.get(call) === view.id || !isPending(record)) return;
    this.#calls.set(call, view.id);
    const stop = this.follow(merchant, view.id, (now) => {
      if (call.session?.facts.id !== view.id) return stop();
      picture(call, now);
      if (isPending(now)) return;
      this.#calls.delete(call);
      if (now.view.status === 'completed') call.teller.tell(outcomePrompt(now.view));
    });
  }

  /** Tells of every change until its link has come to an end, or the returned function is called. */
  follow(merchant: string, captureId: string, told: (record: CaptureRecord) => void): () => void {
    let stopped = false;
    let last: CaptureRecord | null = null;
    const look = async (): Promise<void> => {
      const record = await this.#records.capture(merchant, captureId).catch(() => last);
      if (stopped) return;
      if (record !== null && !isDeepStrictEqual(record, last)) told((last = record));
      if (last === null || isPending(last)) next();
    };
    let cancel = () => {};
    const next = () => {
      cancel = this.#clock.after(LOOK_EVERY_MS, () => void look());
    };
    next();
    return () => {
      stopped = true;
      cancel();
    };
  }
}

function picture(call: Call, { view }: CaptureRecord): void {
  call.session?.show(view);
  call.keyed();
  call.publishNow();
}

/** A link that is over may still be to be told of: its capture ends in the same write. */
function isPending({ link }: CaptureRecord): boolean {
  return link !== undefined && isOpen(link);
}
