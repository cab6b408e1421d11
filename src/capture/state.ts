import type { Brand } from '../card/brands.js';
import type { CardSecret } from '../card/card.js';
import { readExpiry, type Month } from '../card/expiry.js';
import type { CardNetworks } from '../card/networks.js';
import type { Secret } from '../secret.js';
import type { Flow } from './flow.js';
import type { CaptureStatus, FieldName, FieldView, ProgressView, Reason } from './view.js';

export interface CaptureSetup {
  readonly flow: Flow;
  /** In the order in which they are asked; `fieldsFault` finds nothing wrong with them. */
  readonly fields: readonly FieldName[];
  readonly testCards: 'allow' | 'refuse';
  /** Whether the caller of a co-badged card is asked what it shall be charged as. */
  readonly askNetwork: boolean;
  /** The present month, see `latestMonth`. */
  readonly month: Month;
}

/** A field: what may be shown of it, and its digits as bytes 0–9. */
export interface FieldState extends Readonly<FieldView> {
  readonly digits: Secret;
}

/** A capture at one moment. Only its Secrets change; every time is on the clock of the events. */
export interface CaptureState extends Readonly<CardNetworks> {
  readonly setup: CaptureSetup;
  readonly status: CaptureStatus;
  readonly reason: Reason | null;
  readonly fields: readonly FieldState[];
  /** What the accepted number says. */
  readonly brand: Brand | null;
  /** The caller is asked which of the networks he wants, between the number and what is keyed after it. */
  readonly choosing: boolean;
  /** Since when the field in progress, or the choice, has been waiting for a key. */
  readonly waitingSince: number;
  readonly lastKeyAt: number | null;
  /** After a failure: keys are dropped until then, and each of them puts it off. */
  readonly deafUntil: number;
  /** When the machine wants a `timer` event. */
  readonly wakeAt: number | null;
  /** Somebody left, or cancelled, while the till was at work. */
  readonly abandoned: boolean;
}

/** Who has no wish, or has not listened, need not answer. */
const CHOICE_MS = 10_000;
/** An agent sees "keying" for so long after a key. */
const KEYING_MS = 1_500;

export function isOver({ status }: CaptureState): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** Whether the next key says which network; no field is open then. */
export function isChoosing(state: CaptureState): boolean {
  return state.status === 'collecting' && state.choosing;
}

export function currentField(state: CaptureState): FieldState | undefined {
  return state.fields.find((field) => field.status === 'collecting');
}

/** What is shown. */
export function progress(state: CaptureState): ProgressView {
  return {
    status: state.status,
    reason: state.reason,
    current_field: currentField(state)?.name ?? null,
    fields: state.fields.map(viewOf),
  };
}

/** When the field in progress, or the choice, runs out of time. */
export function deadline(state: CaptureState): number | null {
  if (isChoosing(state)) return state.waitingSince + CHOICE_MS;
  const field = currentField(state);
  if (field === undefined) return null;
  const { first_key_seconds, next_key_seconds } = state.setup.flow.capture;
  return state.waitingSince + 1_000 * (field.digits_entered === 0 ? first_key_seconds : next_key_seconds);
}

/** Whether a key went down lately. */
export function keying(state: CaptureState, at: number): boolean {
  return state.lastKeyAt !== null && at - state.lastKeyAt < KEYING_MS;
}

/** The card, while `processing`: its number is the capture's own Secret, wiped when the capture is over. */
export function cardOf(state: CaptureState): CardSecret {
  const number = digitsOf(state, 'payment-card-number');
  const expiry = readExpiry(digitsOf(state, 'expiration-date').reveal(), state.setup.month);
  if (state.status !== 'processing' || state.brand === null || expiry === null) {
    throw new RangeError('a capture has a card only while it is processing');
  }
  return { brand: state.brand, number, expMonth: expiry.month, expYear: expiry.year };
}

/** The security code, while `processing`; null where none was asked, or the brand has none. Wiped on the till's answer. */
export function codeOf(state: CaptureState): Secret | null {
  const code = state.fields.find(({ name }) => name === 'security-code');
  if (state.status !== 'processing') throw new RangeError('a capture has a code only while it is processing');
  return code === undefined || code.digits_entered === 0 ? null : code.digits;
}

/** Zeroes every digit. The machine does it itself as soon as a capture is over. */
export function wipe(state: CaptureState): void {
  for (const field of state.fields) field.digits.wipe();
}

function viewOf({ name, status, digits_entered, masked, attempt, error }: FieldState): FieldView {
  return { name, status, digits_entered, masked, attempt, error };
}

function digitsOf(state: CaptureState, name: FieldName): Secret {
  const field = state.fields.find((field) => field.name === name);
  if (field === undefined) throw new RangeError(`the capture has no ${name}`);
  return field.digits;
}
