import type { IncomingCall, MediaStream, StreamHandler } from '../carrier/carrier.js';
import type { Flow, Language, SentenceName } from '../capture/flow.js';
import type { CaptureView, Reason } from '../capture/view.js';
import { timestamp } from '../clock.js';
import type { Guard } from '../dsp/guard.js';
import type { Prompts } from '../flow/prompts.js';
import { newId } from '../id.js';
import type { Metrics } from '../metrics.js';
import { KeyCell } from '../secret.js';
import { Bridge } from './bridge.js';
import type { CallView, DeskView } from './calls.js';
import { Grid } from './grid.js';
import { Keypad } from './keypad.js';
import { Leg, type Party } from './leg.js';
import { Ringback } from './ringback.js';
import { Ringing, type RingingPort, type RingSettings } from './ringing.js';
import type { CaptureSession } from './session.js';
import { Teller } from './teller.js';

export interface CallSettings extends RingSettings {
  guardHoldMs: 15 | 20 | 40;
  /** dBm0. */
  beepLevel: number;
  comfortNoiseLevel: number;
}

/** What a call needs from those around it. */
export interface CallPort extends RingingPort {
  readonly metrics: Metrics;
  readonly settings: CallSettings;
  readonly prompts: Readonly<Record<Language, Prompts>>;
  /** The call exists and a party is on the line. */
  started(call: Call): void;
  /** What is kept of the call changed: its agent, its status, its capture. */
  changed(call: Call): void;
  ended(call: Call): void;
  /** A new picture for those who watch. */
  published(call: Call): void;
}

/**
 * A caller, an agent, and what happens between them: ringing, joining, keys, the end of either leg. Lives in one
 * process; what others see of it is `desk`, a picture taken on the grid of the beeps.
 */
export class Call {
  readonly id = newId('call_');
  readonly flow: Flow;
  readonly called: string;
  readonly caller: Leg;
  readonly agent: Leg;
  /** The cell that every key of this call travels in. */
  readonly cell = new KeyCell();
  /** Speaks to both while they are joined. */
  readonly teller: Teller;
  session: CaptureSession | null = null;
  /** The picture that others see. */
  desk: DeskView;

  readonly #port: CallPort;
  readonly #keypad: Keypad;
  readonly #guard: Guard;
  readonly #bridge: Bridge;
  readonly #grid: Grid;
  readonly #ringing: Ringing;
  readonly #startedAt: string;
  #status: CallView['status'] = 'ringing';
  #endedAt: string | null = null;
  #endReason: Reason | null = null;
  #keysBeforeCapture = 0;
  #captureId: string | null = null;
  #sequence = 0;
  #faults = 0;

  constructor(incoming: IncomingCall, flow: Flow, port: CallPort) {
    this.flow = flow;
    this.called = incoming.to;
    this.#port = port;
    this.#startedAt = timestamp(port.clock.now());
    this.caller = new Leg('caller', incoming.from, incoming.callSid);
    this.agent = new Leg('agent', flow.agent.dial_to ?? port.settings.agentDialTo ?? '', null);
    const { guardHoldMs: holdMs, beepLevel, comfortNoiseLevel } = port.settings;
    const heard = { holdMs, beepLevel, comfortNoiseLevel };
    this.#keypad = new Keypad(heard, (cell, source) => this.#pressed(cell, source));
    this.#guard = this.#keypad.guard;
    this.#bridge = new Bridge(this.#guard, new Ringback(flow.language), port.prompts[flow.language], this);
    this.teller = new Teller(port.clock, (prompt) => this.#bridge.tell(prompt));
    this.#grid = new Grid(port.clock, () => this.#publish());
    this.#ringing = new Ringing(this, port);
    this.desk = this.#picture();
  }

  get status(): CallView['status'] {
    return this.#status;
  }

  /** What the end of the call was to a capture; null while it lasts. */
  get endReason(): Reason | null {
    return this.#endReason;
  }

  /** The number of the next event of this call. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  view(): CallView {
    const { caller, agent } = this;
    return {
      id: this.id,
      status: this.#status,
      flow: this.flow.name,
      started_at: this.#startedAt,
      ended_at: this.#endedAt,
      keys_before_capture: this.#keysBeforeCapture,
      caller: { call_sid: caller.callSid ?? '', address: caller.address },
      agent: agent.callSid === null ? null : { call_sid: agent.callSid, address: agent.address },
      capture_id: this.#captureId,
    };
  }

  /** The party's audio is here. Null when it was already. */
  attach(party: Party, stream: MediaStream): StreamHandler | null {
    const leg = this[party];
    if (leg.stream !== null || this.#status === 'ended') return null;
    leg.stream = stream;
    return party === 'caller' ? this.#callerJoins(stream) : this.#agentJoins(stream);
  }

  /** The agent's leg did not come about, or is over. */
  agentGone(): void {
    if (this.#status === 'live') this.end('agent', 'other_party_left');
    else this.end('agent', 'no_agent');
  }

  /**
   * Ends the call for both. `by` left by itself; whoever is still there hears `farewell`. A capture in progress
   * fails with `reason`.
   */
  end(by: Party | 'service', farewell: SentenceName, reason: Reason = reasonOf(by)): void {
    if (this.#status === 'ended') return;
    this.#status = 'ended';
    this.#endedAt = timestamp(this.#port.clock.now());
    this.#endReason = reason;
    this.#ringing.stop();
    this.session?.fail(reason);
    this.teller.hush();
    this.#bridge.part();
    this.#keypad.forget();
    const { control, log } = this.#port;
    if (by !== 'caller') this.caller.release(farewell, control, log);
    if (by !== 'agent') this.agent.release(farewell, control, log);
    this.#grid.now();
    this.#port.ended(this);
  }

  /** A capture begins: keys are for it from now on. */
  collect(session: CaptureSession): void {
    this.session = session;
    this.#captureId = session.facts.id;
    this.#guard.fieldOpen = true;
    this.#port.metrics.capturesLive.inc();
    this.#grid.now();
    this.#port.changed(this);
  }

  /** Nothing more is keyed for the capture: nothing stays of it, not even in what pairs tones with events. */
  keyed(): void {
    if (this.#guard.fieldOpen) this.#port.metrics.capturesLive.dec();
    this.#guard.fieldOpen = false;
    this.#keypad.forget();
  }

  /** The capture is over. */
  collected(view: CaptureView): void {
    this.keyed();
    this.#port.metrics.captures.inc({ status: view.status, reason: view.reason ?? '' });
    this.#grid.soon();
    this.#port.changed(this);
  }

  /** Something that is shown changed by a key. */
  changed(): void {
    this.#grid.soon();
  }

  /** Something that is shown changed by the agent's own doing. */
  publishNow(): void {
    this.#grid.now();
  }

  /** From the bridge: a key was heard behind the guard, and the agent is muted. */
  alarm(): void {
    const { metrics, log } = this.#port;
    const capture = this.session?.collecting ? this.session.facts.id : null;
    metrics.guardAlarms.inc();
    log.error({ call: this.id, capture, reason: 'guard_alarm' }, 'a key was heard behind the guard: muted');
    this.session?.fail('guard_alarm');
    this.#grid.now();
  }

  /** From the bridge: a party has heard nothing for long, by a fault of ours. */
  silence(party: Party): void {
    this.#port.metrics.silencesAnnounced.inc({ party });
    this.#port.log.error(
      { call: this.id, leg: this[party].id },
      'a party heard nothing for 2 s: it was told',
    );
  }

  #pressed(cell: KeyCell, source: 'tone' | 'event'): void {
    this.#port.metrics.presses.inc({ source });
    if (this.session?.collecting) {
      this.cell.key = cell.key;
      this.session.key();
      this.cell.clear();
    } else {
      this.#keysBeforeCapture++;
      this.#grid.soon();
    }
  }

  #callerJoins(stream: MediaStream): StreamHandler {
    this.#bridge.joinCaller(stream);
    this.#port.started(this);
    void this.#ring();
    return {
      audio: (frame, missing) => {
        this.#bridge.fromCaller(frame, missing);
        if (this.#guard.faults !== this.#faults) this.#guardFaulted();
      },
      key: (cell) => this.#keypad.event(cell),
      mark: () => {},
      closed: () => this.end('caller', 'other_party_left'),
    };
  }

  #agentJoins(stream: MediaStream): StreamHandler {
    this.#ringing.stop();
    this.#status = 'live';
    this.#bridge.joinAgent(stream);
    this.#grid.now();
    this.#port.changed(this);
    return {
      audio: (frame) => this.#bridge.fromAgent(frame),
      // Tones of the agent are never taken for the caller's.
      key: () => {},
      mark: () => {},
      closed: () => this.end('agent', 'other_party_left'),
    };
  }

  async #ring(): Promise<void> {
    const outcome = await this.#ringing.start(() => this.end('service', 'no_agent'));
    if (outcome === 'refused') this.agentGone();
    if (outcome === 'dialled') this.#port.changed(this);
    this.#grid.soon();
  }

  #guardFaulted(): void {
    this.#port.metrics.guardFaults.inc(this.#guard.faults - this.#faults);
    this.#faults = this.#guard.faults;
    this.#port.log.error({ call: this.id, count: this.#faults }, 'the guard failed: silence was sent');
  }

  #picture(): DeskView {
    const { session } = this;
    return {
      call: this.view(),
      capture: session?.view() ?? null,
      keying: session?.keying() ?? false,
      choosing: session?.choosing ?? false,
      deadline: session?.deadline() ?? null,
      attempts: this.flow.capture.attempts,
    };
  }

  #publish(): void {
    this.desk = this.#picture();
    this.#port.published(this);
    // Keying ends without an event: look again when it may have.
    if (this.desk.keying) this.#port.clock.after(KEYING_MS, () => this.#grid.soon());
  }
}

/** How long after a key the agent sees "keying"; a little over what the machine counts with. */
const KEYING_MS = 1600;

function reasonOf(by: Party | 'service'): Reason {
  if (by === 'service') return 'service_restarted';
  return by === 'caller' ? 'caller_hung_up' : 'agent_hung_up';
}
