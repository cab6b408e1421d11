/**
 * What can go wrong between a provider and who asks it. `nothing_…`: nothing was done; `done_…`: it was, and only the
 * answer fails; `notice_…`: only the webhook does.
 */
export const FAULTS = [
  'nothing_then_500',
  'nothing_then_silent',
  'nothing_then_cut',
  'busy',
  'raw_cards_off',
  'echo',
  'slow',
  'late',
  'done_then_500',
  'done_then_silent',
  'done_then_cut',
  'done_then_garbage',
  'done_then_huge',
  'done_then_twice',
  'notice_first',
  'notice_twice',
  'notice_forged',
  'notice_lost',
  'notices_reversed',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a request asks for. */
export const VERBS = [
  'authorize',
  'verify',
  'tokenize',
  'capture',
  'void',
  'refund',
  'look_up',
  'forget',
  'open_page',
  'close_page',
] as const;
export type Verb = (typeof VERBS)[number];

/** Planned faults that nobody has met yet; beyond it planning is refused. */
export const MAX_PLANNED_FAULTS = 1_000;

/** Faults for the next requests, in the order in which they were planned. */
export class FaultPlan {
  #planned: { fault: Fault; verb: Verb | null }[] = [];

  /** The next `times` requests, of this verb only where one is named, meet `fault`. Throws RangeError when full. */
  next(fault: Fault, { times = 1, verb = null }: { times?: number; verb?: Verb | null } = {}): void {
    if (this.#planned.length + times > MAX_PLANNED_FAULTS)
      throw new RangeError('too many faults are planned');
    for (let i = 0; i < times; i++) this.#planned.push({ fault, verb });
  }

  /** The first that fits, which is over then. */
  take(verb: Verb): Fault | null {
    const at = this.#planned.findIndex((planned) => planned.verb === null || planned.verb === verb);
    return at < 0 ? null : (this.#planned.splice(at, 1)[0]?.fault ?? null);
  }

  clear(): void {
    this.#planned = [];
  }
}
