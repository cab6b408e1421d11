import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, type PeerCertificate } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import express from 'express';
import { silentLogger, type LogFields } from '../../src/log.js';
import { startListening, type Listening, type ListenOptions } from '../../src/http/listening.js';
import { startMetricsServer } from '../../src/http/metrics-server.js';
import { createMetrics } from '../../src/metrics.js';

const open: Listening[] = [];
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close(0);
});

async function listen(options: Partial<ListenOptions> = {}): Promise<Listening> {
  const app = express().get('/', (_request, response) => void response.end('hello'));
  const listening = await startListening({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    app,
    upgrades: [],
    log: silentLogger,
    ...options,
  });
  open.push(listening);
  return listening;
}

/** Sends `text` on a socket of its own; resolves with all that came back once the server has closed it. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}

const statusOf = (answer: string) => answer.split('\r\n')[0];
const headers = (count: number) => 'h: v\r\n'.repeat(count);

describe('the listening server', () => {
  it('serves its application', async () => {
    const { port } = await listen();
    expect(await raw(port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 200 OK.*hello$/s,
    );
  });

  it.each([
    ['nothing at all', ''],
    ['half a header', 'GET / HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ])('closes who sends %s in the time for headers', async (_name, text) => {
    const { port } = await listen({ limits: { headersMs: 50, checkMs: 20 } });
    expect(statusOf(await raw(port, text))).toMatch(/^$|408 Request Timeout/);
  });

  it('closes who is slow with the body', async () => {
    const app = express().post('/', () => {});
    const { port } = await listen({ app, limits: { headersMs: 50, requestMs: 100, checkMs: 20 } });
    const answer = await raw(port, 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345');
    expect(statusOf(answer)).toMatch(/408 Request Timeout/);
  });

  it('closes who is idle between two requests', async () => {
    const { port } = await listen({ limits: { idleMs: 20 } });
    expect(statusOf(await raw(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'))).toBe('HTTP/1.1 200 OK');
  });

  it('refuses headers over its bound of bytes', async () => {
    const { port } = await listen();
    const answer = await raw(port, `GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(17 * 1024)}\r\n\r\n`);
    // Nothing, when the connection was reset before the answer was read.
    expect(statusOf(answer)).toMatch(/^$|431 Request Header Fields Too Large/);
  });

  it.each([101, 2000])('refuses %i headers, asking for an upgrade or not', async (count) => {
    const { port } = await listen({ upgrades: [() => expect(false).toBe(true) === undefined] });
    const plain = `GET / HTTP/1.1\r\nhost: x\r\n${headers(count - 1)}\r\n`;
    const upgrade = `GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n${headers(count - 3)}connection: upgrade\r\n\r\n`;
    expect(statusOf(await raw(port, plain))).toBe('HTTP/1.1 431 Request Header Fields Too Large');
    expect(statusOf(await raw(port, upgrade))).toBe('HTTP/1.1 431 Request Header Fields Too Large');
  });

  it('takes 100 headers', async () => {
    const { port } = await listen();
    const answer = await raw(port, `GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headers(98)}\r\n`);
    expect(statusOf(answer)).toBe('HTTP/1.1 200 OK');
  });

  it('refuses what is no HTTP', async () => {
    const { port } = await listen();
    expect(statusOf(await raw(port, '\x16\x03\x01 hello\r\n\r\n'))).toBe('HTTP/1.1 400 Bad Request');
  });

  it('has no more connections than its bound', async () => {
    const { port } = await listen({ limits: { connections: 1 } });
    const first = connect(port, '127.0.0.1');
    await new Promise((resolve) => first.once('connect', resolve));
    // Answered once, so that the server has counted it.
    first.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise((resolve) => first.once('data', resolve));
    expect(await raw(port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
    first.destroy();
  });

  it('says when the port is taken', async () => {
    const { port } = await listen();
    await expect(listen({ port })).rejects.toMatchObject({
      code: 'config_invalid',
      message: `can't listen on port ${port} (EADDRINUSE): free it, or set HOST, PORT or METRICS_PORT`,
    });
  });
});

describe('an upgrade', () => {
  const asking = (path: string) =>
    `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`;

  it('goes to the first handler that takes it', async () => {
    const seen: string[] = [];
    const { port } = await listen({
      upgrades: [
        ({ url }) => (seen.push(`first ${url}`), url === '/a'),
        ({ url }, socket) => {
          seen.push(`second ${url}`);
          socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
          return true;
        },
      ],
    });
    expect(statusOf(await raw(port, asking('/b')))).toBe('HTTP/1.1 101 Switching Protocols');
    expect(seen).toEqual(['first /b', 'second /b']);
  });

  it('that nobody takes is 404 and closed', async () => {
    const { port } = await listen({ upgrades: [() => false] });
    expect(statusOf(await raw(port, asking('/elsewhere')))).toBe('HTTP/1.1 404 Not Found');
  });

  it('whose handler throws is closed, and the server lives on', async () => {
    const lines: LogFields[] = [];
    const { port } = await listen({
      log: { ...silentLogger, error: (fields) => void lines.push(fields) },
      upgrades: [
        () => {
          throw new RangeError('inside knowledge');
        },
      ],
    });
    expect(await raw(port, asking('/'))).toBe('');
    expect(lines).toEqual([{ code: 'RangeError' }]);
    expect(statusOf(await raw(port, 'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'))).toBe(
      'HTTP/1.1 200 OK',
    );
  });

  it('is closed with the server', async () => {
    const listening = await listen({
      upgrades: [(_request, socket) => socket.write('HTTP/1.1 101 OK\r\n\r\n')],
    });
    let socket: Socket | undefined;
    await new Promise((resolve) => {
      socket = connect(listening.port, '127.0.0.1', () => socket?.write(asking('/'))).once('data', resolve);
    });
    const closed = new Promise((resolve) => socket?.once('close', resolve));
    await listening.close(0);
    await closed;
  });
});

describe('closing', () => {
  it('lets a request under way end', async () => {
    let finish = () => {};
    const reached = new Promise<void>((resolve) => {
      finish = resolve;
    });
    let answer = () => {};
    const app = express().get('/', (_request, response) => {
      answer = () => void response.end('late');
      finish();
    });
    const listening = await listen({ app });
    const asked = raw(listening.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await reached;
    const closed = listening.close(10_000);
    answer();
    expect(await asked).toMatch(/late$/);
    await closed;
    expect(await raw(listening.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
  });

  it('closes at last who never ends', async () => {
    let reach = () => {};
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const listening = await listen({ app: express().get('/', () => reach()) });
    const asked = raw(listening.port, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await reached;
    await listening.close(10);
    expect(await asked).toBe('');
  });
});

describe('TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tonewall-tls-'));
  const file = (name: string) => join(folder, name);
  const tls = { certFile: file('cert.pem'), keyFile: file('key.pem') };
  const certificates = canMakeCertificates();
  const itWithOpenssl = certificates ? it : it.skip;

  beforeAll(() => {
    if (!certificates) return console.warn('openssl is not installed: TLS is not tested');
    for (const name of ['one', 'two']) makeCertificate(file(name), name);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function use(name: string): Promise<void> {
    await copyFile(file(`${name}.cert`), tls.certFile);
    await copyFile(file(`${name}.key`), tls.keyFile);
  }

  itWithOpenssl('serves https', async () => {
    await use('one');
    const { port } = await listen({ tls });
    expect(await secureGet(port)).toEqual({ text: 'hello', subject: 'one' });
  });

  itWithOpenssl('serves new files when they change, and keeps the old while they do not fit', async () => {
    await use('one');
    const lines: string[] = [];
    let said = () => {};
    const heard = (text: string) =>
      new Promise<void>((resolve) => {
        said = () => (lines.includes(text) ? resolve() : undefined);
        said();
      });
    const write = (_fields: LogFields, message: string) => {
      lines.push(message);
      said();
    };
    const { port } = await listen({
      tls,
      log: { debug: write, info: write, warn: write, error: write },
      limits: { certificateCheckMs: 20 },
    });

    await copyFile(file('two.key'), tls.keyFile);
    await heard('certificate and key do not fit: the old ones stay');
    expect((await secureGet(port)).subject).toBe('one');
    await copyFile(file('two.cert'), tls.certFile);
    await heard('certificate reread');
    expect((await secureGet(port)).subject).toBe('two');
    await writeFile(tls.certFile, 'rubbish');
    lines.length = 0;
    await heard('certificate and key do not fit: the old ones stay');
    expect((await secureGet(port)).subject).toBe('two');
  });

  itWithOpenssl('takes nothing older than TLS 1.2', async () => {
    await use('one');
    const { port } = await listen({ tls });
    expect(await handshake(port, 'TLSv1.1')).toBe(null);
    expect(await handshake(port, 'TLSv1.2')).toBe('TLSv1.2');
    expect(await handshake(port, 'TLSv1.3')).toBe('TLSv1.3');
  });

  itWithOpenssl('closes who does not shake hands in time', async () => {
    await use('one');
    const { port } = await listen({ tls, limits: { handshakeMs: 30 } });
    expect(await raw(port, '')).toBe('');
  });

  itWithOpenssl('stops the start over a key of another certificate', async () => {
    const files = { certFile: file('one.cert'), keyFile: file('two.key') };
    await expect(listen({ tls: files })).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it.each([
    ['files that are not there', { certFile: file('none'), keyFile: file('none') }, 'ENOENT'],
    ['a folder', { certFile: folder, keyFile: folder }, 'EISDIR'],
  ])('stops the start over %s', async (_name, files, code) => {
    await expect(listen({ tls: files })).rejects.toMatchObject({
      code: 'config_invalid',
      message: `TLS_CERT_FILE and TLS_KEY_FILE: not readable, not PEM, or not a pair (${code})`,
    });
  });
});

describe('the metrics server', () => {
  it('gives the registry as text, and nothing else', async () => {
    const metrics = createMetrics();
    metrics.callsTotal.inc(3);
    const server = await startMetricsServer({
      host: '127.0.0.1',
      port: 0,
      registry: metrics.registry,
      log: silentLogger,
    });
    open.push(server);
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toMatch(/^tonewall_calls_total 3$/m);
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${server.port}/metrics`, { method: 'POST' })).status).toBe(405);
  });
});

function canMakeCertificates(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false;
  }
}

function makeCertificate(path: string, name: string): void {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = ['-keyout', `${path}.key`, '-out', `${path}.cert`];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files, '-days', '2', '-subj', `/CN=${name}`], {
    stdio: 'ignore',
  });
}

function secureGet(port: number): Promise<{ text: string; subject: string }> {
  return new Promise((resolve, reject) => {
    httpsRequest({ port, host: '127.0.0.1', rejectUnauthorized: false, agent: false }, (response) => {
      const { subject } = (
        response.socket as unknown as { getPeerCertificate(): PeerCertificate }
      ).getPeerCertificate();
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ text, subject: String(subject.CN) }));
    })
      .on('error', reject)
      .end();
  });
}

/** The protocol agreed on, or null when there is none. */
function handshake(port: number, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = tlsConnect(
      {
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        // OpenSSL 3 itself offers TLS 1.1 only at security level 0.
        ciphers: 'DEFAULT:@SECLEVEL=0',
      },
      () => {
        resolve(socket.getProtocol());
        socket.destroy();
      },
    );
    socket.on('error', () => resolve(null));
  });
}
