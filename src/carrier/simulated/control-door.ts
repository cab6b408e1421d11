import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { WebSocketServer, type WebSocket } from 'ws';
import type { z } from 'zod';
import type { Clock } from '../../clock.js';
import type { Debugger } from './debugger.js';
import type { Phone } from './phone.js';
import { ScriptedCall, scriptedCallSchema, stepsSchema, type Recordings } from './scripted-call.js';
import type { ShortMessages } from './short-messages.js';
import { settingsPatchSchema, type SimulatorSettings } from './simulator-settings.js';
import { Softphone } from './softphone.js';

export interface ControlDoorOptions {
  settings: SimulatorSettings;
  debug: Debugger;
  messages: ShortMessages;
  phone: (address: string) => Phone;
  phoneCount: () => number;
  clock: Clock;
  recordings: Recordings | null;
}

const PHONES_PATH = '/simulator/phones/';
const MAX_PHONES = 1000;
const MAX_SCRIPTED_CALLS = 20;
const MAX_MESSAGE_BYTES = 16 * 1024;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;
const LOOPBACK_HOST = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * The door for pages and other processes of this machine, outside the carrier's own paths: switches, the debugger,
 * scripted calls, softphones. Only from loopback, and no page of another host may use it.
 */
export class ControlDoor {
  readonly router: Router = express.Router();
  readonly #options: ControlDoorOptions;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  readonly #softphones = new Map<string, Softphone>();
  readonly #scripted = new Map<string, ScriptedCall>();

  constructor(options: ControlDoorOptions) {
    this.#options = options;
    const { settings, debug, messages } = options;
    const router = express.Router();
    this.router.use('/simulator', router);
    router.use((request, response, next) => {
      if (isLocal(request)) next();
      else refuse(response, 403, 'only from this machine, and from pages of this machine');
    });
    router.use(express.json({ limit: '16kb' }));
    router.get('/settings', (_request, response) => {
      response.json(settings);
    });
    router.patch('/settings', (request, response) => {
      const patch = read(settingsPatchSchema, request, response);
      if (patch !== null) response.json(Object.assign(settings, patch));
    });
    router.get('/debugger', (_request, response) => {
      response.json({ entries: debug.entries });
    });
    router.get('/messages', (request, response) => {
      const { to } = request.query;
      response.json({ messages: messages.all.filter((message) => to === undefined || message.to === to) });
    });
    router.post('/scripted-calls', (request, response) => this.#start(request, response));
    router.get('/scripted-calls/:sid', (request, response) => {
      const call = this.#find(request, response);
      if (call !== null) response.json(call.view());
    });
    router.post('/scripted-calls/:sid/keys', async (request, response) => {
      const call = this.#find(request, response);
      const body = call === null ? null : read(stepsSchema, request, response);
      if (call === null || body === null) return;
      await call.play(body.steps);
      response.json(call.view());
    });
    router.post('/scripted-calls/:sid/end', async (request, response) => {
      const call = this.#find(request, response);
      if (call === null) return;
      await call.end();
      response.json(call.view());
    });
    router.use((_request, response) => refuse(response, 404, 'no such path of the simulator'));
    router.use((error: { status?: number }, _request: Request, response: Response, next: NextFunction) => {
      if (response.headersSent) next(error);
      else refuse(response, error.status ?? 500, 'the request could not be read or carried out');
    });
  }

  /** A softphone's handshake. False: not a path of this door. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const path = request.url?.split('?', 1)[0] ?? '';
    if (!path.startsWith('/simulator/')) return false;
    const phone =
      isLocal(request) && path.startsWith(PHONES_PATH) ? this.#phone(path.slice(PHONES_PATH.length)) : null;
    if (phone === null)
      socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#attach(phone, webSocket));
    return true;
  }

  close(): void {
    for (const softphone of this.#softphones.values()) softphone.close();
    this.#softphones.clear();
    this.#sockets.close();
  }

  #phone(encoded: string): Phone | null {
    try {
      if (this.#options.phoneCount() >= MAX_PHONES) return null;
      return this.#options.phone(decodeURIComponent(encoded));
    } catch {
      return null;
    }
  }

  #attach(phone: Phone, socket: WebSocket): void {
    const { address } = phone;
    const known = this.#softphones.get(address);
    if (known !== undefined) {
      known.replace(socket);
      return;
    }
    const softphone = new Softphone(phone, socket, this.#options.clock, () =>
      this.#softphones.delete(address),
    );
    this.#softphones.set(address, softphone);
  }

  #start(request: Request, response: Response): void {
    const script = read(scriptedCallSchema, request, response);
    if (script === null) return;
    for (const [sid, call] of this.#scripted) {
      if (call.over && this.#scripted.size >= MAX_SCRIPTED_CALLS) this.#scripted.delete(sid);
    }
    if (this.#scripted.size >= MAX_SCRIPTED_CALLS)
      return refuse(response, 429, 'too many scripted calls are up');
    const { phone, clock, recordings } = this.#options;
    const call = new ScriptedCall(script, phone, clock, recordings);
    this.#scripted.set(call.sid, call);
    response.status(201).json(call.view());
  }

  #find(request: Request<{ sid: string }>, response: Response): ScriptedCall | null {
    const call = this.#scripted.get(request.params.sid);
    if (call === undefined) refuse(response, 404, 'no scripted call has that call_sid');
    return call ?? null;
  }
}

/** From this machine, addressed as this machine (no foreign name that points here), and by no page from elsewhere. */
function isLocal(request: IncomingMessage): boolean {
  const { host, origin } = request.headers;
  if (!LOOPBACK_ADDRESS.test(request.socket.remoteAddress ?? '')) return false;
  return isLoopbackUrl(`http://${host ?? ''}`) && (origin === undefined || isLoopbackUrl(origin));
}

function isLoopbackUrl(url: string): boolean {
  return URL.canParse(url) && LOOPBACK_HOST.has(new URL(url).hostname);
}

function read<T>(schema: z.ZodType<T>, request: Request, response: Response): T | null {
  const result = schema.safeParse(request.body);
  if (result.success) return result.data;
  const members = [...new Set(result.error.issues.map((issue) => issue.path.join('.') || 'body'))];
  refuse(response, 400, `not valid: ${members.join(', ')}`);
  return null;
}

function refuse(response: Response, status: number, message: string): void {
  response.status(status).json({ status, message });
}
