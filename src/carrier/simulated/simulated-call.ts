import type { Clock } from '../../clock.js';
import type { Logger } from '../../log.js';
import { callParameters, streamCallback, type StreamEvent } from './call-parameters.js';
import { CarrierFault, type Debugger, type FaultCode } from './debugger.js';
import { MediaStream } from './media-stream.js';
import { FRAME_SAMPLES, type Metronome } from './metronome.js';
import { Microphone } from './microphone.js';
import { Playback } from './playback.js';
import { newSid } from './resource.js';
import type { SimulatorSettings } from './simulator-settings.js';
import { OVER, type CallStatus } from './call-status.js';
import { StatusCallbacks, type CallbackOptions } from './status-callbacks.js';
import { runVerbs, type Next, type TwimlCall } from './twiml-run.js';
import { TwimlSource, type Program } from './twiml-source.js';
import type { Verb } from './twiml.js';
import type { Method, WebhookSender } from './webhook.js';

/** What all calls of a carrier share. */
export interface Exchange {
  readonly accountSid: string;
  readonly authToken: string;
  readonly ca: string | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metronome: Metronome;
  readonly webhooks: WebhookSender;
  readonly debug: Debugger;
  readonly log: Logger;
}

export interface CallOptions {
  direction: 'inbound' | 'outbound-api';
  from: string;
  to: string;
  fallback: Program | null;
  callback: CallbackOptions | null;
  /** Webhook parameters beyond the usual ones: `SipHeader_X-…`. */
  extra?: Readonly<Record<string, string>>;
  settings: Readonly<SimulatorSettings>;
  timeLimitSeconds: number;
}

/** The telephone at the other end of the line. */
export interface Party {
  /** 20 ms as the party's line carried them. */
  spoke(frame: Uint8Array): void;
  hear(frame: Uint8Array): void;
  said(text: string, language: string): void;
  statusChanged(status: CallStatus): void;
}

/** One call at the carrier: its status, the TwiML it runs, and the audio between the party and the stream. */
export class SimulatedCall implements TwimlCall {
  readonly sid = newSid('CA');
  readonly options: CallOptions;
  readonly microphone: Microphone;
  readonly createdAt: number;
  answeredAt: number | null = null;
  endedAt: number | null = null;
  #status: CallStatus;
  readonly #exchange: Exchange;
  readonly #party: Party;
  readonly #callbacks: StatusCallbacks;
  /** What verbs play, off the stream. */
  readonly #playback = new Playback();
  readonly #spoken = new Uint8Array(FRAME_SAMPLES);
  readonly #heard = new Uint8Array(FRAME_SAMPLES);
  readonly #keyListeners = new Set<(key: string) => void>();
  #running = new AbortController();
  #stream: MediaStream | null = null;
  #leave: (() => void)[] = [];

  constructor(exchange: Exchange, options: CallOptions, party: Party) {
    this.options = options;
    this.#exchange = exchange;
    this.#party = party;
    this.#status = options.direction === 'inbound' ? 'ringing' : 'queued';
    this.createdAt = exchange.clock.now();
    this.microphone = new Microphone(options.settings);
    this.#callbacks = new StatusCallbacks(
      options.callback,
      exchange.clock,
      options.settings,
      (callback, parameters) => this.#post(callback, parameters),
    );
  }

  get accountSid(): string {
    return this.#exchange.accountSid;
  }

  get status(): CallStatus {
    return this.#status;
  }

  get answered(): boolean {
    return this.answeredAt !== null;
  }

  get over(): boolean {
    return OVER.has(this.#status);
  }

  get sayMsPerCharacter(): number {
    return this.options.settings.sayMsPerCharacter;
  }

  /** The network has taken an outbound call. */
  initiate(): void {
    this.#callbacks.tell('initiated', { ...callParameters(this), CallStatus: 'initiated' });
  }

  /** The telephone rings, for so long at most. */
  ring(seconds: number): void {
    this.#leave = [this.#exchange.clock.after(seconds * 1000, () => this.end('no-answer'))];
    this.#become('ringing');
    this.#callbacks.tell('ringing', callParameters(this));
  }

  answer(): void {
    if (this.answered || this.over) return;
    const { clock, metronome } = this.#exchange;
    this.answeredAt = clock.now();
    for (const leave of this.#leave) leave();
    this.#leave = [
      metronome.add(() => this.#tick()),
      clock.after(this.options.timeLimitSeconds * 1000, () => this.end('completed')),
    ];
    this.#become('in-progress');
    this.#callbacks.tell('answered', callParameters(this));
  }

  /** Runs TwiML from now on, in place of what runs. */
  run(program: Program): void {
    this.#abort();
    this.#running = new AbortController();
    const { signal } = this.#running;
    this.#runProgram(program, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }

  end(status: CallStatus): void {
    if (this.over) return;
    this.endedAt = this.#exchange.clock.now();
    this.#status = status;
    this.#exchange.log.info({ call_sid: this.sid, status, detail: this.options.direction }, 'call');
    for (const leave of this.#leave) leave();
    this.#abort();
    this.microphone.cut();
    this.#callbacks.tell('completed', {
      ...callParameters(this),
      CallDuration: String(this.durationSeconds ?? 0),
      Duration: String(Math.ceil((this.durationSeconds ?? 0) / 60)),
    });
    this.#party.statusChanged(status);
  }

  get durationSeconds(): number | null {
    if (this.endedAt === null || this.answeredAt === null) return null;
    return Math.round((this.endedAt - this.answeredAt) / 1000);
  }

  say(text: string, language: string): void {
    this.#party.said(text, language);
  }

  play(mulaw: Uint8Array): void {
    this.#playback.push(mulaw);
  }

  onKey(listener: (key: string) => void): () => void {
    this.#keyListeners.add(listener);
    return () => this.#keyListeners.delete(listener);
  }

  note(code: FaultCode, detail: string | null): void {
    this.#exchange.debug.note(code, this.sid, detail);
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const give = () => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = this.#exchange.clock.after(ms, () => {
        signal.removeEventListener('abort', give);
        resolve();
      });
      if (signal.aborted) give();
      else signal.addEventListener('abort', give, { once: true });
    });
  }

  async stream(noun: Verb, signal: AbortSignal): Promise<void> {
    const { accountSid, authToken, clock, random, ca } = this.#exchange;
    const { url = '' } = noun.attributes;
    const parameters = noun.children.filter((child) => child.name === 'Parameter');
    const tell = (event: StreamEvent, error?: string) => {
      const callback = streamCallback(noun, this, stream.sid, event, clock.now(), error);
      if (callback !== null) void this.#post(callback, callback.parameters);
    };
    const stream = new MediaStream({
      url,
      accountSid,
      callSid: this.sid,
      authToken,
      parameters: Object.fromEntries(
        parameters.map(({ attributes }) => [attributes['name'] ?? '', attributes['value'] ?? '']),
      ),
      settings: this.options.settings,
      clock,
      random,
      ca,
      note: (code, detail) => this.note(code, detail),
      onStarted: () => tell('stream-started'),
    });
    this.#stream = stream;
    const end = await stream.over;
    if (this.#stream === stream) this.#stream = null;
    if (end instanceof CarrierFault) {
      this.#note(end);
      tell('stream-error', end.message);
    } else tell('stream-stopped');
    signal.throwIfAborted();
  }

  #tick(): void {
    const keys = this.microphone.next(this.#spoken);
    this.#party.spoke(this.#spoken);
    const stream = this.#stream;
    if (stream === null) this.#playback.next(this.#heard);
    else {
      stream.send(this.#spoken, keys);
      stream.next(this.#heard);
    }
    for (const key of keys) for (const listener of this.#keyListeners) listener(key);
    this.#party.hear(this.#heard);
  }

  async #runProgram(first: Program, signal: AbortSignal): Promise<void> {
    const { webhooks } = this.#exchange;
    const { fallback, settings } = this.options;
    const documents = new TwimlSource({
      fallback,
      request: (url, method, extra) => {
        const parameters = new URLSearchParams({ ...callParameters(this), ...this.options.extra, ...extra });
        return webhooks.send(url, method, parameters, settings);
      },
      note: (fault) => this.#note(fault),
    });
    let next: Next | null = null;
    do {
      const verbs = await (next === null ? documents.first(first) : documents.follow(next));
      signal.throwIfAborted();
      next = await runVerbs(verbs, this, signal);
      signal.throwIfAborted();
    } while (next !== null);
    this.end('completed');
  }

  /** Whatever comes of a callback: a failure is noted. */
  async #post(
    to: { url: string; method: Method },
    parameters: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { webhooks } = this.#exchange;
    await webhooks
      .send(to.url, to.method, new URLSearchParams(parameters), this.options.settings)
      .catch((fault: CarrierFault) => this.#note(fault));
  }

  #become(status: CallStatus): void {
    this.#status = status;
    this.#exchange.log.info({ call_sid: this.sid, status, detail: this.options.direction }, 'call');
    this.#party.statusChanged(status);
  }

  #abort(): void {
    this.#running.abort();
    this.#stream?.stop();
    this.#stream = null;
    this.#playback.clear();
  }

  #note(fault: CarrierFault): void {
    this.note(fault.code, fault.detail);
  }
}
