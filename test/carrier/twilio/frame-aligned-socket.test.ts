import { describe, expect, it } from '@jest/globals';
import { Duplex, PassThrough } from 'node:stream';
import * as fc from 'fast-check';
import { FrameAlignedSocket } from '../../../src/carrier/twilio/frame-aligned-socket.js';

const MAX = 1_000;
const NONE = Buffer.alloc(0);
const READS = Buffer.alloc(65_536);

/** A client's text frame, masked. */
function frame(payload: Uint8Array, mask = [1, 2, 3, 4]): Buffer {
  const length = payload.length;
  const masked = payload.map((byte, i) => byte ^ (mask[i & 3] ?? 0));
  return Buffer.concat([Buffer.from([0x81, ...lengthBytes(length), ...mask]), masked]);
}

function lengthBytes(length: number): number[] {
  if (length < 126) return [0x80 | length];
  if (length < 65_536) return [0x80 | 126, length >> 8, length & 0xff];
  return [0x80 | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff];
}

/** A socket that gives what it is told to, and keeps what is written. */
function rawSocket(): { raw: Duplex; give: (bytes: Uint8Array) => void; written: PassThrough } {
  const written = new PassThrough();
  const raw = new Duplex({
    read() {},
    write: (chunk: Buffer, _encoding, done) => void written.write(chunk, done),
  });
  return { raw, give: (bytes) => raw.push(bytes), written };
}

const turn = (): Promise<void> => new Promise((resume) => setImmediate(resume));

/** What comes out of an aligned socket, and the very chunks that did. */
function listen(aligned: FrameAlignedSocket): { copies: Buffer[]; chunks: Buffer[] } {
  const copies: Buffer[] = [];
  const chunks: Buffer[] = [];
  aligned.on('data', (chunk: Buffer) => {
    copies.push(Buffer.from(chunk));
    chunks.push(chunk);
  });
  return { copies, chunks };
}

describe('a frame-aligned socket', () => {
  it('gives one whole frame at a time however they were cut, and leaves no byte of any', async () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
    const payloads = fc.array(fc.uint8Array({ maxLength: MAX }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(payloads, cuts, async (all, sizes) => {
        const frames = all.map((payload) => frame(payload));
        const stream = Buffer.concat(frames);
        const { raw, give } = rawSocket();
        const { copies, chunks } = listen(new FrameAlignedSocket(raw, NONE, READS, MAX));
        const given: Buffer[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const piece = Buffer.from(stream.subarray(at, at + (sizes[i % sizes.length] ?? 1)));
          at += piece.length;
          given.push(piece);
          give(piece);
        }
        await turn();
        expect(copies).toEqual(frames);
        expect([...given, ...chunks].filter((chunk) => chunk.some((byte) => byte !== 0))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('gives a frame that came byte by byte', async () => {
    const { raw, give } = rawSocket();
    const { copies } = listen(new FrameAlignedSocket(raw, NONE, READS, MAX));
    const whole = frame(Buffer.alloc(300, 7));
    for (const byte of whole) give(Buffer.from([byte]));
    await turn();
    expect(copies).toEqual([whole]);
  });

  it('gives what came with the upgrade request first', async () => {
    const { raw, give } = rawSocket();
    const [first, second] = [frame(Buffer.from('one')), frame(Buffer.from('two'))];
    const { copies } = listen(new FrameAlignedSocket(raw, first.subarray(0, 4), READS, MAX));
    give(first.subarray(4));
    give(second);
    const expected = [frame(Buffer.from('one')), frame(Buffer.from('two'))];
    await turn();
    expect(copies).toEqual(expected);
  });

  it.each([
    ['of 16 bits', 1_001, 8],
    ['of 64 bits', 70_000, 14],
  ])(
    'gives only the header of a frame with a length %s beyond the bound, and then nothing',
    async (_what, length, header) => {
      const { raw, give } = rawSocket();
      const { copies } = listen(new FrameAlignedSocket(raw, NONE, READS, MAX));
      const tooLong = frame(Buffer.alloc(length, 7));
      const expected = Buffer.from(tooLong.subarray(0, header));
      const after = frame(Buffer.from('after'));
      give(tooLong);
      give(after);
      await turn();
      expect(copies).toEqual([expected]);
      expect([tooLong, after].some((chunk) => chunk.some((byte) => byte !== 0))).toBe(false);
    },
  );

  it('waits while it is paused, the socket behind it too, and keeps none of its bytes', async () => {
    const { raw, give } = rawSocket();
    const aligned = new FrameAlignedSocket(raw, NONE, READS, MAX);
    const heard: string[] = [];
    aligned.on('data', (chunk: Buffer) => {
      heard.push(chunk.subarray(6).toString());
      if (heard.length === 1) aligned.pause();
    });
    const [a, b, c] = Array.from('abc', (text) => frame(Buffer.from(text), [0, 0, 0, 0]));
    const first = Buffer.concat([a ?? NONE, b ?? NONE]);
    give(first);
    await turn();
    give(c ?? NONE);
    await turn();
    expect([heard, raw.isPaused(), first]).toEqual([['a'], true, Buffer.alloc(14)]);
    aligned.resume();
    await turn();
    expect([heard, raw.isPaused()]).toEqual([['a', 'b', 'c'], false]);
  });

  it('keeps in order what a socket gives in spite of the pause', async () => {
    const { raw } = rawSocket();
    const aligned = new FrameAlignedSocket(raw, NONE, READS, MAX);
    const heard: string[] = [];
    aligned.on('data', (chunk: Buffer) => {
      heard.push(chunk.subarray(6).toString());
      if (heard.length === 1) aligned.pause();
    });
    const [a, b, c] = Array.from('abc', (text) => frame(Buffer.from(text), [0, 0, 0, 0]));
    raw.emit('data', Buffer.concat([a ?? NONE, b ?? NONE]));
    raw.emit('data', c);
    expect([heard, c]).toEqual([['a'], Buffer.alloc(7)]);
    aligned.resume();
    await turn();
    expect(heard).toEqual(['a', 'b', 'c']);
  });

  it('keeps no part of a frame when it is destroyed', async () => {
    const { raw, give } = rawSocket();
    const aligned = new FrameAlignedSocket(raw, NONE, READS, MAX);
    listen(aligned);
    const part = frame(Buffer.alloc(50, 7)).subarray(0, 40);
    const [first, second] = [Buffer.from(part), Buffer.from(part)];
    give(first);
    await turn();
    give(second);
    aligned.destroy();
    await turn();
    expect(raw.destroyed).toBe(true);
    expect(first.some((byte) => byte !== 0)).toBe(false);
  });

  it('writes a frame that was corked in one piece, also while another waits', async () => {
    const { raw, written } = rawSocket();
    const aligned = new FrameAlignedSocket(raw, NONE, READS, MAX);
    const pieces: string[] = [];
    written.on('data', (chunk: Buffer) => pieces.push(chunk.toString()));
    for (const [header, payload] of ['ab', 'cd']) {
      aligned.cork();
      aligned.write(header);
      aligned.write(payload);
      aligned.uncork();
      aligned.sendFrame(Buffer.from('-'));
    }
    await turn();
    expect(pieces.join('')).toMatch(/^(?=.*ab)(?=.*cd)[abcd-]{6}$/);
  });

  it('ends and closes with the socket behind it', async () => {
    const { raw } = rawSocket();
    const aligned = new FrameAlignedSocket(raw, NONE, READS, MAX);
    const events: string[] = [];
    for (const name of ['end', 'close']) aligned.on(name, () => events.push(name));
    aligned.resume();
    raw.push(null);
    await turn();
    raw.destroy(new Error('cable cut'));
    await turn();
    expect(events).toEqual(['end', 'close']);
  });
});
