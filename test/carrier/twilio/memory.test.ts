import { describe, expect, it } from '@jest/globals';
import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { connect } from 'node:net';
import { message, sign } from './harness.js';

/**
 * The child's memory, read from outside. It never sees the canaries but in the messages, so what is found was left
 * behind by their handling. One mask for all frames makes masked canaries findable as well.
 */

const CANARY_BYTES = 12;
const AUDIO_FRAMES = 300;
/** A process is started and its memory read: slow on a busy machine. */
const TIMEOUT_MS = 60_000;

/** A client's frame of 126 to 65,535 bytes. */
function frame(text: string, mask: Buffer): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([header, mask, xor(payload, mask, 0)]);
}

function xor(bytes: Buffer, mask: Buffer, phase: number): Buffer {
  return Buffer.from(bytes.map((byte, i) => byte ^ (mask[(i + phase) % 4] ?? 0)));
}

/** How often each needle stands in the writable memory of a stopped process. */
function search(pid: number, needles: Record<string, Buffer[]>): Record<string, number> {
  const found = Object.fromEntries(Object.keys(needles).map((name) => [name, 0]));
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  for (const [, from = '', to = ''] of readFileSync(`/proc/${pid}/maps`, 'utf8').matchAll(
    /^(\w+)-(\w+) rw/gm,
  )) {
    const start = Number.parseInt(from, 16);
    const region = Buffer.allocUnsafe(Number.parseInt(to, 16) - start);
    let length: number;
    try {
      length = readSync(memory, region, 0, region.length, start);
    } catch {
      continue; // Regions of the kernel can't be read.
    }
    const bytes = region.subarray(0, length);
    for (const [name, forms] of Object.entries(needles)) {
      for (const form of forms) {
        for (let at = bytes.indexOf(form); at >= 0; at = bytes.indexOf(form, at + 1)) {
          found[name] = (found[name] ?? 0) + 1;
        }
      }
    }
  }
  closeSync(memory);
  return found;
}

/** Streams audio and keys to a child in bursts, cut anywhere, and tells what of them its memory holds then. */
async function leftBehind(mode: 'clean' | 'leaks'): Promise<Record<string, number>> {
  const child = fork(new URL('memory-child.ts', import.meta.url).pathname, [mode], {
    execArgv: ['--import', 'tsx'],
  });
  try {
    const [port] = (await once(child, 'message')) as [string];
    const socket = connect(Number(port), '127.0.0.1').setNoDelay(true);
    const head = [
      'GET /twilio/media HTTP/1.1',
      'Host: 127.0.0.1',
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      `X-Twilio-Signature: ${sign(`ws://127.0.0.1:${port}/twilio/media`)}`,
      '\r\n',
    ];
    socket.write(head.join('\r\n'));
    await once(socket, 'data');

    const mask = randomBytes(4);
    const sound = randomBytes(CANARY_BYTES);
    const text = randomBytes(CANARY_BYTES).toString('hex');
    const audio = Buffer.concat(Array.from({ length: 13 }, () => sound));
    const keyed = (sequence: number): string => message.dtmf(sequence, '5', { beside: text });
    const stream = Buffer.concat([
      frame(message.start(), mask),
      ...Array.from({ length: AUDIO_FRAMES }, (_, i) => frame(message.media(i + 1, audio), mask)),
      ...Array.from({ length: 50 }, (_, i) => frame(keyed(AUDIO_FRAMES + 2 + i), mask)),
      frame(message.mark('end').padEnd(200), mask),
    ]);
    const ended = once(child, 'message');
    const sizes = randomBytes(1_000);
    for (let at = 0, i = 0; at < stream.length; i++) {
      const size = sizes.readUInt8(i % sizes.length);
      // Now a few bytes, now several frames.
      const end = at + (i % 3 === 0 ? 1 + size : 64 * (1 + size));
      socket.write(stream.subarray(at, end));
      at = end;
      await new Promise<void>((resume) => setImmediate(resume));
    }
    expect(await ended).toEqual(['end', undefined]);

    child.kill('SIGSTOP');
    const base64 = Buffer.from(sound.toString('base64'));
    const masked = (bytes: Buffer): Buffer[] => [0, 1, 2, 3].map((phase) => xor(bytes, mask, phase));
    return search(child.pid ?? 0, {
      audio: [sound],
      base64: [base64],
      'base64, masked': masked(base64),
      'key message': [Buffer.from(text), Buffer.from(text, 'utf16le')],
      'key message, masked': masked(Buffer.from(text)),
    });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('the memory of the process', () => {
  it(
    'holds nothing of the audio and keys that went through it',
    async () => {
      expect(await leftBehind('clean')).toEqual({
        audio: 0,
        base64: 0,
        'base64, masked': 0,
        'key message': 0,
        'key message, masked': 0,
      });
    },
    TIMEOUT_MS,
  );

  it(
    'would be seen to hold what a handler keeps',
    async () => {
      const { audio = 0 } = await leftBehind('leaks');
      expect(audio).toBeGreaterThanOrEqual(AUDIO_FRAMES);
    },
    TIMEOUT_MS,
  );
});
