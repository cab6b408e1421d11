import type { CaptureView } from '../capture/view.js';
import type { Clock } from '../clock.js';
import type { Call } from './call.js';
import { outcomePrompt } from './outcome-prompt.js';
import type { Records } from './records.js';

/** Whoever waits on the line hears it so soon after it is settled, by whatever node. */
const LOOK_EVERY_MS = 2_000;

/** While a call lasts: looks what has become of a charge that was in doubt, and tells those on the line. */
export class DoubtWatch {
  readonly #records: Records;
  readonly #clock: Clock;

  constructor({ records, clock }: { records: Records; clock: Clock }) {
    this.#records = records;
    this.#clock = clock;
  }

  follow(call: Call, captureId: string): void {
    this.#clock.after(LOOK_EVERY_MS, () => void this.#look(call, captureId));
  }

  async #look(call: Call, captureId: string): Promise<void> {
    if (call.status === 'ended') return;
    const record = await this.#records.capture(call.flow.merchant, captureId).catch(() => null);
    if (record === null || !isSettled(record.view)) return this.follow(call, captureId);
    // Another card is being taken already: nobody shall be interrupted.
    if (call.session?.facts.id !== captureId) return;
    call.session.show(record.view);
    call.publishNow();
    call.teller.tell(outcomePrompt(record.view));
  }
}

/** Whether what is kept of a capture knows more of its charge than those who were there when it ended. */
export function isSettled({ charge }: CaptureView): boolean {
  return charge !== null && charge.status !== 'unknown';
}
