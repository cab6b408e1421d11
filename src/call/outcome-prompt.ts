import type { CaptureView, FieldName } from '../capture/view.js';
import type { Network } from '../card/networks.js';
import type { PromptName } from '../flow/prompts.js';
import { refusalNamed } from '../psp/decline-code.js';

const AGAIN: Readonly<Record<FieldName, PromptName | null>> = {
  'payment-card-number': 'key_number_again',
  'expiration-date': 'key_date_again',
  'security-code': 'key_code_again',
  'postal-code': null,
};

/**
 * What both parties hear when the till has answered; null: nothing. A card that was only asked for its token is no
 * news to the caller, and what the vault could not do is for the agent to say.
 */
export function outcomePrompt(view: CaptureView): PromptName | null {
  const { status, outcome, decline, charge } = view;
  if (status === 'collecting') return again(view);
  if (status === 'completed') return COMPLETED[outcome];
  if (charge?.status === 'unknown') return 'charge_in_doubt';
  const refusal = decline && refusalNamed(decline.code, decline.next);
  if (refusal !== null) return `declined_${refusal}`;
  return outcome === 'token' ? null : 'declined_processing_error';
}

/** What both hear when the caller chooses what a co-badged card is charged as: CB is 1, the other network 2. */
export function choicePrompt(networks: readonly Network[]): PromptName {
  return networks.includes('visa') ? 'choose_visa' : 'choose_mastercard';
}

const COMPLETED = {
  token: null,
  verify: 'card_verified',
  charge: 'charge_approved',
} as const satisfies Record<CaptureView['outcome'], PromptName | null>;

/** The field that was refused may not be the one that is open: the code is keyed again with it. */
function again({ fields }: CaptureView): PromptName | null {
  const refused = fields.find(({ error }) => error !== null);
  return refused === undefined ? null : AGAIN[refused.name];
}
