import type { Audit } from '../audit/audit.js';
import type {
  CallControl,
  CallHandler,
  IncomingCall,
  Instruction,
  Language,
  LegStatus,
  LegUpdate,
  MediaStream,
  StreamHandler,
  StreamStart,
} from '../carrier/carrier.js';
import type { Flow, SentenceName } from '../capture/flow.js';
import type { Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import { codeOf } from '../errors.js';
import type { Prompts } from '../flow/prompts.js';
import { bucketOf } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { Call, type CallPort, type CallSettings } from './call.js';
import { callEvent, type CallRecord } from './events.js';
import type { Leg } from './leg.js';
import type { Records } from './records.js';
import type { Registry } from './registry.js';
import { Tickets } from './tickets.js';

/** More calls than this at once are sent away with a sentence: talk on the line comes before new talk. */
const MAX_CALLS = 1_000;
/** A caller whose stream has not started by then is not there. */
const STREAM_START_MS = 30_000;

/** A party that has not asked by then what to hear is gone. */
const PARTING_MS = 2_000;
/** Between attempts to write a call down while Redis is away. */
const KEEP_AGAIN_MS = 2_000;

/** Statuses after which a leg never comes back. */
const OVER: ReadonlySet<LegStatus> = new Set<LegStatus>([
  'completed',
  'busy',
  'failed',
  'no-answer',
  'canceled',
]);

export interface SwitchboardOptions {
  registry: Registry;
  records: Records;
  outbox: Outbox;
  control: CallControl;
  flowFor(calledNumber: string): Flow;
  settings: CallSettings;
  prompts: Readonly<Record<Language, Prompts>>;
  audit: Audit;
  live: boolean;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

/** Answers the carrier: who is called, what a leg shall do next, and whose stream a stream is. */
export class Switchboard implements CallHandler {
  readonly #options: SwitchboardOptions;
  readonly #tickets: Tickets;
  readonly #port: CallPort;
  /** Parties that were let go and have yet to ask what to hear, by leg. */
  readonly #parting = new Map<string, () => void>();
  /** Calls that Redis did not take. */
  readonly #unkept = new Set<Call>();
  readonly #onQuiet: (() => void)[] = [];
  #draining = false;

  constructor(options: SwitchboardOptions) {
    this.#options = options;
    this.#tickets = new Tickets(options.clock);
    const { clock, log, metrics, control, settings, prompts, registry } = options;
    this.#port = {
      clock,
      log,
      metrics,
      control,
      settings,
      prompts,
      started: (call) => this.#started(call),
      changed: (call) => this.#keep(call),
      ended: (call) => this.#ended(call),
      published: (call) => registry.tell(call),
    };
  }

  get draining(): boolean {
    return this.#draining;
  }

  async incoming(incoming: IncomingCall): Promise<Instruction> {
    const { registry, clock, metrics, log } = this.#options;
    const known = registry.find(incoming.callSid);
    if (known !== undefined) return this.#again(known, incoming.callSid);
    const flow = this.#options.flowFor(incoming.to);
    if (this.#draining || registry.live().length >= MAX_CALLS) {
      const reason = this.#draining ? 'draining' : 'too_many_calls';
      metrics.callsRefused.inc({ reason });
      log.warn({ reason }, 'a call was sent away');
      return say(flow, 'no_service');
    }
    const call = new Call(incoming, flow, this.#port);
    registry.add(call);
    metrics.callsTotal.inc();
    clock.after(STREAM_START_MS, () => {
      if (call.caller.stream === null) call.end('caller', 'something_wrong');
    });
    return this.#stream(call.caller.id, incoming.callSid);
  }

  async answered(legId: string, callSid: string): Promise<Instruction> {
    const found = this.#options.registry.leg(legId);
    if (found === undefined || found.call.status === 'ended') return { do: 'hang-up' };
    found.leg.callSid ??= callSid;
    return found.leg.callSid === callSid ? this.#stream(legId, callSid) : { do: 'hang-up' };
  }

  async streamOver(legId: string, _callSid: string): Promise<Instruction> {
    this.#parted(legId);
    const found = this.#options.registry.leg(legId);
    // Another process's call, or one long over: the party is still there and must not be left in silence.
    if (found === undefined) return say(this.#options.flowFor(''), 'something_wrong');
    const { call, leg } = found;
    if (call.status !== 'ended') call.end(leg.party, 'other_party_left');
    return say(call.flow, leg.farewell ?? 'something_wrong');
  }

  status(legId: string, update: LegUpdate): void {
    if (OVER.has(update.status)) this.#parted(legId);
    const found = this.#options.registry.leg(legId);
    if (found === undefined || found.call.status === 'ended') return;
    const { call, leg } = found;
    if (leg.party !== 'agent' || !OVER.has(update.status)) return;
    if (leg.callSid !== null && leg.callSid !== update.callSid) return;
    call.agentGone();
  }

  streamStarted(start: StreamStart, stream: MediaStream): StreamHandler | null {
    const legId = this.#tickets.redeem(start.ticket, start.callSid);
    if (legId === null) this.#options.audit.fact('access.ticket', start.callSid, 'refused');
    const found = legId === null ? undefined : this.#options.registry.leg(legId);
    return found?.call.attach(found.leg.party, stream) ?? null;
  }

  /**
   * No new calls from now on. Resolves when the last call is over and its parties know what to hear; after `seconds`
   * those that are left are ended with a sentence.
   */
  async drain(seconds: number): Promise<void> {
    this.#draining = true;
    const stop = this.#options.clock.after(seconds * 1000, () => this.#endAll());
    await this.#quiet();
    stop();
  }

  /** Ends every call with a sentence. Resolves when the parties know it. */
  async close(): Promise<void> {
    this.#draining = true;
    this.#endAll();
    await this.#quiet();
  }

  #endAll(): void {
    for (const call of this.#options.registry.live()) call.end('service', 'no_service');
  }

  #quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet.push(resolve);
      this.#look();
    });
  }

  #look(): void {
    if (this.#parting.size > 0 || this.#options.registry.live().length > 0) return;
    for (const resolve of this.#onQuiet.splice(0)) resolve();
  }

  /** Waits for a party to ask what to hear: it does as soon as its stream is closed, unless it hung up itself. */
  #part({ id, stream, farewell }: Leg): void {
    if (stream === null || farewell === null) return;
    this.#parting.set(
      id,
      this.#options.clock.after(PARTING_MS, () => this.#parted(id)),
    );
  }

  #parted(legId: string): void {
    this.#parting.get(legId)?.();
    if (this.#parting.delete(legId)) this.#look();
  }

  /** A webhook that came twice: no second call, and no second stream where one is. */
  #again(call: Call, callSid: string): Instruction {
    if (call.status === 'ended' || call.caller.callSid !== callSid) return { do: 'hang-up' };
    return this.#stream(call.caller.id, callSid);
  }

  #stream(leg: string, callSid: string): Instruction {
    return { do: 'stream', leg, ticket: this.#tickets.issue(leg, callSid) };
  }

  #started(call: Call): void {
    this.#options.log.info(
      { call: call.id, call_sid: call.caller.callSid, flow: call.flow.name },
      'call started',
    );
    void this.#tell('call.started', call);
    this.#options.metrics.callsLive.inc();
  }

  #ended(call: Call): void {
    const { registry, records, metrics, log, clock } = this.#options;
    if (call.caller.stream !== null) {
      metrics.callsLive.dec();
      log.info({ call: call.id, ms: clock.now() - Date.parse(call.view().started_at) }, 'call ended');
      // This node answers for the call until its end is durable.
      this.#tell('call.ended', call)
        .then(() => records.close(call.flow.merchant, call.id))
        .catch((error: unknown) => {
          log.debug(
            { call: call.id, code: codeOf(error) },
            'a call could not be closed: it will be found to be over',
          );
        });
    }
    registry.retire(call);
    this.#part(call.caller);
    this.#part(call.agent);
    this.#look();
  }

  /** The event and the call's record are one write. */
  #tell(type: 'call.started' | 'call.ended', call: Call): Promise<void> {
    const { outbox, records, clock, live } = this.#options;
    call.nextSequence();
    const record = recordOf(call);
    if (type === 'call.started') this.#keep(call);
    return outbox.append({
      event: callEvent(type, record, clock.now(), live),
      bucket: bucketOf(call.id) ?? 0,
      writes: [records.writeOf(record)],
    });
  }

  /** Others find the call as it is now; while Redis is away it is tried again for as long as the call is known here. */
  #keep(call: Call): void {
    const { records, clock, log } = this.#options;
    records.keepCall(recordOf(call)).catch((error: unknown) => {
      log.debug({ call: call.id, code: codeOf(error) }, 'a call could not be written down yet');
      if (this.#unkept.add(call).size === 1) clock.after(KEEP_AGAIN_MS, () => this.#keepAgain());
    });
  }

  #keepAgain(): void {
    const calls = [...this.#unkept];
    this.#unkept.clear();
    for (const call of calls) if (this.#options.registry.find(call.id) !== undefined) this.#keep(call);
  }
}

export function recordOf(call: Call): CallRecord {
  return { merchant: call.flow.merchant, called: call.called, sequence: call.sequence, view: call.view() };
}

function say(flow: Flow, name: SentenceName): Instruction {
  const language: Language = flow.language;
  return { do: 'say', sentence: flow.sentences[name], language };
}
