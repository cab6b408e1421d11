import { connect } from 'node:net';
import type { Redis as Client } from 'ioredis';

/** Every command that Redis was sent, arguments as their own bytes. */
export interface RedisMonitor {
  commands(): Buffer;
  stop(): void;
}

/**
 * MONITOR over a socket of its own, once it is on. (ioredis's fails when the first command comes in one chunk with
 * the answer to MONITOR.)
 */
export async function startMonitor(admin: Client): Promise<RedisMonitor> {
  const { path = '', username = '', password = '' } = admin.options;
  const socket = connect({ path });
  const chunks: Buffer[] = [];
  const text = () => Buffer.concat(chunks).toString('latin1');
  const on = new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    let answered = false;
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (answered) return;
      // One +OK for AUTH, one for MONITOR.
      answered = text().startsWith('+OK\r\n+OK\r\n');
      if (answered) resolve();
      else if (text().startsWith('-')) reject(new Error('Redis refused to be monitored'));
    });
  });
  socket.write(`AUTH ${username} ${password}\r\nMONITOR\r\n`);
  await on;
  return {
    commands: () => unescaped(text()),
    stop: () => socket.destroy(),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { a: '\x07', b: '\b', n: '\n', r: '\r', t: '\t' };

/** MONITOR quotes arguments, and writes bytes that are no text as `\xHH`. */
function unescaped(text: string): Buffer {
  const plain = text.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex?: string, letter?: string) =>
    hex === undefined
      ? (ESCAPES[letter ?? ''] ?? letter ?? '')
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(plain, 'latin1');
}
