import type { CaptureEvent } from '../capture/event.js';
import { begin, step } from '../capture/machine.js';
import {
  cardOf,
  codeOf,
  deadline,
  isChoosing,
  keying,
  progress,
  type CaptureSetup,
  type CaptureState,
} from '../capture/state.js';
import type {
  AdviceView,
  CaptureView,
  ChargeView,
  FieldName,
  ProgressView,
  Reason,
} from '../capture/view.js';
import { timestamp, type Clock } from '../clock.js';
import type { TakeRequest, Taken } from '../charge/till.js';
import { codeOf as errorCodeOf } from '../errors.js';
import type { Network } from '../card/networks.js';
import type { KeyCell, Secret } from '../secret.js';
import type { TokenView } from '../vault/vault.js';
import { verdictOf, verdictOnFault, type Verdict } from './verdict.js';

/** What a capture is, apart from its progress. */
export type CaptureFacts = Pick<
  CaptureView,
  | 'id'
  | 'call_id'
  | 'call_sid'
  | 'outcome'
  | 'reference'
  | 'amount'
  | 'currency'
  | 'agent'
  | 'purpose'
  | 'usage'
  | 'metadata'
  | 'created_at'
>;

export interface SessionPort {
  /** Something that is shown changed. */
  changed(): void;
  /**
   * Gives the card to the till; `completed` makes the capture's view as it will be once the token stands, for the one
   * atomic write. Rejects as the till does.
   */
  take(
    keyed: Pick<TakeRequest, 'card' | 'code' | 'networks' | 'network'>,
    completed: (token: TokenView, charge: ChargeView | null) => CaptureView,
  ): Promise<Taken>;
  /** What is foreseen of a payment with this card; null: of any. The number is read before the first `await`. */
  foresee(number: Secret | null): Promise<AdviceView | null>;
  /** Something is foreseen, and wasn't before. */
  foreseen(): void;
  /** The caller chooses among these networks, by their place. */
  choosing(networks: readonly Network[]): void;
  /** What the capture has come to by the till's answer: over, or a field is keyed again. */
  answered(view: CaptureView): void;
  /** The capture is over, whichever way; its secrets are wiped. */
  over(view: CaptureView): void;
  /** A fault that only the log is told of. */
  fault(code: string): void;
}

/**
 * One capture on one call: owns the machine's state and the one timer, and carries out what the machine asks for.
 * Decides nothing.
 */
export class CaptureSession {
  readonly facts: CaptureFacts;
  readonly #clock: Clock;
  readonly #port: SessionPort;
  /** One event and one cell for every key: each new object would keep its key until collected. */
  readonly #keyEvent: Extract<CaptureEvent, { type: 'key' }>;
  #state: CaptureState;
  #advice: AdviceView | null = null;
  /** Why a link that the flow asks for was not sent. */
  #unsent: AdviceView | null = null;
  /** What was foreseen of another card comes too late. */
  #foreseeing = 0;
  /** The till's last answer. */
  #verdict: Verdict | null = null;
  #kept: CaptureView | null = null;
  #updatedAt: number;
  #cancelTimer: (() => void) | null = null;

  constructor(facts: CaptureFacts, setup: CaptureSetup, clock: Clock, cell: KeyCell, port: SessionPort) {
    this.facts = facts;
    this.#clock = clock;
    this.#port = port;
    this.#keyEvent = { type: 'key', at: 0, cell };
    this.#updatedAt = clock.now();
    this.#state = begin(setup, clock.monotonic());
    this.#wake();
    void this.#foresee(this.#state);
  }

  get collecting(): boolean {
    return this.#state.status === 'collecting';
  }

  get choosing(): boolean {
    return isChoosing(this.#state);
  }

  get over(): boolean {
    const { status } = this.#kept ?? this.#state;
    return status !== 'collecting' && status !== 'processing';
  }

  /** A press that counts; the key is in the cell that the session was given. */
  key(): void {
    this.#keyEvent.at = this.#clock.monotonic();
    this.#step(this.#keyEvent);
  }

  clear(field: FieldName): void {
    this.#step({ type: 'clear', at: this.#clock.monotonic(), field });
  }

  extend(): void {
    this.#step({ type: 'extend', at: this.#clock.monotonic() });
  }

  cancel(): void {
    this.#step({ type: 'cancel', at: this.#clock.monotonic(), by: 'agent' });
  }

  fail(reason: Reason): void {
    this.#step({ type: 'fail', at: this.#clock.monotonic(), reason });
  }

  /** The payer pays elsewhere: nothing more is keyed here. False when it is too late for that. */
  handOver(): boolean {
    if (!this.collecting) return false;
    this.#step({ type: 'hand_over', at: this.#clock.monotonic() });
    // Its time may have run out just now.
    return this.#state.status === 'processing';
  }

  /** No link was sent: the agent reads why, until there is one or none is needed. */
  advise(unsent: AdviceView): void {
    this.#unsent = unsent;
  }

  /** What becomes of it beyond the line, a link or a charge that was in doubt, is shown as it is kept. */
  show(kept: CaptureView): void {
    this.#kept = kept;
  }

  /** The Capture as it is now. What others see is a picture of it, taken on the grid. */
  view(): CaptureView {
    if (this.#kept !== null) return this.#kept;
    const updated_at = timestamp(this.#updatedAt);
    const { token = null, charge = null, decline = null } = this.#verdict ?? {};
    const reached = progress(this.#state);
    const advice = this.#adviceIn(reached);
    const seen = { ...reached, ...shown(token), charge, advice, updated_at };
    return { ...this.facts, ...seen, decline: seen.status === 'processing' ? null : decline, link: null };
  }

  /** Wall time at which the field in progress runs out. */
  deadline(): string | null {
    const at = deadline(this.#state);
    return at === null ? null : timestamp(this.#clock.now() + at - this.#clock.monotonic());
  }

  keying(): boolean {
    return keying(this.#state, this.#clock.monotonic());
  }

  #step(event: CaptureEvent): void {
    const before = this.#state;
    const [state, effects] = step(before, event);
    this.#state = state;
    if (state.brand !== before.brand) void this.#foresee(state);
    if (effects.length > 0) this.#updatedAt = this.#clock.now();
    this.#wake();
    for (const effect of effects) {
      if (effect.type === 'changed') this.#port.changed();
      else if (effect.type === 'ask_network') this.#port.choosing(effect.networks);
      else if (effect.type === 'submit') void this.#submit();
      else this.#port.over(this.view());
    }
  }

  /** Once there is a number, or no longer the one there was. */
  async #foresee({ brand, fields }: CaptureState): Promise<void> {
    const turn = ++this.#foreseeing;
    const number = fields.find(({ name }) => name === 'payment-card-number')?.digits ?? null;
    const advice = await this.#port.foresee(brand === null ? null : number);
    if (turn !== this.#foreseeing || advice?.code === this.#advice?.code) return;
    this.#advice = advice;
    this.#port.changed();
    if (advice !== null) this.#port.foreseen();
  }

  async #submit(): Promise<void> {
    const { outcome } = this.facts;
    const { language } = this.#state.setup.flow;
    const { networks, network } = this.#state;
    const keyed = { card: cardOf(this.#state), code: codeOf(this.#state), networks, network };
    try {
      const taken = await this.#port.take(keyed, (token, charge) => this.#completed(token, charge));
      this.#verdict = verdictOf(taken, outcome, language);
    } catch (error) {
      const code = errorCodeOf(error);
      this.#port.fault(code);
      this.#verdict = verdictOnFault(code, outcome, language);
    }
    this.#step(this.#verdict.event(this.#clock.monotonic()));
    this.#port.answered(this.view());
  }

  /** The view that becomes true together with the token. */
  #completed(token: TokenView, charge: ChargeView | null): CaptureView {
    const reached = { status: 'completed', current_field: null, decline: null, advice: null } as const;
    return { ...this.view(), ...reached, ...shown(token), charge, updated_at: timestamp(this.#clock.now()) };
  }

  #adviceIn({ status }: ProgressView): AdviceView | null {
    if (status === 'completed' || status === 'cancelled') return null;
    return this.#unsent ?? (status === 'failed' ? null : this.#advice);
  }

  #wake(): void {
    this.#cancelTimer?.();
    const { wakeAt } = this.#state;
    if (wakeAt === null) return void (this.#cancelTimer = null);
    const wait = Math.max(0, wakeAt - this.#clock.monotonic());
    this.#cancelTimer = this.#clock.after(wait, () =>
      this.#step({ type: 'timer', at: this.#clock.monotonic() }),
    );
  }
}

function shown(token: TokenView | null): Pick<CaptureView, 'token' | 'fingerprint' | 'card'> {
  if (token === null) return { token: null, fingerprint: null, card: null };
  return { token: token.token, fingerprint: token.fingerprint, card: token.card };
}
