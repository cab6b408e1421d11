import { codeDigits, issueOf, type Brand } from '../card/brands.js';
import { dots, maskedNumber } from '../card/mask.js';
import { networksOf, UNKNOWN_NETWORKS, type Network } from '../card/networks.js';
import { POUND, Secret, STAR } from '../secret.js';
import type { CaptureEffect, CaptureEvent } from './event.js';
import { FIELD_RULES, type RuleContext } from './field-rules.js';
import { fieldsFault } from './fields.js';
import {
  currentField,
  deadline,
  isChoosing,
  isOver,
  wipe,
  type CaptureSetup,
  type CaptureState,
  type FieldState,
} from './state.js';
import type { FieldError, FieldName, Reason } from './view.js';

/** A caller who stops for so long has keyed the whole number, if a whole number can be so short. */
const PAUSE_MS = 3_000;
/** After a failure the caller may still be typing the number that failed. */
const QUIET_MS = 1_000;

/** What the accepted number says, while there is none. */
const NO_NUMBER = { brand: null, ...UNKNOWN_NETWORKS, choosing: false } as const;

/** Failures that the till answers with. While it works on the card nothing else ends the capture: it still reads the digits. */
const ANSWERS: ReadonlySet<Reason> = new Set<Reason>([
  'vault_unavailable',
  'verification_failed',
  'charge_declined',
  'charge_unknown',
]);

/** A capture that waits for the first key of its first field. Throws RangeError when `fieldsFault` finds a fault. */
export function begin(setup: CaptureSetup, at: number): CaptureState {
  const fault = fieldsFault(setup.fields);
  if (fault !== null) throw new RangeError(fault);
  const fields = setup.fields.map((name) => emptied({ name, attempt: 1, digits: new Secret() }));
  return awake({
    setup,
    status: 'collecting',
    reason: null,
    fields: collectingNext(fields, null),
    ...NO_NUMBER,
    waitingSince: at,
    lastKeyAt: null,
    deafUntil: at,
    wakeAt: null,
    abandoned: false,
  });
}

/** What an event makes of a capture, and what has to be done about it. Time that has run out by `at` comes first. */
export function step(state: CaptureState, event: CaptureEvent): [CaptureState, readonly CaptureEffect[]] {
  const next = awake(apply(elapse(state, event.at), event));
  return [next, effects(state, next)];
}

function apply(state: CaptureState, event: CaptureEvent): CaptureState {
  if (state.status === 'processing') return answered(state, event);
  if (state.status !== 'collecting') return state;
  switch (event.type) {
    case 'key':
      return key(state, event.cell.key, event.at);
    case 'clear':
      return clear(state, event.field, event.at);
    case 'extend':
      return { ...state, waitingSince: event.at };
    case 'cancel':
      return over(state, 'cancelled', event.by === 'agent' ? 'cancelled_by_agent' : 'cancelled_by_caller');
    case 'fail':
      return over(state, 'failed', event.reason);
    case 'hand_over':
      return { ...state, status: 'processing', fields: cleared(state) };
    default:
      return state;
  }
}

/** While the till is at work: only its answer ends the capture. Whoever leaves in the meantime won't key anything again. */
function answered(state: CaptureState, event: CaptureEvent): CaptureState {
  switch (event.type) {
    case 'done':
      return over(state, 'completed', null);
    case 'refused':
      return refused(state, event);
    case 'fail':
      return ANSWERS.has(event.reason) ? over(state, 'failed', event.reason) : { ...state, abandoned: true };
    case 'cancel':
      return { ...state, abandoned: true };
    default:
      return state;
  }
}

/** One field is keyed again, and the security code, which may not outlive the answer; the others stay. */
function refused(
  state: CaptureState,
  { correction, reason, at }: Extract<CaptureEvent, { type: 'refused' }>,
): CaptureState {
  const wrong = state.fields.find(({ name }) => name === correction?.field);
  const correctable = wrong !== undefined && wrong.digits_entered > 0 && !state.abandoned;
  if (correction === null || !correctable) return over(state, 'failed', reason);
  const kept = state.fields.map((field) => {
    if (field.name !== 'security-code' && field !== wrong) return field;
    field.digits.wipe();
    return emptied(field);
  });
  const before = wrong.name === 'payment-card-number' ? { ...state, ...NO_NUMBER } : state;
  const asked: CaptureState = { ...before, status: 'collecting', fields: collectingNext(kept, before.brand) };
  return fail(asked, { ...emptied(wrong), status: statusOf(asked, wrong.name) }, correction.error, at);
}

function elapse(state: CaptureState, at: number): CaptureState {
  if (state.wakeAt === null || at < state.wakeAt) return state;
  // A key that comes a little late is an answer, and no digit.
  if (isChoosing(state)) return chosen({ ...state, deafUntil: at + QUIET_MS }, null, at);
  const field = currentField(state);
  if (field === undefined) return state;
  return pauseEnd(state) === state.wakeAt ? end(state, field, at) : fail(state, field, 'timeout', at);
}

function key(before: CaptureState, pressed: number, at: number): CaptureState {
  const state = { ...before, lastKeyAt: at };
  const field = currentField(state);
  if (field === undefined && !isChoosing(state)) return state;
  if (at < state.deafUntil) return { ...state, deafUntil: at + QUIET_MS };
  if (field === undefined) return choice(state, pressed, at);
  if (pressed >= 0 && pressed <= 9) return digit(state, field, pressed, at);
  if (pressed === POUND && field.digits_entered > 0) return end(state, field, at);
  if (pressed === STAR) return star(state, field, at);
  return state;
}

/** One key answers: a network by its place, `#` for no wish. `*` goes back to the number; others say nothing. */
function choice(state: CaptureState, pressed: number, at: number): CaptureState {
  const network = state.networks?.[pressed - 1];
  if (network !== undefined) return chosen(state, network, at);
  if (pressed === POUND) return chosen(state, null, at);
  if (pressed !== STAR) return state;
  return collectAgain(
    state,
    state.fields.findIndex(({ name }) => name === 'payment-card-number'),
    at,
  );
}

function chosen(state: CaptureState, network: Network | null, at: number): CaptureState {
  return goOn({ ...state, network, choosing: false, waitingSince: at });
}

function digit(before: CaptureState, field: FieldState, pressed: number, at: number): CaptureState {
  field.digits.push(pressed);
  const longer = {
    ...field,
    digits_entered: field.digits.length,
    masked: dots(field.digits.length),
    error: null,
  };
  const state = { ...before, fields: replaced(before, longer), waitingSince: at };
  const rule = FIELD_RULES[field.name];
  return rule.end(longer.digits.reveal(), context(state)) === 'now' ? end(state, longer, at) : state;
}

/** Clears the field; an empty one gives way to the last before it that was keyed. Costs no attempt. */
function star(state: CaptureState, field: FieldState, at: number): CaptureState {
  const here = state.fields.indexOf(field);
  if (field.digits_entered > 0) {
    field.digits.wipe();
    const empty = { ...emptied(field), status: field.status, error: field.error };
    return { ...state, fields: replaced(state, empty), waitingSince: at };
  }
  const back = state.fields.findLastIndex((other, index) => index < here && other.digits_entered > 0);
  return back < 0 ? state : collectAgain(state, back, at);
}

/** The agent's wish: a field that has been reached is keyed again with all its attempts. */
function clear(state: CaptureState, name: FieldName, at: number): CaptureState {
  const index = state.fields.findIndex((field) => field.name === name && field.status !== 'pending');
  if (index < 0) return state;
  const fields = state.fields.map((field, i) => (i < index ? field : { ...field, attempt: 1 }));
  return collectAgain({ ...state, fields }, index, at);
}

function collectAgain(state: CaptureState, from: number, at: number): CaptureState {
  const fields = state.fields.map((field, index) => {
    if (index < from) return field;
    field.digits.wipe();
    return emptied(field);
  });
  const numberKept = fields.some(
    (field) => field.name === 'payment-card-number' && field.status === 'accepted',
  );
  const known = numberKept ? state : { ...state, ...NO_NUMBER };
  return { ...known, fields: collectingNext(fields, known.brand), waitingSince: at };
}

function end(state: CaptureState, field: FieldState, at: number): CaptureState {
  const fault = FIELD_RULES[field.name].fault(field.digits.reveal(), context(state));
  return fault === null ? accept(state, field, at) : fail(state, field, fault, at);
}

function accept(state: CaptureState, field: FieldState, at: number): CaptureState {
  const accepted: FieldState = { ...field, status: 'accepted' };
  const after = { ...state, waitingSince: at };
  if (field.name !== 'payment-card-number') return goOn({ ...after, fields: replaced(state, accepted) });
  const { flow, askNetwork } = state.setup;
  const digits = field.digits.reveal();
  const networks = networksOf(digits, flow.capture.co_badged);
  const numbered: CaptureState = {
    ...after,
    fields: replaced(state, { ...accepted, masked: maskedNumber(digits) }),
    ...{ brand: issueOf(digits)?.brand ?? null, networks, network: null },
    choosing: askNetwork && networks !== null && networks.length > 1,
  };
  // Who keys ahead, or ends the number with #, hasn't heard the question yet.
  return numbered.choosing ? { ...numbered, deafUntil: at + QUIET_MS } : goOn(numbered);
}

/** To the next field, or to the till. */
function goOn(state: CaptureState): CaptureState {
  const fields = collectingNext(state.fields, state.brand);
  const status = fields.every((other) => other.status === 'accepted') ? 'processing' : 'collecting';
  return { ...state, status, fields };
}

function fail(state: CaptureState, field: FieldState, error: FieldError, at: number): CaptureState {
  field.digits.wipe();
  const failed = { ...emptied(field), status: field.status, error };
  if (field.attempt >= state.setup.flow.capture.attempts) {
    return over({ ...state, fields: replaced(state, failed) }, 'failed', 'attempts_used_up');
  }
  const again = { ...failed, attempt: field.attempt + 1 };
  return { ...state, fields: replaced(state, again), waitingSince: at, deafUntil: at + QUIET_MS };
}

/** Every digit is wiped. Of a capture that came to nothing, what was keyed isn't shown any more either. */
function over(
  state: CaptureState,
  status: 'completed' | 'failed' | 'cancelled',
  reason: Reason | null,
): CaptureState {
  if (status !== 'completed') return { ...state, status, reason, fields: cleared(state) };
  wipe(state);
  return { ...state, status, reason };
}

/** Nothing stays of what was keyed, and nothing of it is shown. */
function cleared(state: CaptureState): readonly FieldState[] {
  wipe(state);
  return state.fields.map((field) => ({ ...emptied(field), error: field.error }));
}

function effects(before: CaptureState, after: CaptureState): CaptureEffect[] {
  const due: CaptureEffect[] = [];
  const moved = before.status !== after.status;
  if (moved || before.fields !== after.fields || before.waitingSince !== after.waitingSince) {
    due.push({ type: 'changed' });
  }
  if (isChoosing(after) && !isChoosing(before)) {
    due.push({ type: 'ask_network', networks: after.networks ?? [] });
  }
  if (moved && after.status === 'processing' && isKeyed(after)) due.push({ type: 'submit' });
  if (moved && isOver(after)) due.push({ type: 'over' });
  return due;
}

/** A capture that is handed over comes to `processing` with nothing in it. */
function isKeyed({ fields }: CaptureState): boolean {
  return fields.every(({ status }) => status === 'accepted');
}

function awake(state: CaptureState): CaptureState {
  const wakeAt = pauseEnd(state) ?? deadline(state);
  return wakeAt === state.wakeAt ? state : { ...state, wakeAt };
}

/** When a pause ends the field in progress; null while it can't. Flows wait longer for a key than a pause lasts. */
function pauseEnd(state: CaptureState): number | null {
  const field = currentField(state);
  if (field === undefined || field.digits_entered === 0) return null;
  const ends = FIELD_RULES[field.name].end(field.digits.reveal(), context(state));
  return ends === 'after-pause' ? state.waitingSince + PAUSE_MS : null;
}

function context({ setup, brand }: CaptureState): RuleContext {
  return { limits: setup.flow.capture, testCards: setup.testCards, month: setup.month, brand };
}

function emptied({ name, attempt, digits }: Pick<FieldState, 'name' | 'attempt' | 'digits'>): FieldState {
  return { name, status: 'pending', digits_entered: 0, masked: dots(0), attempt, error: null, digits };
}

/** Opens the first pending field, unless one is open. The code of a brand that has none isn't asked. */
function collectingNext(fields: readonly FieldState[], brand: Brand | null): readonly FieldState[] {
  const noCode = brand !== null && codeDigits(brand) === 0;
  const isNext = (field: FieldState) =>
    field.status === 'pending' && !(noCode && field.name === 'security-code');
  const isOpen = fields.some(({ status }) => status === 'collecting');
  const next = isOpen ? -1 : fields.findIndex(isNext);
  return fields.map((field, index): FieldState => {
    if (index === next) return { ...field, status: 'collecting' };
    return noCode && field.name === 'security-code' ? { ...field, status: 'accepted' } : field;
  });
}

function statusOf({ fields }: CaptureState, name: FieldName): FieldState['status'] {
  return fields.find((field) => field.name === name)?.status ?? 'pending';
}

function replaced(state: CaptureState, field: FieldState): readonly FieldState[] {
  return state.fields.map((other) => (other.name === field.name ? field : other));
}
