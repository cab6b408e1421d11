import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { WebSocket } from 'ws';
import type { CallHandler, MediaStream, StreamHandler, StreamStart } from '../../../src/carrier/carrier.js';
import { createTwilioDoors, type TwilioOptions } from '../../../src/carrier/twilio/twilio.js';
import type { LogFields, Logger } from '../../../src/log.js';
import { createMetrics } from '../../../src/metrics.js';
import { ManualClock } from '../../support/manual-clock.js';

export const ACCOUNT = 'AC00000000000000000000000000000001';
export const TOKEN = '0123456789abcdef0123456789abcdef';
export const CALLER = 'CA00000000000000000000000000000001';
export const STREAM = 'MZ00000000000000000000000000000001';

/** The signature of twilio.md 4.3, in lines of our own. */
export function sign(url: string, parameters: Record<string, string> = {}, token = TOKEN): string {
  const names = Object.keys(parameters).toSorted();
  const data = url + names.map((name) => name + (parameters[name] ?? '')).join('');
  return createHmac('sha1', token).update(data).digest('base64');
}

/** Keeps every line, as text. */
export class LineLogger implements Logger {
  lines: string[] = [];
  debug = (fields: LogFields, message: string): void => this.#add(fields, message);
  info = (fields: LogFields, message: string): void => this.#add(fields, message);
  warn = (fields: LogFields, message: string): void => this.#add(fields, message);
  error = (fields: LogFields, message: string): void => this.#add(fields, message);

  #add(fields: LogFields, message: string): void {
    this.lines.push(`${message} ${JSON.stringify(fields)}`);
  }
}

/** What a stream's handler heard, in order: `audio 160 +0`, `key 5`, `mark m`, `closed`. */
export class HeardStream implements StreamHandler {
  heard: string[] = [];
  frames: Buffer[] = [];
  /** The views that `audio` was given, to look into afterwards. */
  views: Uint8Array[] = [];
  onHeard: () => void = () => {};

  audio(frame: Uint8Array, missing: number): void {
    this.frames.push(Buffer.from(frame));
    this.views.push(frame);
    this.#add(`audio ${frame.length} +${missing}`);
  }

  key(cell: { key: number }): void {
    this.#add(`key ${cell.key}`);
  }

  mark(name: string): void {
    this.#add(`mark ${name}`);
  }

  closed(): void {
    this.#add('closed');
  }

  /** Resolves once `text` was heard. */
  async until(text: string): Promise<void> {
    while (!this.heard.includes(text)) await new Promise<void>((resume) => (this.onHeard = resume));
  }

  #add(text: string): void {
    this.heard.push(text);
    this.onHeard();
  }
}

/** A handler that says yes to everything, and keeps what it was asked. */
export class AgreeableHandler implements CallHandler {
  asked: string[] = [];
  starts: StreamStart[] = [];
  streams: MediaStream[] = [];
  heard = new HeardStream();
  answers: Omit<CallHandler, 'status' | 'streamStarted'> = {
    incoming: () => Promise.resolve({ do: 'stream', leg: 'leg_1', ticket: 'tkt_1' }),
    answered: () => Promise.resolve({ do: 'stream', leg: 'leg_2', ticket: 'tkt_2' }),
    streamOver: () => Promise.resolve({ do: 'hang-up' }),
  };
  takes: (start: StreamStart, stream: MediaStream) => StreamHandler | null = () => this.heard;

  incoming: CallHandler['incoming'] = (call) => {
    this.asked.push(`incoming ${call.callSid} ${call.from} ${call.to}`);
    return this.answers.incoming(call);
  };
  answered: CallHandler['answered'] = (leg, callSid) => {
    this.asked.push(`answered ${leg} ${callSid}`);
    return this.answers.answered(leg, callSid);
  };
  streamOver: CallHandler['streamOver'] = (leg, callSid) => {
    this.asked.push(`streamOver ${leg} ${callSid}`);
    return this.answers.streamOver(leg, callSid);
  };
  status: CallHandler['status'] = (leg, { callSid, status, sequence }) => {
    this.asked.push(`status ${leg} ${callSid} ${status} ${sequence}`);
  };
  streamStarted: CallHandler['streamStarted'] = (start, stream) => {
    this.starts.push(start);
    this.streams.push(stream);
    return this.takes(start, stream);
  };
}

export type Doors = Awaited<ReturnType<typeof openDoors>>;

/** A real server with the carrier's doors, reached at `base` and known to the carrier as `publicUrl`. */
export async function openDoors(publicUrl?: string, reported?: TwilioOptions['reported']) {
  const clock = new ManualClock();
  const log = new LineLogger();
  const metrics = createMetrics();
  const handler = new AgreeableHandler();
  const app = express();
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = publicUrl ?? base;
  const doors = createTwilioDoors(
    {
      accountSid: ACCOUNT,
      authTokens: ['the new token', TOKEN],
      publicUrl: url,
      nodeUrl: url,
      apology: { sentence: 'Please call again.', language: 'en' },
      ...(reported !== undefined && { reported }),
      clock,
      log,
      metrics,
    },
    handler,
  );
  app.use('/twilio', doors.router);
  server.on('upgrade', (request, socket, head) => {
    if (!doors.upgrade(request, socket, head)) socket.destroy();
  });
  const close = async (): Promise<void> => {
    doors.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { clock, log, metrics, handler, server, base, url, doors, close };
}

/** A counter's value, for one set of labels. */
export async function counted(
  counter: { get(): Promise<{ values: { value: number; labels: object }[] }> },
  labels: object = {},
): Promise<number> {
  const { values } = await counter.get();
  const wanted = JSON.stringify(labels);
  return values.find((value) => JSON.stringify(value.labels) === wanted)?.value ?? 0;
}

/** The carrier's end of a media socket, handshake signed. */
export async function connect(doors: Doors): Promise<WebSocket> {
  const url = `${doors.base.replace('http', 'ws')}/twilio/media`;
  const signed = `${doors.url.replace('http', 'ws')}/twilio/media`;
  const socket = new WebSocket(url, { headers: { 'X-Twilio-Signature': sign(signed) } });
  await once(socket, 'open');
  return socket;
}

export const message = {
  connected: JSON.stringify({ event: 'connected', protocol: 'Call', version: '1.0.0' }),
  start: (changes: object = {}): string =>
    JSON.stringify({
      event: 'start',
      sequenceNumber: '1',
      streamSid: STREAM,
      start: {
        streamSid: STREAM,
        accountSid: ACCOUNT,
        callSid: CALLER,
        tracks: ['inbound'],
        customParameters: { ticket: 'tkt_1' },
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        ...changes,
      },
    }),
  /** The `n`th frame of the stream, 20 ms each. */
  media: (n: number, audio: Uint8Array = Buffer.alloc(160, 0xff), changes: object = {}): string =>
    JSON.stringify({
      event: 'media',
      sequenceNumber: String(n + 1),
      streamSid: STREAM,
      media: {
        track: 'inbound',
        chunk: String(n),
        timestamp: String((n - 1) * 20),
        payload: Buffer.from(audio).toString('base64'),
        ...changes,
      },
    }),
  dtmf: (sequence: number, digit: string, changes: object = {}): string =>
    JSON.stringify({
      event: 'dtmf',
      sequenceNumber: String(sequence),
      streamSid: STREAM,
      dtmf: { track: 'inbound_track', digit },
      ...changes,
    }),
  mark: (name: string): string => JSON.stringify({ event: 'mark', streamSid: STREAM, mark: { name } }),
  stop: JSON.stringify({ event: 'stop', streamSid: STREAM, stop: { accountSid: ACCOUNT, callSid: CALLER } }),
};

/** A media socket past its `start`. */
export async function connectStarted(doors: Doors): Promise<WebSocket> {
  const socket = await connect(doors);
  socket.send(message.connected);
  socket.send(message.start());
  return socket;
}

/** The code a socket is closed with. */
export async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}
