import type { CallControl, MediaStream } from '../carrier/carrier.js';
import type { SentenceName } from '../capture/flow.js';
import { codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { Logger } from '../log.js';

export type Party = 'caller' | 'agent';

/** One of the two calls that we join. */
export class Leg {
  readonly id = newId('leg_');
  readonly party: Party;
  readonly address: string;
  /** Null until the carrier has named it. */
  callSid: string | null;
  stream: MediaStream | null = null;
  /** What the party hears when its stream is over; null: it left by itself. */
  farewell: SentenceName | null = null;

  constructor(party: Party, address: string, callSid: string | null) {
    this.party = party;
    this.address = address;
    this.callSid = callSid;
  }

  /** Lets the party go: its stream is closed, whereupon the carrier asks us what it shall hear. */
  release(farewell: SentenceName, control: CallControl, log: Logger): void {
    this.farewell = farewell;
    if (this.stream !== null) this.stream.close();
    else this.drop(control, log);
  }

  /** Ends a leg that has no stream; one that the carrier hasn't named yet must be dropped when it has. */
  drop(control: CallControl, log: Logger): void {
    if (this.callSid === null) return;
    const dropped = this.party === 'caller' ? control.hangUp(this.callSid) : control.cancel(this.callSid);
    dropped.catch((error: unknown) =>
      log.warn({ leg: this.id, code: codeOf(error) }, 'the carrier did not end a leg'),
    );
  }
}
