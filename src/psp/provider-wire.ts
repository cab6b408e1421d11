import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.js';
import { parseQuietly } from './quiet-json.js';

export interface ProviderWireOptions {
  /** `https:`; its path is left out. */
  origin: URL;
  clock: Clock;
  /** From the start of a request to the end of its answer. */
  timeoutMs: number;
  /** PEM of who signs the provider's certificate, where that is nobody known. */
  ca?: string;
}

export interface WireRequest {
  method: 'GET' | 'POST' | 'DELETE';
  /** With its query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  /** Zeroed when the answer is there, or when it never will be. */
  body: Buffer | null;
  /** Sees the answer before any of it becomes a string. */
  blank?: (answer: Buffer) => void;
}

export type Reply =
  /** `json` is undefined for what is no JSON, or too long. */
  | { kind: 'answer'; status: number; json: unknown }
  /** No byte of the request left this machine. */
  | { kind: 'unreached' }
  /** It may have arrived. */
  | { kind: 'lost'; why: 'timed_out' | 'cut_off' };

/** A list of a hundred refunds takes about a quarter of it. */
const MAX_ANSWER_BYTES = 524_288;
const MAX_CONNECTIONS = 64;
/** Shorter than any provider keeps a silent connection, so that requests seldom meet one that was just closed. */
const IDLE_MS = 4_000;
/** `SSL_OP_CLEANSE_PLAINTEXT` of OpenSSL 3: no copy of what was received last stays with the connection. */
const CLEANSE_PLAINTEXT = 0x2;

/** Sends bytes to a provider and tells what is certain about them. Neither they nor the answer's leave a copy. */
export class ProviderWire {
  readonly #options: ProviderWireOptions;
  readonly #agent: Agent;

  constructor(options: ProviderWireOptions) {
    this.#options = options;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: MAX_CONNECTIONS,
      timeout: IDLE_MS,
      minVersion: 'TLSv1.2',
      secureOptions: CLEANSE_PLAINTEXT,
      ...(options.ca !== undefined && { ca: options.ca }),
    });
  }

  async send(request: WireRequest): Promise<Reply> {
    try {
      return await this.#exchange(request);
    } finally {
      request.body?.fill(0);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange({ method, path, headers, body, blank }: WireRequest): Promise<Reply> {
    const { origin, clock, timeoutMs } = this.#options;
    const length = body === null ? {} : { 'content-length': String(body.length) };
    const call = httpsRequest(new URL(path, origin), {
      method,
      headers: { ...headers, ...length },
      agent: this.#agent,
    });
    // The body follows at once, not when the headers are acknowledged (40 ms): the agent doesn't see to it under TLS.
    call.setNoDelay(true);
    return new Promise((resolve) => {
      let begun = false;
      let asked = false;
      const end = (reply: Reply): void => {
        cancel();
        resolve(reply);
      };
      const fail = (why: 'timed_out' | 'cut_off'): void => {
        end(begun ? { kind: 'lost', why } : { kind: 'unreached' });
        call.destroy();
      };
      const cancel = clock.after(timeoutMs, () => fail('timed_out'));
      call.on('error', () => fail('cut_off'));
      call.on('response', (response) => {
        // It came before the question: a second answer to the one before it on this connection.
        if (!asked) return fail('cut_off');
        read(response, blank).then(end, () => fail('cut_off'));
      });
      call.on('socket', (socket) => {
        // After the parser, which keeps a copy of its own.
        socket.off('data', distrust).on('data', wipe);
        call.once('close', () => socket.off('data', wipe).on('data', distrust));
        whenSecure(socket, () => {
          begun = true;
          // Apart from the body: in one write with it Node copies them both to where no wipe reaches.
          call.flushHeaders();
          setImmediate(() => {
            asked = true;
            if (body === null) call.end();
            else call.write(body, () => call.end());
          });
        });
      });
    });
  }
}

/** What comes after the answer would be taken for the answer to the next request on this connection. */
function distrust(this: Socket): void {
  this.destroy();
}

function wipe(chunk: Buffer): void {
  chunk.fill(0);
}

function whenSecure(socket: Socket, then: () => void): void {
  if ((socket as TLSSocket).authorized) then();
  else socket.once('secureConnect', then);
}

async function read(response: IncomingMessage, blank: (answer: Buffer) => void = () => {}): Promise<Reply> {
  const status = response.statusCode ?? 0;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) return { kind: 'answer', status, json: undefined };
    }
    const answer = Buffer.from(new ArrayBuffer(Math.max(length, 128)));
    chunks.reduce((at, chunk) => at + chunk.copy(answer, at), 0);
    blank(answer);
    const json = parseQuietly(answer.subarray(0, length));
    answer.fill(0);
    return { kind: 'answer', status, json };
  } finally {
    for (const chunk of chunks) chunk.fill(0);
  }
}
