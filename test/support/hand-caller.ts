import { once } from 'node:events';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js';
import { WebSocket } from 'ws';
import { newSid } from '../../src/carrier/simulated/resource.js';
import { ACCOUNT_SID, AUTH_TOKEN } from './carrier.js';
import { CALLER, SERVICE_NUMBER, type Service } from './service.js';

export interface WebhookAnswer {
  status: number;
  text: string;
}

/** A webhook as the carrier sends it, signed by its own package; `headers` may say otherwise. */
export async function webhook(
  service: Service,
  path: string,
  parameters: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<WebhookAnswer> {
  const all = { AccountSid: ACCOUNT_SID, ...parameters };
  const response = await fetch(service.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': getExpectedTwilioSignature(AUTH_TOKEN, service.url + path, all),
      ...headers,
    },
    body: new URLSearchParams(all).toString(),
  });
  return { status: response.status, text: await response.text() };
}

/** A caller whose side of the carrier is played message by message, so that it can be wrong in every way. */
export class HandCaller {
  readonly sid = newSid('CA');
  readonly streamSid = newSid('MZ');
  readonly #service: Service;
  #socket: WebSocket | null = null;
  #sequence = 0;
  #chunk = 0;
  #twiml = '';

  constructor(service: Service) {
    this.#service = service;
  }

  /** The voice webhook; gives the TwiML. */
  async ring(): Promise<string> {
    const call = { CallSid: this.sid, From: CALLER, To: SERVICE_NUMBER };
    this.#twiml = (await webhook(this.#service, '/twilio/voice', call)).text;
    return this.#twiml;
  }

  get ticket(): string {
    return attribute(this.#twiml, /name="ticket" value="([^"]+)"/);
  }

  /** What the party hears when its stream is over. */
  async next(): Promise<string> {
    const url = new URL(attribute(this.#twiml, /action="([^"]+)"/));
    return (await webhook(this.#service, url.pathname, { CallSid: this.sid })).text;
  }

  /** Opens the media socket; resolves with the status of the handshake. */
  async open(signed = true): Promise<number> {
    const url = `${this.#service.url.replace('http', 'ws')}/twilio/media`;
    const signature = signed ? getExpectedTwilioSignature(AUTH_TOKEN, url, {}) : 'forged';
    const socket = new WebSocket(url, { headers: { 'x-twilio-signature': signature } });
    socket.on('error', () => {});
    this.#socket = socket;
    const refused = once(socket, 'unexpected-response');
    refused.catch(() => {});
    const [, answer] = (await Promise.race([once(socket, 'open'), refused])) as [
      unknown,
      { statusCode: number } | undefined,
    ];
    return answer?.statusCode ?? 101;
  }

  /** Resolves with the code that the service closes the socket with. */
  async closed(): Promise<number> {
    const socket = this.#open();
    if (socket.readyState === WebSocket.CLOSED) throw new Error('the socket was closed already');
    const [code] = (await once(socket, 'close')) as [number];
    return code;
  }

  start(more: { ticket?: string; callSid?: string; accountSid?: string } = {}): void {
    const { ticket = this.ticket, callSid = this.sid, accountSid = ACCOUNT_SID } = more;
    const { streamSid } = this;
    this.raw({
      event: 'start',
      sequenceNumber: String(++this.#sequence),
      start: { accountSid, streamSid, callSid, customParameters: { ticket } },
      streamSid,
    });
  }

  /** 20 ms of silence unless `payload` says otherwise. */
  media(payload = Buffer.alloc(160, 0xff).toString('base64')): void {
    const media = {
      track: 'inbound',
      chunk: String(++this.#chunk),
      timestamp: String(this.#chunk * 20),
      payload,
    };
    this.raw({ event: 'media', sequenceNumber: String(++this.#sequence), media, streamSid: this.streamSid });
  }

  /** The carrier's word that a key was pressed. */
  dtmf(digit: string, streamSid = this.streamSid): void {
    const dtmf = { track: 'inbound_track', digit };
    this.raw({ event: 'dtmf', sequenceNumber: String(++this.#sequence), dtmf, streamSid });
  }

  /** Sends text or bytes as they are; anything else as JSON. */
  raw(message: object | string): void {
    const plain = typeof message === 'string' || Buffer.isBuffer(message);
    this.#open().send(plain ? message : JSON.stringify(message));
  }

  stop(): void {
    this.raw({ event: 'stop', sequenceNumber: String(++this.#sequence), streamSid: this.streamSid });
  }

  /** The network is gone: no `stop`, no close. */
  vanish(): void {
    this.#socket?.terminate();
  }

  #open(): WebSocket {
    if (this.#socket === null) throw new Error('no socket was opened');
    return this.#socket;
  }
}

function attribute(twiml: string, pattern: RegExp): string {
  const [, value] = pattern.exec(twiml) ?? [];
  if (value === undefined) throw new Error(`not in the TwiML: ${pattern.source}`);
  return value;
}
