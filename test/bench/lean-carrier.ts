import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { masked } from './media-frames.js';
import { openRaw, type RawWebSocket } from './raw-web-socket.js';

export const ACCOUNT_SID = `AC${'0123456789abcdef'.repeat(2)}`;
export const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
const SERVICE_NUMBER = '+33199000001';

export interface Party {
  readonly socket: RawWebSocket;
  readonly streamSid: string;
}

export interface PartyEvents {
  onText: (text: Buffer) => void;
  onLost: () => void;
}

/** What a call's two parties do with what they hear. */
export interface CallEvents {
  caller: PartyEvents;
  agent: PartyEvents;
}

interface Stream {
  url: string;
  ticket: string;
}

/**
 * The carrier at its least: signed webhooks, a REST door that dials agents who answer at once, and media streams. The
 * simulated carrier plays every call's audio, which for hundreds of calls is more work than the service's own.
 */
export class LeanCarrier {
  readonly #server = createServer((request, response) => void this.#rest(request, response));
  /** Agents' legs that were dialled, by the caller's address. */
  readonly #dialled = new Map<string, (answer: { url: string; callSid: string }) => void>();

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Call number `index`: it comes in, the agent is dialled and answers, and both streams stand. */
  async call(
    serviceUrl: string,
    index: number,
    events: CallEvents,
  ): Promise<{ caller: Party; agent: Party }> {
    const from = `+3363998${String(index).padStart(4, '0')}`;
    const dialled = new Promise<{ url: string; callSid: string }>((resolve) =>
      this.#dialled.set(from, resolve),
    );
    const callSid = newSid('CA');
    const caller = await this.#stream(
      await webhook(`${serviceUrl}/twilio/voice`, { CallSid: callSid, From: from, To: SERVICE_NUMBER }),
      callSid,
      events.caller,
    );
    const answer = await dialled;
    const instruction = await webhook(answer.url, {
      CallSid: answer.callSid,
      From: from,
      To: SERVICE_NUMBER,
    });
    return { caller, agent: await this.#stream(instruction, answer.callSid, events.agent) };
  }

  /** Dials (`Url` is where the agent's leg asks what to do), or ends a call, which the closed streams did already. */
  async #rest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const callSid = newSid('CA');
    const url = form.get('Url');
    if (url !== null) this.#dialled.get(form.get('From') ?? '')?.({ url, callSid });
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ sid: callSid, account_sid: ACCOUNT_SID, status: 'queued' }));
  }

  async #stream({ url, ticket }: Stream, callSid: string, events: PartyEvents): Promise<Party> {
    const headers = { 'x-twilio-signature': sign(url, {}) };
    const socket = await openRaw({ url, headers, ...events });
    const streamSid = newSid('MZ');
    const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 };
    const start = { accountSid: ACCOUNT_SID, streamSid, callSid, tracks: ['inbound'], mediaFormat };
    const customParameters = { ticket };
    socket.write(
      masked(
        JSON.stringify({
          ...{ event: 'start', sequenceNumber: '1', streamSid },
          start: { ...start, customParameters },
        }),
      ),
    );
    return { socket, streamSid };
  }
}

async function webhook(url: string, parameters: Readonly<Record<string, string>>): Promise<Stream> {
  const form = { AccountSid: ACCOUNT_SID, ...parameters };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': sign(url, form),
    },
    body: new URLSearchParams(form),
  });
  const twiml = await response.text();
  const [, stream] = /<Stream url="([^"]+)"/.exec(twiml) ?? [];
  const [, ticket] = /<Parameter name="ticket" value="([^"]+)"/.exec(twiml) ?? [];
  if (stream === undefined || ticket === undefined) {
    throw new Error(`the webhook gave no stream (status ${response.status})`);
  }
  return { url: stream, ticket };
}

/** `X-Twilio-Signature`: HMAC-SHA1 over the URL and the form's members in the order of their names. */
function sign(url: string, form: Readonly<Record<string, string>>): string {
  const members = Object.entries(form).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha1', AUTH_TOKEN)
    .update(url + members.flat().join(''))
    .digest('base64');
}

function newSid(prefix: string): string {
  return prefix + randomBytes(16).toString('hex');
}
