import type { ServerResponse } from 'node:http';
import { FAULTS, VERBS, type FaultPlan } from './fault.js';
import type { Ledger } from './ledger.js';

/** For programs that run elsewhere: plans faults, and shows the ledger. */
export class ControlDoor {
  readonly #faults: FaultPlan;
  readonly #ledger: Ledger;

  constructor(faults: FaultPlan, ledger: Ledger) {
    this.#faults = faults;
    this.#ledger = ledger;
  }

  /** False when it is none of its paths. */
  serve(
    path: string,
    method: string,
    fields: ReadonlyMap<string, string>,
    response: ServerResponse,
  ): boolean {
    if (path === '/simulator/faults' && method === 'POST') this.#plan(fields, response);
    else if (path === '/simulator/ledger' && method === 'GET')
      say(response, 200, { movements: this.#ledger.movements });
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
      this.#faults.next(fault, { times, verb });
    } catch {
      return say(response, 409, { planned: 'too many' });
    }
    say(response, 200, { planned: fault, verb, times });
  }
}

function say(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
