import { EventEmitter } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

export interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  parameters: Record<string, string>;
}

export interface Answer {
  status?: number;
  type?: string;
  body?: string;
  /** Never answers. */
  hangs?: true;
}

export type Message = Record<string, unknown> & { event: string };

/** One media socket as the customer's server sees it. */
export class ServerStream extends EventEmitter<{ message: [Message]; closed: [] }> {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly socket: WebSocket;
  readonly messages: Message[] = [];
  readonly binary: number[] = [];

  constructor(socket: WebSocket, path: string, headers: IncomingHttpHeaders) {
    super();
    this.socket = socket;
    this.path = path;
    this.headers = headers;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data.length);
      const message = JSON.parse(data.toString('utf8')) as Message;
      this.messages.push(message);
      this.emit('message', message);
    });
    socket.on('close', () => this.emit('closed'));
  }

  of(event: string): Message[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** The first `count` messages of a kind. */
  async until(event: string, count = 1): Promise<Message[]> {
    while (this.of(event).length < count) {
      await new Promise<void>((resolve) => this.once('message', () => resolve()));
    }
    return this.of(event).slice(0, count);
  }

  get streamSid(): string {
    return String(this.of('start')[0]?.['streamSid']);
  }

  send(message: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify({ streamSid: this.streamSid, ...message }));
  }

  play(mulaw: Uint8Array): void {
    this.send({ event: 'media', media: { payload: Buffer.from(mulaw).toString('base64') } });
  }

  /** Every byte of audio that came in. */
  audio(): Buffer {
    const payload = ({ media }: Message) => Buffer.from((media as { payload: string }).payload, 'base64');
    return Buffer.concat(this.of('media').map(payload));
  }
}

/** A customer of the carrier: an HTTP server that answers webhooks, and takes media streams. */
export class Customer extends EventEmitter<{ request: [Received]; stream: [ServerStream] }> {
  readonly requests: Received[] = [];
  readonly streams: ServerStream[] = [];
  /** Status that stream handshakes are refused with; null: they are taken. */
  refuseStreams: number | null = null;
  readonly #answers = new Map<string, (request: Received) => string | Answer>();
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  #origin = '';

  constructor(create: typeof createServer = createServer) {
    super();
    this.#server = create((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [path = '', query = ''] = (request.url ?? '').split('?', 2);
        const parameters = Object.fromEntries([
          ...new URLSearchParams(query),
          ...new URLSearchParams(Buffer.concat(chunks).toString('utf8')),
        ]);
        const received = { method: request.method ?? '', path, headers: request.headers, parameters };
        this.requests.push(received);
        this.emit('request', received);
        const given = this.#answers.get(path)?.(received) ?? { status: 404 };
        const answer = typeof given === 'string' ? { body: given } : given;
        if (answer.hangs) return;
        response.writeHead(answer.status ?? 200, { 'Content-Type': answer.type ?? 'text/xml' });
        response.end(answer.body ?? '');
      });
    });
    this.#server.on('upgrade', (request, socket, head) => {
      if (this.refuseStreams !== null) {
        socket.end(`HTTP/1.1 ${this.refuseStreams} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = new ServerStream(webSocket, request.url ?? '', request.headers);
        this.streams.push(stream);
        this.emit('stream', stream);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#origin = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  url(path: string): string {
    return `http://${this.#origin}${path}`;
  }

  streamUrl(path = '/media'): string {
    return `ws://${this.#origin}${path}`;
  }

  /** What a path answers: TwiML inside `<Response>`, or anything else. */
  answers(path: string, answer: string | Answer | ((request: Received) => string | Answer)): void {
    const wrap = (given: string | Answer) =>
      typeof given === 'string'
        ? `<?xml version="1.0" encoding="UTF-8"?><Response>${given}</Response>`
        : given;
    this.#answers.set(path, (request) => wrap(typeof answer === 'function' ? answer(request) : answer));
  }

  to(path: string): Received[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** The first `count` requests to a path. */
  async until(path: string, count = 1): Promise<Received[]> {
    while (this.to(path).length < count) {
      await new Promise<void>((resolve) => this.once('request', () => resolve()));
    }
    return this.to(path).slice(0, count);
  }

  async stream(count = 1): Promise<ServerStream> {
    for (;;) {
      const stream = this.streams[count - 1];
      if (stream !== undefined) return stream;
      await new Promise<void>((resolve) => this.once('stream', () => resolve()));
    }
  }

  async close(): Promise<void> {
    for (const { socket } of this.streams) socket.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}
