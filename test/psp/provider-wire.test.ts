import { createServer, type Server } from 'node:https';
import {
  createServer as createNetServer,
  Socket,
  type AddressInfo,
  type Server as NetServer,
} from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { ProviderWire, type WireRequest } from '../../src/psp/provider-wire.js';
import { makeCertificate } from '../support/certificate.js';
import { ManualClock } from '../support/manual-clock.js';

type Handler = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const SECOND_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"answer":99}';
const BODY = 'number=4242424242424242';

let dir: string;
let ca: string;
let server: Server;
let handler: Handler;
let connections = 0;
const wires: ProviderWire[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tonewall-wire-'));
  const certificate = makeCertificate(dir);
  ca = certificate.ca;
  server = createServer({ cert: ca, key: readFileSync(certificate.keyFile) }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handler(request, response, Buffer.concat(chunks)));
  });
  server.on('secureConnection', () => connections++);
  await listening(server);
});

afterEach(() => {
  for (const wire of wires.splice(0)) wire.close();
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});

describe('ProviderWire', () => {
  it('zeroes what the socket gave, too', async () => {
    handler = (_request, response) => response.end('{"a":"4242424242424242"}');
    const given: Buffer[] = [];
    const emit = Reflect.get(Socket.prototype, 'emit') as (...given: unknown[]) => boolean;
    Socket.prototype.emit = function (this: Socket, event: string, ...all: unknown[]): boolean {
      // The client's end of it: the server's sees requests.
      if (event === 'data' && Buffer.isBuffer(all[0]) && all[0].includes('HTTP/1.1 200')) given.push(all[0]);
      return emit.call(this, event, ...all);
    };
    const reply = await wire().send(request());
    Socket.prototype.emit = emit;
    expect(reply).toMatchObject({ kind: 'answer', json: { a: '4242424242424242' } });
    expect(given.map((chunk) => chunk.every((byte) => byte === 0))).toEqual([true]);
  });

  it('sends bytes and reads JSON', async () => {
    handler = (request, response, body) => {
      response.statusCode = 402;
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, key: headers['idempotency-key'], body: body.toString() }));
    };
    const reply = await wire().send(request({ headers: { 'idempotency-key': 'chg_1:create' } }));
    expect(reply).toEqual({
      kind: 'answer',
      status: 402,
      json: { method: 'POST', url: '/v1/things', key: 'chg_1:create', body: BODY },
    });
  });

  it('sends the next request over the same connection', async () => {
    handler = (_request, response) => response.end('{}');
    const reused = wire();
    await reused.send(request());
    const before = connections;
    expect(await reused.send(request({ method: 'GET', body: null }))).toMatchObject({ kind: 'answer' });
    expect(connections).toBe(before);
  });

  it('sends nothing more over a connection on which something came unasked', async () => {
    handler = (_request, response) => {
      const { socket } = response;
      response.end('{"answer":1}', () => setTimeout(() => socket?.write(SECOND_ANSWER), 20));
    };
    const reused = wire();
    await reused.send(request());
    await new Promise((resolve) => void setTimeout(resolve, 60));
    handler = (_request, response) => response.end('{"answer":2}');
    const before = connections;
    expect(await reused.send(request())).toMatchObject({ kind: 'answer', json: { answer: 2 } });
    expect(connections).toBe(before + 1);
  });

  it('takes a second answer to the request before for none, when the next one is already on its way', async () => {
    handler = ({ url, socket }, response) => {
      if (url === '/twice') response.on('finish', () => setImmediate(() => socket.write(SECOND_ANSWER)));
      response.end('{"answer":1}');
    };
    const answers: unknown[] = [];
    for (let round = 0; round < 20; round++) {
      const one = wire();
      await one.send(request({ path: '/twice' }));
      const next = await one.send(request());
      answers.push(next.kind === 'answer' ? next.json : null);
    }
    expect(answers).not.toContainEqual({ answer: 99 });
  });

  it('zeroes the body on the answer', async () => {
    handler = (_request, response) => response.end('{}');
    const sent = request();
    await wire().send(sent);
    expect(sent.body?.every((byte) => byte === 0)).toBe(true);
  });

  it('lets the answer be blanked before it is read', async () => {
    handler = (_request, response) => response.end('{"echo":"4242"}');
    const blank = (answer: Buffer) => answer.fill('x', answer.indexOf('4242'), answer.indexOf('4242') + 4);
    expect(await wire().send(request({ blank }))).toEqual({
      kind: 'answer',
      status: 200,
      json: { echo: 'xxxx' },
    });
  });

  it('says so when an answer is no JSON, or is too long', async () => {
    handler = (_request, response) => response.end('<html>502');
    expect(await wire().send(request())).toEqual({ kind: 'answer', status: 200, json: undefined });
    handler = (_request, response) => response.end(`"${'x'.repeat(524_287)}"`);
    expect(await wire().send(request())).toEqual({ kind: 'answer', status: 200, json: undefined });
    handler = (_request, response) => response.end(`"${'x'.repeat(524_286)}"`);
    expect(await wire().send(request())).toMatchObject({ json: 'x'.repeat(524_286) });
  });

  it('knows that nothing left when nobody listens', async () => {
    const closed = createNetServer();
    await listening(closed);
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const sent = request();
    expect(await wire({ port }).send(sent)).toEqual({ kind: 'unreached' });
    expect(sent.body?.every((byte) => byte === 0)).toBe(true);
  });

  it('sends nothing to a server whose certificate it does not trust', async () => {
    const seen: string[] = [];
    handler = (request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    };
    const stranger = new ProviderWire({ origin: originOf(server), clock: systemClock, timeoutMs: 5_000 });
    wires.push(stranger);
    expect(await stranger.send(request())).toEqual({ kind: 'unreached' });
    expect(seen).toEqual([]);
  });

  it('knows that nothing left when the time is over before a connection stands', async () => {
    const silent = createNetServer();
    await listening(silent);
    const connected = new Promise((resolve) => silent.once('connection', resolve));
    const clock = new ManualClock();
    const reply = wire({ port: portOf(silent), clock }).send(request());
    await connected;
    clock.advance(5_000);
    const { kind } = await reply;
    silent.close();
    expect(kind).toBe('unreached');
  });

  it('does not know when the connection is cut', async () => {
    handler = (request) => request.socket.destroy();
    expect(await wire().send(request())).toEqual({ kind: 'lost', why: 'cut_off' });
    handler = (request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"status":', () => request.socket.destroy());
    };
    expect(await wire().send(request())).toEqual({ kind: 'lost', why: 'cut_off' });
  });

  it('does not know when the answer takes too long', async () => {
    const clock = new ManualClock();
    handler = () => clock.advance(5_000);
    expect(await wire({ clock }).send(request())).toEqual({ kind: 'lost', why: 'timed_out' });
    handler = (_request, response) => {
      response.write('{', () => clock.advance(5_000));
    };
    expect(await wire({ clock }).send(request())).toEqual({ kind: 'lost', why: 'timed_out' });
  });

  it('leaves no timer behind', async () => {
    const clock = new ManualClock();
    handler = (_request, response) => response.end('{}');
    await wire({ clock }).send(request());
    expect(clock.waiting).toBe(0);
  });

  it('follows no redirect', async () => {
    const seen: string[] = [];
    handler = (request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(307, { location: '/elsewhere' }).end('{}');
    };
    expect(await wire().send(request())).toEqual({ kind: 'answer', status: 307, json: {} });
    expect(seen).toEqual(['/v1/things']);
  });
});

function wire({ port = portOf(server), clock = systemClock } = {}): ProviderWire {
  const origin = new URL(`https://127.0.0.1:${port}`);
  const made = new ProviderWire({ origin, clock, timeoutMs: 5_000, ca });
  wires.push(made);
  return made;
}

function request(change: Partial<WireRequest> = {}): WireRequest {
  return { method: 'POST', path: '/v1/things', headers: {}, body: Buffer.from(BODY), ...change };
}

function originOf(listening: Server): URL {
  return new URL(`https://127.0.0.1:${portOf(listening)}`);
}

function portOf(listening: NetServer): number {
  return (listening.address() as AddressInfo).port;
}

function listening(made: NetServer): Promise<void> {
  return new Promise((resolve) => made.listen(0, '127.0.0.1', resolve));
}
