import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { readTlsFiles, TLS_POLICY, watchTlsFiles, type TlsFiles } from './tls-files.js';

/** What a client may cost before it is closed. */
export interface ListenLimits {
  /** From the first byte (or the connection) to the last header. */
  headersMs: number;
  /** The same to the end of the body. */
  requestMs: number;
  /** How often the two above are looked at. */
  checkMs: number;
  /** Between two requests; above the 60 s of common load balancers. */
  idleMs: number;
  handshakeMs: number;
  headerBytes: number;
  headerCount: number;
  connections: number;
  certificateCheckMs: number;
}

export const LISTEN_LIMITS: ListenLimits = {
  headersMs: 10_000,
  requestMs: 30_000,
  checkMs: 1_000,
  idleMs: 75_000,
  handshakeMs: 10_000,
  headerBytes: 16 * 1024,
  headerCount: 100,
  connections: 10_000,
  certificateCheckMs: 10_000,
};

/** How often a closing server lets go of connections that have had their answer. */
const IDLE_SWEEP_MS = 50;

/** Takes over a socket that asks for another protocol, or says false and has not touched it. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

export interface ListenOptions {
  host: string;
  /** 0: a free one. */
  port: number;
  tls: TlsFiles | null;
  app: RequestListener;
  upgrades: readonly UpgradeHandler[];
  log: Logger;
  limits?: Partial<ListenLimits>;
}

export interface Listening {
  readonly port: number;
  /** Takes no more connections, lets requests under way end for `graceMs`, then closes every socket. */
  close(graceMs?: number): Promise<void>;
}

/** Resolves once the port is open. Rejects with AppError `config_invalid` when it can't be, or the certificate can't be used. */
export async function startListening(options: ListenOptions): Promise<Listening> {
  const limits = { ...LISTEN_LIMITS, ...options.limits };
  const server = await createBoundedServer(options, limits);
  const sockets = trackSockets(server);
  server.on('upgrade', (request, socket, head) => routeUpgrade(options, limits, request, socket, head));

  await listen(server, options.host, options.port);
  const stopWatching =
    options.tls && server instanceof TlsServer
      ? watchTlsFiles(server, options.tls, limits.certificateCheckMs, options.log)
      : () => {};
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs = 1_000) {
      stopWatching();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A client that keeps its connection open after the answer would hold us for the whole grace.
      const idle = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
      const end = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearInterval(idle);
      clearTimeout(end);
    },
  };
}

async function createBoundedServer({ tls, app }: ListenOptions, limits: ListenLimits): Promise<Server> {
  const bounds = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.checkMs,
    keepAliveTimeout: limits.idleMs,
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
    keepAlive: true,
  };
  const bounded: RequestListener = (request, response) => {
    if (hasTooManyHeaders(request, limits)) response.writeHead(431, { connection: 'close' }).end();
    else app(request, response);
  };
  const server =
    tls === null
      ? createServer(bounds, bounded)
      : createTlsServer(
          { ...bounds, ...TLS_POLICY, ...(await readTlsFiles(tls)), handshakeTimeout: limits.handshakeMs },
          bounded,
        );
  server.maxConnections = limits.connections;
  return server;
}

/** Node itself reads the first 2,000 and silently drops the rest, an `Upgrade` among it perhaps. */
function hasTooManyHeaders(request: IncomingMessage, limits: ListenLimits): boolean {
  return request.rawHeaders.length / 2 > limits.headerCount;
}

/** Every open socket, upgraded ones too, which the server itself forgets. */
function trackSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

function routeUpgrade(
  { upgrades, log }: ListenOptions,
  limits: ListenLimits,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy());
  if (hasTooManyHeaders(request, limits)) return refuse(socket, '431 Request Header Fields Too Large');
  try {
    if (upgrades.some((upgrade) => upgrade(request, socket, head))) return;
  } catch (error) {
    log.error({ code: codeOf(error) }, 'upgrade failed');
    socket.destroy();
    return;
  }
  refuse(socket, '404 Not Found');
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new AppError(
          'config_invalid',
          `can't listen on port ${port} (${codeOf(error)}): free it, or set HOST, PORT or METRICS_PORT`,
        ),
      );
    });
    server.listen(port, host, resolve);
  });
}
