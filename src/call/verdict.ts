import type { CaptureEvent } from '../capture/event.js';
import type { Language } from '../capture/flow.js';
import { correctionOf } from '../capture/refusal.js';
import type { ChargeView, DeclineView, Outcome, Reason } from '../capture/view.js';
import { declineOf } from '../charge/refusals.js';
import type { Taken } from '../charge/till.js';
import type { TokenView } from '../vault/vault.js';

type Answered = Extract<CaptureEvent, { type: 'done' | 'refused' | 'fail' }>;

/** What the till's answer is to a capture: the event for the machine, and what is shown from then on. */
export interface Verdict {
  event: (at: number) => Answered;
  token: TokenView | null;
  charge: ChargeView | null;
  decline: DeclineView | null;
}

export function verdictOf(taken: Taken, outcome: Outcome, language: Language): Verdict {
  const { status, charge } = taken;
  if (status === 'done')
    return { ...NOTHING, token: taken.token, charge, event: (at) => ({ type: 'done', at }) };
  if (status === 'refused') return refused(taken.decline, charge, outcome);
  // A verification takes nothing whatever became of it: it may be done again.
  return charge === null ? notProcessed(outcome, language) : { ...failed('charge_unknown'), charge };
}

/** The same, when the till could not do its work: nothing was taken, and no token is left. `code` is of its error. */
export function verdictOnFault(code: string, outcome: Outcome, language: Language): Verdict {
  return code.startsWith('psp_') ? notProcessed(outcome, language) : failed('vault_unavailable');
}

const NOTHING = { token: null, charge: null, decline: null };

function failed(reason: Reason): Verdict {
  return { ...NOTHING, event: (at) => ({ type: 'fail', at, reason }) };
}

function notProcessed(outcome: Outcome, language: Language): Verdict {
  return refused(declineOf('processing_error', language), null, outcome);
}

function refused(decline: DeclineView, charge: ChargeView | null, outcome: Outcome): Verdict {
  const correction = correctionOf(decline.code);
  const reason = outcome === 'charge' ? 'charge_declined' : 'verification_failed';
  return { ...NOTHING, charge, decline, event: (at) => ({ type: 'refused', at, correction, reason }) };
}
