import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import express, { type Router } from 'express';
import { systemClock, type Clock } from '../../clock.js';
import { silentLogger, type Logger } from '../../log.js';
import { parseAddress } from './address.js';
import { ControlDoor } from './control-door.js';
import { CarrierFault, Debugger } from './debugger.js';
import { Metronome } from './metronome.js';
import { Phone, PhoneCall, type DialOptions } from './phone.js';
import type { Recordings } from './scripted-call.js';
import { createRestApi, type OutboundCall } from './rest-api.js';
import { SimulatedCall, type CallOptions, type Exchange, type Party } from './simulated-call.js';
import { ShortMessages } from './short-messages.js';
import { callSettings, DEFAULT_SETTINGS, type SimulatorSettings } from './simulator-settings.js';
import type { CallbackEvent } from './status-callbacks.js';
import type { Program } from './twiml-source.js';
import { WebhookSender } from './webhook.js';

export interface SimulatedCarrierOptions {
  /** `AC` and 32 hexadecimal digits. */
  accountSid: string;
  authToken: string;
  /** Where and how scripted calls leave their two sound files; none: they aren't recorded. */
  recordings?: Recordings;
  settings?: Partial<SimulatorSettings>;
  /** PEM of an authority to trust besides the usual ones. */
  ca?: string;
  clock?: Clock;
  log?: Logger;
  /** From 0 to 1, for jitter and loss. */
  random?: () => number;
}

/** What a number of the account does with a call. */
export interface NumberOptions {
  voiceUrl: string;
  fallbackUrl?: string;
  statusCallback?: string;
}

/** Ended calls that can still be asked for; the oldest are forgotten. */
const MAX_ENDED_CALLS = 5000;
const TIME_LIMIT_SECONDS = 14_400;

/**
 * A carrier in a box: numbers with webhooks, telephones, REST, media streams. It knows the public protocol and nothing
 * of the service that it serves. Everything goes over real HTTP and real WebSockets, signed.
 */
export class SimulatedCarrier {
  readonly settings: SimulatorSettings;
  readonly debug: Debugger;
  readonly messages: ShortMessages;
  /** REST and the control door: for a server of the caller's own. `listen` makes one. */
  readonly router: Router;
  readonly #exchange: Exchange;
  readonly #numbers = new Map<string, NumberOptions>();
  readonly #phones = new Map<string, Phone>();
  readonly #calls = new Map<string, SimulatedCall>();
  readonly #control: ControlDoor;
  #server: Server | null = null;

  constructor(options: SimulatedCarrierOptions) {
    const {
      accountSid,
      authToken,
      ca,
      clock = systemClock,
      log = silentLogger,
      random = Math.random,
    } = options;
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.debug = new Debugger(clock, (entry) =>
      log.warn({ code: entry.code, call_sid: entry.call_sid, detail: entry.message }, 'carrier debugger'),
    );
    this.#exchange = {
      accountSid,
      authToken,
      ca,
      clock,
      random,
      metronome: new Metronome(clock),
      webhooks: new WebhookSender({ authToken, clock, ...(ca !== undefined && { ca }) }),
      debug: this.debug,
      log,
    };
    this.messages = new ShortMessages({
      ...{ accountSid, clock },
      reaches: (to) => this.#phones.get(to)?.policy !== 'unreachable',
      call: (url, parameters) => this.#callBack(url, parameters),
    });
    this.#control = new ControlDoor({
      settings: this.settings,
      debug: this.debug,
      messages: this.messages,
      phone: (address) => this.phone(address),
      phoneCount: () => this.#phones.size,
      clock,
      recordings: options.recordings ?? null,
    });
    this.router = express.Router();
    this.router.use(this.#control.router);
    this.router.use(
      createRestApi({
        accountSid,
        authToken,
        settings: this.settings,
        owns: (number) => this.#numbers.has(number),
        place: (call) => this.#placeOutbound(call),
        calls: () => this.#calls.values(),
        find: (sid) => this.#calls.get(sid),
        messages: this.messages,
        delay: (ms) => new Promise((resolve) => clock.after(ms, resolve)),
      }),
    );
  }

  /** Gives the account a number, or changes what one does. */
  number(e164: string, options: NumberOptions): void {
    this.#numbers.set(e164, options);
  }

  /** The telephone at an address (`+33…`, `sip:…`, `client:…`): it is there from the first time that it is asked for. */
  phone(address: string): Phone {
    const parsed = parseAddress(address);
    if (parsed === null) throw new RangeError('an address is +33…, sip:user@host or client:name');
    const known = this.#phones.get(parsed.phone);
    if (known !== undefined) return known;
    const phone = new Phone(parsed.phone, (from, to, dial) => this.#placeInbound(from, to, dial));
    this.#phones.set(parsed.phone, phone);
    return phone;
  }

  /** A WebSocket handshake on a server of the caller's own. False: the path is none of the carrier's. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#control.upgrade(request, socket, head);
  }

  /** Serves REST, the control door and `pages` on a port of its own; 0 finds a free one. Resolves with its base URL. */
  async listen(port: number, host = '127.0.0.1', pages: Router = express.Router()): Promise<string> {
    const app = express().disable('x-powered-by');
    app.use(this.router);
    app.use(pages);
    const server = createServer(app);
    server.on('upgrade', (request, socket, head) => {
      if (!this.upgrade(request, socket, head)) socket.destroy();
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
    return `http://${host}:${(server.address() as AddressInfo).port}`;
  }

  /** Ends every call and closes the server. */
  async close(): Promise<void> {
    for (const call of this.#calls.values()) call.end('completed');
    this.#control.close();
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** A telephone calls a number of the account. */
  #placeInbound(phone: Phone, to: string, { settings, headers = {} }: DialOptions): PhoneCall {
    const number = this.#numbers.get(to);
    const program: Program = { url: number?.voiceUrl ?? '', method: 'POST' };
    const { fallbackUrl, statusCallback } = number ?? {};
    const call = new PhoneCall({ direction: 'outgoing', with: to, headers: {} }, (party) =>
      this.#create(party, {
        direction: 'inbound',
        from: phone.address,
        to,
        fallback: fallbackUrl === undefined ? null : { url: fallbackUrl, method: 'POST' },
        callback:
          statusCallback === undefined
            ? null
            : { url: statusCallback, method: 'POST', events: new Set<CallbackEvent>(['completed']) },
        extra: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [`SipHeader_${name}`, value]),
        ),
        settings: callSettings(this.settings, settings ?? {}),
        timeLimitSeconds: TIME_LIMIT_SECONDS,
      }),
    );
    const placed = this.#calls.get(call.sid);
    if (number === undefined) placed?.end('failed');
    else placed?.run(program);
    return call;
  }

  /** The customer calls a telephone. */
  #placeOutbound({
    to,
    from,
    program,
    fallback,
    callback,
    ringSeconds,
    timeLimitSeconds,
  }: OutboundCall): SimulatedCall {
    const { phone: address, headers } = parseAddress(to) ?? { phone: to, headers: {} };
    const phone = this.#phones.get(address);
    const party = new PhoneCall(
      { direction: 'incoming', with: from, headers },
      (end) =>
        this.#create(end, {
          direction: 'outbound-api',
          from,
          to,
          fallback,
          callback,
          settings: callSettings(this.settings, phone?.settings ?? {}),
          timeLimitSeconds,
        }),
      (call) => {
        call.answer();
        call.run(program);
      },
    );
    const call = this.#calls.get(party.sid);
    if (call === undefined) throw new Error('a call that was created is known');
    // The answer to the request goes first: the call is queued.
    this.#exchange.clock.after(0, () => {
      if (call.over) return;
      call.initiate();
      if (phone === undefined) call.note(21217, address);
      if (phone === undefined || phone.policy === 'unreachable') call.end('failed');
      else if (phone.policy === 'busy' || phone.calls.size >= phone.lines) call.end('busy');
      else {
        call.ring(ringSeconds);
        phone.ringFor(party);
      }
    });
    return call;
  }

  #create(party: Party, options: CallOptions): SimulatedCall {
    const call = new SimulatedCall(this.#exchange, options, party);
    this.#calls.set(call.sid, call);
    if (this.#calls.size > MAX_ENDED_CALLS) this.#forgetOne();
    return call;
  }

  async #callBack(url: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.#exchange.webhooks.send(url, 'POST', new URLSearchParams(parameters), this.settings);
    } catch (error) {
      if (!(error instanceof CarrierFault)) throw error;
      this.debug.note(error.code, null, error.detail);
    }
  }

  #forgetOne(): void {
    for (const [sid, call] of this.#calls) {
      if (!call.over) continue;
      this.#calls.delete(sid);
      return;
    }
  }
}
