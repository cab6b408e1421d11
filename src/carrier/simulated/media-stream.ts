import { WebSocket } from 'ws';
import type { Clock } from '../../clock.js';
import { codeOf } from '../../errors.js';
import { CarrierFault, type FaultCode } from './debugger.js';
import { FRAME_MS } from './metronome.js';
import { Playback } from './playback.js';
import { newSid } from './resource.js';
import { signatureOf } from './signature.js';
import type { SimulatorSettings } from './simulator-settings.js';
import { SlowLine } from './slow-line.js';
import { streamCommandSchema } from './stream-command.js';

export interface MediaStreamOptions {
  url: string;
  accountSid: string;
  callSid: string;
  authToken: string;
  /** From `<Parameter>`. */
  parameters: Readonly<Record<string, string>>;
  settings: Readonly<SimulatorSettings>;
  clock: Clock;
  /** From 0 to 1, for jitter, loss and disorder. */
  random: () => number;
  ca: string | undefined;
  /** Notes a breach of the protocol. */
  note: (code: FaultCode, detail: string) => void;
  onStarted: () => void;
}

/** How a stream ended: the server closed the socket, we stopped it, or it never came about. */
export type StreamEnd = 'closed' | 'stopped' | CarrierFault;

const HANDSHAKE_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 2000;
const MAX_MESSAGE_BYTES = 1024 * 1024;
/** What a server that doesn't read may leave in our memory; media beyond it is lost. */
const MAX_UNSENT_BYTES = 1024 * 1024;
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
const TLS_FAILURE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME|EPROTO)/;

/** The carrier's end of a bidirectional media stream: one WebSocket, from the handshake to the close. */
export class MediaStream {
  readonly sid = newSid('MZ');
  /** Resolves once, when the stream is over. */
  readonly over: Promise<StreamEnd>;
  readonly #options: MediaStreamOptions;
  readonly #playback = new Playback();
  #socket: WebSocket | null = null;
  #end!: (end: StreamEnd) => void;
  #started = false;
  #sequence = 0;
  #chunk = 0;
  readonly #line: SlowLine;
  /** Media that wait for the next to go first. */
  readonly #late: Readonly<Record<string, unknown>>[] = [];

  constructor(options: MediaStreamOptions) {
    this.#options = options;
    this.#line = new SlowLine(options.settings, options.clock, options.random);
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    const fault = refusal(options.url);
    if (fault === null) this.#connect();
    else this.#end(fault);
  }

  /** 20 ms of the party, and the keys to tell of with it. */
  send(frame: Uint8Array, keys: readonly string[]): void {
    if (!this.#started) return;
    const timestamp = String(this.#chunk * FRAME_MS);
    const chunk = String(++this.#chunk);
    const sequenceNumber = String(++this.#sequence);
    const late = this.#late.splice(0);
    if (!this.#lost()) {
      const payload = Buffer.from(frame).toString('base64');
      const media = { track: 'inbound', chunk, timestamp, payload };
      this.#deliver({ event: 'media', sequenceNumber, media, streamSid: this.sid });
    }
    for (const message of late) this.#release(message);
    for (const digit of keys) this.#tell('dtmf', { dtmf: { track: 'inbound_track', digit } });
  }

  /** The next 20 ms that the party hears. */
  next(frame: Uint8Array): void {
    this.#playback.next(frame);
    this.#echoMarks();
  }

  /** The call is over or leaves the stream: `stop`, then the socket is closed. */
  stop(): void {
    const { accountSid, callSid, clock } = this.#options;
    this.#end('stopped');
    const socket = this.#socket;
    if (socket === null) return;
    if (!this.#started) {
      socket.terminate();
      return;
    }
    this.#tell('stop', { stop: { accountSid, callSid } });
    this.#started = false;
    this.#line.run(() => {
      socket.close(1000);
      socket.once(
        'close',
        clock.after(CLOSE_TIMEOUT_MS, () => socket.terminate()),
      );
    });
  }

  #connect(): void {
    const { url, authToken, settings, ca } = this.#options;
    const headers: Record<string, string> = { 'User-Agent': 'TwilioMediaStreams/1.0' };
    if (settings.signature !== 'missing') {
      const token = settings.signature === 'wrong' ? `${authToken}!` : authToken;
      const signed = settings.signature === 'https-form' ? url.replace(/^ws/, 'http') : url;
      headers['X-Twilio-Signature'] = signatureOf(token, signed, new URLSearchParams());
    }
    const socket = new WebSocket(url, {
      headers,
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: MAX_MESSAGE_BYTES,
      ...(ca !== undefined && { ca }),
    });
    this.#socket = socket;
    socket.on('open', () => this.#start());
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on('unexpected-response', (_request, response) => {
      this.#end(new CarrierFault(31920, `status ${response.statusCode}`));
      socket.terminate();
    });
    socket.on('error', (error) => {
      const code = codeOf(error);
      if (this.#started) this.#options.note(31924, code);
      else this.#end(new CarrierFault(TLS_FAILURE.test(code) ? 31910 : 31921, code));
    });
    socket.on('close', () => {
      this.#started = false;
      this.#end('closed');
    });
  }

  #start(): void {
    const { accountSid, callSid, parameters, onStarted } = this.#options;
    this.#started = true;
    this.#release({ event: 'connected', protocol: 'Call', version: '1.0.0' });
    this.#tell('start', {
      start: {
        accountSid,
        streamSid: this.sid,
        callSid,
        tracks: ['inbound'],
        mediaFormat: { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 },
        customParameters: parameters,
      },
    });
    onStarted();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const command = isBinary ? null : readCommand(data);
    if (command === null || command.streamSid !== this.sid) {
      this.#refuse('a message that is not media, mark or clear with the streamSid');
      return;
    }
    if (command.event === 'clear') this.#playback.clear();
    else if (command.event === 'mark') this.#room(this.#playback.mark(command.mark.name));
    else this.#room(this.#playback.push(Buffer.from(command.media.payload, 'base64')));
    this.#echoMarks();
  }

  #room(taken: boolean): void {
    if (!taken) this.#refuse('more queued than the carrier keeps');
  }

  #refuse(detail: string): void {
    this.#options.note(31924, detail);
    if (this.#options.settings.badMessages === 'fatal') this.#socket?.close(1008);
  }

  #echoMarks(): void {
    for (const name of this.#playback.reached()) this.#tell('mark', { mark: { name } });
  }

  #tell(event: string, body: Readonly<Record<string, unknown>>): void {
    if (!this.#started) return;
    this.#release({ event, sequenceNumber: String(++this.#sequence), ...body, streamSid: this.sid });
  }

  #release(message: Readonly<Record<string, unknown>>): void {
    const text = JSON.stringify(message);
    this.#line.run(() => {
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text);
    });
  }

  #deliver(message: Readonly<Record<string, unknown>>): void {
    const { latePercent, doubledPercent } = this.#options.settings;
    if (this.#happens(latePercent)) this.#late.push(message);
    else this.#release(message);
    if (this.#happens(doubledPercent)) this.#release(message);
  }

  #lost(): boolean {
    if ((this.#socket?.bufferedAmount ?? 0) > MAX_UNSENT_BYTES) return true;
    return this.#happens(this.#options.settings.lossPercent);
  }

  #happens(percent: number): boolean {
    return percent > 0 && this.#options.random() * 100 < percent;
  }
}

/** Why the carrier doesn't even try that URL, or null. */
function refusal(url: string): CarrierFault | null {
  if (!URL.canParse(url)) return new CarrierFault(31941, url);
  const { protocol, hostname, search } = new URL(url);
  if (protocol !== 'wss:' && !(protocol === 'ws:' && LOOPBACK.has(hostname)))
    return new CarrierFault(31922, url);
  return search === '' ? null : new CarrierFault(31920, 'a query string in the stream URL');
}

function readCommand(data: Buffer) {
  try {
    return streamCommandSchema.parse(JSON.parse(data.toString('utf8')));
  } catch {
    return null;
  }
}
