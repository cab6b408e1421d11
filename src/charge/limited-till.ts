import type { Outcome } from '../capture/view.js';
import { bin } from '../card/mask.js';
import { codeOf } from '../errors.js';
import type { Limits } from '../fraud/limits.js';
import type { Money } from '../psp/psp.js';
import { declineOf } from './refusals.js';
import type { Taken, TakeRequest, Till } from './till.js';

/** A till that asks no bank about a card when too many are being tried: that is a refusal of our own. */
export class LimitedTill implements Till {
  readonly #till: Till;
  readonly #limits: Pick<Limits, 'asking'>;

  constructor(till: Till, limits: Pick<Limits, 'asking'>) {
    this.#till = till;
    this.#limits = limits;
  }

  can(outcome: Outcome): boolean {
    return this.#till.can(outcome);
  }

  amountFault(money: Money): string | null {
    return this.#till.amountFault(money);
  }

  canChooseNetwork(): boolean {
    return this.#till.canChooseNetwork();
  }

  async take(request: TakeRequest): Promise<Taken> {
    const { merchant, caller, card, code, language } = request;
    const subject = { merchant, caller, range: bin(card.number.reveal()), client: null };
    try {
      return await this.#limits.asking(
        subject,
        () => this.#till.take(request),
        (taken) => (taken.status === 'refused' ? taken.decline.code : null),
      );
    } catch (error) {
      if (codeOf(error) !== 'limit_reached') throw error;
      return { status: 'refused', decline: declineOf('limit_reached', language), charge: null };
    } finally {
      code?.wipe();
    }
  }
}
