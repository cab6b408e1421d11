import type { CallControl, IncomingCall, MediaStream, StreamHandler } from '../carrier/carrier.js';
import type { Flow, SentenceName } from '../capture/flow.js';
import type { CaptureView, Reason } from '../capture/view.js';
import { timestamp, type Clock } from '../clock.js';
import { Guard } from '../dsp/guard.js';
import { codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { KeyCell } from '../secret.js';
import { Bridge } from './bridge.js';
import type { CallView, DeskView } from './calls.js';
import { DigitMerger } from './digit-merger.js';
import { Grid } from './grid.js';
import { Ringback } from './ringback.js';
import type { CaptureSession } from './session.js';

export type Party = 'caller' | 'agent';

/** One of the two calls that we join. */
export interface Leg {
  readonly id: string;
  readonly party: Party;
  address: string;
  /** Null until the carrier has named it. */
  callSid: string | null;
  stream: MediaStream | null;
  /** What the party hears when its stream is over; null: it left by itself. */
  farewell: SentenceName | null;
}

export interface CallSettings {
  guardHoldMs: 15 | 20 | 40;
  agentDialTo: string | null;
  agentRingSeconds: number;
  callerId: string | null;
}

/** What a call needs from those around it. */
export interface CallPort {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly control: CallControl;
  readonly settings: CallSettings;
  /** The call exists and a party is on the line. */
  started(call: Call): void;
  /** The agent's leg has its carrier SID. */
  dialled(call: Call): void;
  ended(call: Call): void;
  /** A new picture for those who watch. */
  published(call: Call): void;
}

/** Beyond the ringing time that the carrier was given, before we give up ourselves. */
const RING_GRACE_MS = 10_000;

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
  session: CaptureSession | null = null;
  /** The picture that others see. */
  desk: DeskView;

  readonly #port: CallPort;
  readonly #guard: Guard;
  readonly #bridge: Bridge;
  readonly #merger = new DigitMerger();
  readonly #grid: Grid;
  readonly #startedAt: string;
  #status: CallView['status'] = 'ringing';
  #endedAt: string | null = null;
  #agentDialled = false;
  #keysBeforeCapture = 0;
  #captureId: string | null = null;
  #sequence = 0;
  #faults = 0;
  #stopRinging: (() => void) | null = null;

  constructor(incoming: IncomingCall, flow: Flow, port: CallPort) {
    this.flow = flow;
    this.called = incoming.to;
    this.#port = port;
    this.#startedAt = timestamp(port.clock.now());
    this.caller = leg('caller', incoming.from, incoming.callSid);
    this.agent = leg('agent', flow.agent.dial_to ?? port.settings.agentDialTo ?? '', null);
    this.#guard = new Guard({ holdMs: port.settings.guardHoldMs }, this);
    this.#bridge = new Bridge(this.#guard, new Ringback(flow.language));
    this.#grid = new Grid(port.clock, () => this.#publish());
    this.desk = this.#picture();
  }

  get status(): CallView['status'] {
    return this.#status;
  }

  get captureId(): string | null {
    return this.#captureId;
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
    const joined = this.#status === 'live';
    this.#status = 'ended';
    this.#endedAt = timestamp(this.#port.clock.now());
    this.#stopRinging?.();
    this.session?.fail(reason);
    this.#bridge.part();
    this.#merger.forget();
    if (by !== 'caller') this.#release(this.caller, farewell, joined);
    if (by !== 'agent') this.#release(this.agent, farewell, joined);
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
  }

  /** The capture is over: nothing of it stays, not even in what pairs tones with events. */
  collected(view: CaptureView): void {
    this.#guard.fieldOpen = false;
    this.#merger.forget();
    this.#port.metrics.capturesLive.dec();
    this.#port.metrics.captures.inc({ status: view.status, reason: view.reason ?? '' });
    this.#grid.soon();
  }

  /** Something that is shown changed by a key. */
  changed(): void {
    this.#grid.soon();
  }

  /** Something that is shown changed by the agent's own doing. */
  publishNow(): void {
    this.#grid.now();
  }

  /** From the guard: a press is confirmed in the audio. */
  press(cell: KeyCell, onset: number): void {
    if (this.#merger.tone(cell, onset / 8)) this.#pressed(cell, 'tone');
  }

  /** From the carrier: it says that the caller pressed a key. */
  #event(cell: KeyCell): void {
    this.#guard.cover();
    if (this.#merger.event(cell, this.#guard.position / 8)) this.#pressed(cell, 'event');
  }

  #pressed(cell: KeyCell, source: 'tone' | 'event'): void {
    this.#guard.beep();
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
    void this.#dial();
    return {
      audio: (frame, missing) => {
        this.#bridge.fromCaller(frame, missing);
        if (this.#guard.faults !== this.#faults) this.#guardFaulted();
      },
      key: (cell) => this.#event(cell),
      mark: () => {},
      closed: () => this.end('caller', 'other_party_left'),
    };
  }

  #agentJoins(stream: MediaStream): StreamHandler {
    this.#stopRinging?.();
    this.#status = 'live';
    this.#bridge.joinAgent(stream);
    this.#grid.now();
    return {
      audio: (frame) => this.#bridge.fromAgent(frame),
      // Tones of the agent are never taken for the caller's.
      key: () => {},
      mark: () => {},
      closed: () => this.end('agent', 'other_party_left'),
    };
  }

  async #dial(): Promise<void> {
    const { control, settings, clock, log } = this.#port;
    const ringSeconds = this.flow.agent.ring_seconds ?? settings.agentRingSeconds;
    if (this.agent.address === '') {
      log.warn(
        { call: this.id, flow: this.flow.name },
        'nobody to dial: set AGENT_DIAL_TO or dial_to in the flow',
      );
      return this.agentGone();
    }
    this.#stopRinging = clock.after(ringSeconds * 1000 + RING_GRACE_MS, () =>
      this.end('service', 'no_agent'),
    );
    this.#agentDialled = true;
    const sip = /^sips?:/.test(this.agent.address);
    try {
      this.agent.callSid = await control.dial({
        leg: this.agent.id,
        to: this.agent.address,
        from: sip ? this.caller.address : (settings.callerId ?? this.called),
        ringSeconds,
        ...(sip ? { sipHeaders: { 'X-Tonewall-Call': this.id } } : {}),
      });
    } catch (error) {
      log.warn({ call: this.id, code: codeOf(error) }, 'the carrier did not take the call to the agent');
      return this.agentGone();
    }
    // The caller may have left, or the agent answered, while the carrier was thinking.
    if (this.#status === 'ended') this.#drop(this.agent, this.agent.stream !== null);
    else this.#port.dialled(this);
    this.#grid.soon();
  }

  /** Lets a party go: its stream is closed, whereupon the carrier asks us what it shall hear. */
  #release(leg: Leg, farewell: SentenceName, joined: boolean): void {
    leg.farewell = farewell;
    if (leg.stream !== null) leg.stream.close();
    else if (leg.party === 'caller' || this.#agentDialled) this.#drop(leg, joined);
  }

  /** Ends a leg that has no stream. */
  #drop(leg: Leg, answered: boolean): void {
    const { control, log } = this.#port;
    if (leg.callSid === null) return;
    const dropped =
      leg.party === 'caller' || answered ? control.hangUp(leg.callSid) : control.cancel(leg.callSid);
    dropped.catch((error: unknown) =>
      log.warn({ call: this.id, leg: leg.id, code: codeOf(error) }, 'the carrier did not end a leg'),
    );
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

function leg(party: Party, address: string, callSid: string | null): Leg {
  return { id: newId('leg_'), party, address, callSid, stream: null, farewell: null };
}

function reasonOf(by: Party | 'service'): Reason {
  if (by === 'service') return 'service_restarted';
  return by === 'caller' ? 'caller_hung_up' : 'agent_hung_up';
}
