import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

/** A client's end of a WebSocket that costs next to nothing, so that the load is not what is measured. */
export interface RawWebSocket {
  /** Writes a whole frame. */
  write(frame: Buffer): void;
  close(): void;
}

export interface RawWebSocketOptions {
  url: string;
  headers: Readonly<Record<string, string>>;
  /** A text frame's content; the bytes are good until this returns. */
  onText: (text: Buffer) => void;
  /** It went down, and not because of `close`. */
  onLost: () => void;
}

const HEADER_END = '\r\n\r\n';
const OPCODE = 0x0f;
const TEXT = 1;
const LENGTH_16 = 126;

const NOTHING: Buffer = Buffer.alloc(0);
/** What a read brings goes here, whichever socket it is for. */
const READ = Buffer.alloc(64 * 1024);

/** Resolves once the handshake is through; rejects with the status line when it is refused. */
export function openRaw(options: RawWebSocketOptions): Promise<RawWebSocket> {
  return new Promise((resolve, reject) => {
    const url = new URL(options.url);
    let rest = NOTHING;
    let open = false;
    let closing = false;
    const take = (bytes: Buffer): void => {
      rest = texts(rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), options.onText);
    };
    const handshake = (bytes: Buffer): void => {
      rest = Buffer.concat([rest, bytes]);
      const end = rest.indexOf(HEADER_END);
      if (end < 0) return;
      const status = rest.subarray(0, rest.indexOf('\r\n')).toString();
      if (!status.includes(' 101 ')) return reject(new Error(`the handshake was answered: ${status}`));
      open = true;
      const first = rest.subarray(end + HEADER_END.length);
      rest = NOTHING;
      take(first);
      resolve({
        write: (frame) => void socket.write(frame),
        close: () => {
          closing = true;
          socket.destroy();
        },
      });
    };
    const onread = {
      buffer: READ,
      callback: (length: number) => {
        const bytes = READ.subarray(0, length);
        if (open) take(bytes);
        else handshake(bytes);
        return true;
      },
    };
    const socket: Socket = connect({
      host: url.hostname,
      port: Number(url.port),
      noDelay: true,
      onread,
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (!closing) options.onLost();
    });
    socket.write(requestOf(url, options.headers));
  });
}

function requestOf(url: URL, headers: Readonly<Record<string, string>>): string {
  const all = {
    host: url.host,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url.pathname} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Hands on the whole text frames in `bytes`; returns a copy of what is left. A server's frames are not masked. */
function texts(bytes: Buffer, onText: (text: Buffer) => void): Buffer {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = (bytes[at + 1] ?? 0) & 0x7f;
    const header = short === LENGTH_16 ? 4 : 2;
    if (at + header > bytes.length) break;
    const start = at + header;
    const end = start + (short === LENGTH_16 ? bytes.readUInt16BE(at + 2) : short);
    if (end > bytes.length) break;
    if (((bytes[at] ?? 0) & OPCODE) === TEXT) onText(bytes.subarray(start, end));
    at = end;
  }
  return at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
}
