import type { Clock } from '../clock.js';
import type { Call } from './call.js';
import type { DeskView } from './calls.js';
import type { Leg } from './leg.js';

/** An ended call is remembered for so long: its legs may still ask what to hear. */
const FAREWELL_MS = 60_000;

type DeskListener = (desk: DeskView) => void;

/** The calls of this process, by every name they go by, and those who watch them. */
export class Registry {
  readonly #clock: Clock;
  readonly #calls = new Map<string, Call>();
  readonly #legs = new Map<string, { call: Call; leg: Leg }>();
  readonly #watchers = new Map<string, Set<DeskListener>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(call: Call): void {
    this.#calls.set(call.id, call);
    for (const leg of [call.caller, call.agent]) this.#legs.set(leg.id, { call, leg });
  }

  /** The call is over: it goes when its legs have heard their last sentence. */
  retire(call: Call): void {
    this.#clock.after(FAREWELL_MS, () => {
      this.#calls.delete(call.id);
      this.#legs.delete(call.caller.id);
      this.#legs.delete(call.agent.id);
    });
  }

  leg(id: string): { call: Call; leg: Leg } | undefined {
    return this.#legs.get(id);
  }

  /** By our id or the carrier's SID of either leg. */
  find(idOrSid: string): Call | undefined {
    const call = this.#calls.get(idOrSid);
    if (call !== undefined) return call;
    return this.all().find((other) => [other.caller.callSid, other.agent.callSid].includes(idOrSid));
  }

  /** The same among a merchant's calls. Another's are passed over unseen: looking for one takes as long as for none. */
  findOf(merchant: string, idOrSid: string): Call | undefined {
    return this.#of(merchant).find((call) =>
      [call.id, call.caller.callSid, call.agent.callSid].includes(idOrSid),
    );
  }

  ofCapture(merchant: string, captureId: string): Call | undefined {
    return this.#of(merchant).find((call) => call.session?.facts.id === captureId);
  }

  all(): Call[] {
    return [...this.#calls.values()];
  }

  /** Calls that are not over. */
  live(): Call[] {
    return this.all().filter((call) => call.status !== 'ended');
  }

  #of(merchant: string): Call[] {
    return this.all().filter((call) => call.flow.merchant === merchant);
  }

  watch(merchant: string, listener: DeskListener): () => void {
    const listeners = this.#watchers.get(merchant) ?? new Set();
    this.#watchers.set(merchant, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  tell(call: Call): void {
    for (const listener of this.#watchers.get(call.flow.merchant) ?? []) listener(call.desk);
  }
}
