import type { ServerResponse } from 'node:http';
import { FAULTS, VERBS, type FaultPlan } from './fault.js';
import type { Ledger } from './ledger.js';

export interface ControlDoorOptions {
  faults: FaultPlan;
  ledger: Ledger;
  /** Gives minor units of a payment back, as somebody would in the provider's console; false when it can't. */
  refund: (reference: string, amount: number) => boolean;
}

/** For programs that run elsewhere, and for whoever is to be the provider's own people. */
export class ControlDoor {
  readonly #options: ControlDoorOptions;

  constructor(options: ControlDoorOptions) {
    this.#options = options;
  }

  /** False when it is none of its paths. */
  serve(
    path: string,
    method: string,
    fields: ReadonlyMap<string, string>,
    response: ServerResponse,
  ): boolean {
    if (path === '/simulator/faults' && method === 'POST') this.#plan(fields, response);
    else if (path === '/simulator/refunds' && method === 'POST') this.#refund(fields, response);
    else if (path === '/simulator/ledger' && method === 'GET')
      say(response, 200, { movements: this.#options.ledger.movements });
    else return false;
    return true;
  }

  #plan(fields: ReadonlyMap<string, string>, response: ServerResponse): void {
    const fault = FAULTS.find((name) => name === fields.get('fault'));
    const verb = VERBS.find((name) => name === fields.get('verb')) ?? null;
    const times = Number(fields.get('times') ?? 1);
    if (fault === undefined || !Number.isInteger(times) || times < 1) {
      return say(response, 400, { faults: FAULTS, verbs: VERBS });
    }
    try {
      this.#options.faults.next(fault, { times, verb });
    } catch {
      return say(response, 409, { planned: 'too many' });
    }
    say(response, 200, { planned: fault, verb, times });
  }

  #refund(fields: ReadonlyMap<string, string>, response: ServerResponse): void {
    const reference = fields.get('reference') ?? '';
    const amount = Number(fields.get('amount') ?? NaN);
    const refunded = Number.isSafeInteger(amount) && amount > 0 && this.#options.refund(reference, amount);
    say(response, refunded ? 200 : 409, { reference, refunded });
  }
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
