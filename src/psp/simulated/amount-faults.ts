import type { Fault, Verb } from './fault.js';
import { AMOUNT_SCENARIOS } from './scenarios.js';

/** References that are remembered; the oldest are forgotten. */
export const MAX_FAULTED = 10_000;

/** Faults that the amount of a payment asks for, once each: a payment that is asked for again gets its answer. */
export class AmountFaults {
  readonly #faulted = new Set<string>();

  take(verb: Verb, fields: ReadonlyMap<string, string>): Fault | null {
    if (verb !== 'authorize') return null;
    const reference = fields.get('reference') ?? '';
    const fault = AMOUNT_SCENARIOS[Number(fields.get('amount'))]?.fault ?? null;
    if (fault === null || this.#faulted.has(reference)) return null;
    this.#faulted.add(reference);
    for (const oldest of this.#faulted) {
      if (this.#faulted.size <= MAX_FAULTED) break;
      this.#faulted.delete(oldest);
    }
    return fault;
  }
}
