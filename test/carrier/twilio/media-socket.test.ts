import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect as connectRaw, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import { START_WITHIN_MS, PING_EVERY_MS } from '../../../src/carrier/twilio/media-socket.js';
import {
  CALLER,
  closeCode,
  connect,
  connectStarted,
  counted,
  message,
  openDoors,
  sign,
  STREAM,
  TOKEN,
  type Doors,
} from './harness.js';

let doors: Doors;

beforeEach(async () => {
  doors = await openDoors();
});

afterEach(() => doors.close());

const refused = (reason: string): Promise<number> => counted(doors.metrics.mediaMessagesRefused, { reason });

describe('the handshake', () => {
  const path = '/twilio/media';

  async function handshake(url: string, signature: string | null): Promise<number> {
    const headers = signature === null ? {} : { 'X-Twilio-Signature': signature };
    const socket = new WebSocket(url, { headers });
    socket.on('error', () => {});
    const answer = await Promise.race([
      once(socket, 'open').then(() => 101),
      once(socket, 'unexpected-response'),
    ]);
    socket.terminate();
    return typeof answer === 'number' ? answer : (answer[1] as { statusCode: number }).statusCode;
  }

  it('is accepted when it is signed over the wss URL of the node', async () => {
    const other = await openDoors('https://node.example.test');
    const socketUrl = other.base.replace('http', 'ws') + path;
    expect(await handshake(socketUrl, sign(`wss://node.example.test${path}`))).toBe(101);
    expect(await handshake(socketUrl, sign(`wss://node.example.test${path}/`))).toBe(101);
    expect(await handshake(`${socketUrl}/`, sign(`wss://node.example.test${path}`))).toBe(101);
    expect(await handshake(socketUrl, sign(`https://node.example.test${path}`))).toBe(403);
    await other.close();
  });

  it.each<[string, (url: string) => string | null]>([
    ['unsigned', () => null],
    ['signed with another token', (url) => sign(url, {}, 'fedcba9876543210fedcba9876543210')],
    ['signed for another path', (url) => sign(url.replace('media', 'other'))],
    ['signed for another host', (url) => sign(url.replace('127.0.0.1', 'localhost'))],
    ['signed with a query', (url) => sign(`${url}?a=1`)],
  ])('gets 403 when it is %s', async (_what, signature) => {
    const url = doors.base.replace('http', 'ws') + path;
    expect(await handshake(url, signature(url))).toBe(403);
    expect(await counted(doors.metrics.signaturesRefused, { door: 'media' })).toBe(1);
    expect(doors.log.lines.join()).not.toContain(TOKEN);
  });

  it('is no business of ours on another path', async () => {
    const socket = new WebSocket(`${doors.base.replace('http', 'ws')}/console/live`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toBe('socket hang up');
  });
});

describe('a stream', () => {
  it('begins with its ticket, is heard in order, and ends once', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.media(1));
    socket.send(message.dtmf(3, '5'));
    socket.send(message.media(3));
    socket.send(message.mark('prompt-1'));
    socket.send(message.stop);
    expect(await closeCode(socket)).toBe(1000);
    expect(doors.handler.starts).toEqual([{ ticket: 'tkt_1', callSid: CALLER, streamSid: STREAM }]);
    expect(doors.handler.heard.heard).toEqual([
      'audio 160 +0',
      'key 5',
      'audio 160 +160',
      'mark prompt-1',
      'closed',
    ]);
    expect(await counted(doors.metrics.framesLate)).toBe(1);
  });

  it('brings the audio bit for bit, and zeroes it afterwards', async () => {
    const socket = await connectStarted(doors);
    const frames = [160, 1, 159, 4096].map((length) =>
      Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff)),
    );
    for (const [i, audio] of frames.entries()) socket.send(message.media(i + 1, audio));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.frames).toEqual(frames);
    expect(doors.handler.heard.views.every((view) => view.every((byte) => byte === 0))).toBe(true);
    socket.close();
  });

  it('leaves no key in its cell', async () => {
    const cells: { key: number }[] = [];
    doors.handler.heard.key = (cell) => void cells.push(cell);
    const socket = await connectStarted(doors);
    socket.send(message.dtmf(2, '5'));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(cells.map((cell) => cell.key)).toEqual([-1]);
    socket.close();
  });

  it('is sent audio, marks and clears in the order they were asked for', async () => {
    const socket = await connectStarted(doors);
    const received: unknown[] = [];
    socket.on('message', (bytes: Buffer) => received.push(JSON.parse(bytes.toString())));
    socket.send(message.mark('ready'));
    await doors.handler.heard.until('mark ready');
    const [stream] = doors.handler.streams;
    stream?.send(Buffer.alloc(160, 0x11));
    stream?.mark('m');
    stream?.clear();
    stream?.send(Buffer.alloc(8, 0x22));
    stream?.close();
    expect(await closeCode(socket)).toBe(1000);
    await doors.handler.heard.until('closed');
    expect(received).toEqual([
      { event: 'media', streamSid: STREAM, media: { payload: Buffer.alloc(160, 0x11).toString('base64') } },
      { event: 'mark', streamSid: STREAM, mark: { name: 'm' } },
      { event: 'clear', streamSid: STREAM },
      { event: 'media', streamSid: STREAM, media: { payload: Buffer.alloc(8, 0x22).toString('base64') } },
    ]);
    stream?.send(Buffer.alloc(160));
    stream?.mark('late');
    expect(doors.handler.heard.heard).toEqual(['mark ready', 'closed']);
  });

  it('ends when the socket is cut', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.mark('ready'));
    await doors.handler.heard.until('mark ready');
    socket.terminate();
    await doors.handler.heard.until('closed');
    expect(doors.handler.heard.heard).toEqual(['mark ready', 'closed']);
  });

  it('ends when the service does', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.mark('ready'));
    await doors.handler.heard.until('mark ready');
    doors.doors.close();
    expect(await closeCode(socket)).toBe(1001);
    await doors.handler.heard.until('closed');
  });

  it('goes on when its handler throws', async () => {
    const { heard } = doors.handler;
    heard.audio = () => {
      throw new Error('4242');
    };
    const socket = await connectStarted(doors);
    for (let n = 1; n < 4; n++) socket.send(message.media(n));
    socket.send(message.dtmf(5, '1'));
    socket.send(message.mark('end'));
    await heard.until('mark end');
    expect(heard.heard).toEqual(['key 1', 'mark end']);
    expect(doors.log.lines).toEqual(['a stream handler failed {"code":"Error"}']);
    socket.close();
  });

  it('hears nothing of what we sent ourselves', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.media(1, undefined, { track: 'outbound' }));
    socket.send(message.dtmf(3, '5', { dtmf: { track: 'outbound_track', digit: '5' } }));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.heard).toEqual(['mark end']);
    socket.close();
  });

  it('drops repeats and latecomers', async () => {
    const socket = await connectStarted(doors);
    for (const n of [1, 1, 2, 4, 3]) socket.send(message.media(n));
    socket.send(message.dtmf(6, '5'));
    socket.send(message.dtmf(6, '5'));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.heard).toEqual([
      'audio 160 +0',
      'audio 160 +0',
      'audio 160 +160',
      'key 5',
      'mark end',
    ]);
    expect(await refused('order')).toBe(3);
    socket.close();
  });
});

describe('a message that cannot be taken', () => {
  it.each<[string, string, string]>([
    ['what is no JSON', '{"event":"media"', 'message'],
    ['a stranger stream', message.dtmf(3, '5').replace(STREAM, 'MZ2'), 'message'],
    ['a mark without a name', JSON.stringify({ event: 'mark', mark: {} }), 'message'],
    ['bad base64', message.media(2).replace('////', '//*/'), 'payload'],
    ['base64 of an odd length', message.media(2, undefined, { payload: 'AAA' }), 'payload'],
    ['no audio', message.media(2, Buffer.alloc(0)), 'payload'],
    ['more than half a second of audio', message.media(2, Buffer.alloc(4097)), 'payload'],
    ['two keys', message.dtmf(3, '55'), 'key'],
    ['a key that is none', message.dtmf(3, 'x'), 'key'],
  ])('%s is ignored, counted, and its time is missing', async (_what, text, reason) => {
    const socket = await connectStarted(doors);
    for (const each of [message.media(1), text, message.media(3), message.mark('end')]) socket.send(each);
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.heard).toEqual(['audio 160 +0', 'audio 160 +160', 'mark end']);
    expect(await refused(reason)).toBe(1);
    expect(doors.log.lines).toEqual([]);
    socket.close();
  });

  it('of an unknown event is ignored, and is no fault', async () => {
    const socket = await connect(doors);
    socket.send('{"event":"news"}');
    socket.send(message.start());
    socket.send('{"event":"news","more":[]}');
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(await refused('message')).toBe(0);
    socket.close();
  });

  it('that is no UTF-8 is ignored', async () => {
    const socket = await connectStarted(doors);
    socket.send(Buffer.from([0xff, 0xfe]), { binary: false });
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(await refused('message')).toBe(1);
    socket.close();
  });
});

describe('a socket is closed', () => {
  const logged = (): string => doors.log.lines.join('\n');

  it('with 1008 without a start in five seconds', async () => {
    const socket = await connect(doors);
    socket.send(message.connected);
    doors.clock.advance(START_WITHIN_MS - 1);
    expect(doors.log.lines).toEqual([]);
    doors.clock.advance(1);
    expect(await closeCode(socket)).toBe(1008);
    expect(await counted(doors.metrics.mediaSocketsClosed, { code: 1008 })).toBe(1);
  });

  it.each<[string, string[]]>([
    ['media before start', [message.media(1)]],
    ['a key before start', [message.connected, message.dtmf(1, '5')]],
    ['a mark before start', [message.mark('m')]],
    ['a stop before start', [message.stop]],
    ['a start without a call', [JSON.stringify({ event: 'start' })]],
    ['a start of another account', [message.start({ accountSid: 'AC00000000000000000000000000000002' })]],
    [
      'a start in another format',
      [message.start({ mediaFormat: { encoding: 'audio/x-l16', sampleRate: 16_000, channels: 1 } })],
    ],
  ])('with 1008 for %s', async (_what, texts) => {
    // prettier-ignore
    const socket = await connect(doors);
    for (const text of texts) socket.send(text);
    expect(await closeCode(socket)).toBe(1008);
    expect(doors.handler.starts).toEqual([]);
    expect(logged()).toMatch(/^media socket closed \{"stream_sid":null,"code":1008/);
  });

  it.each([
    ['missing', { customParameters: {} }, ''],
    ['absent with all parameters', { customParameters: undefined }, ''],
    ['refused', { customParameters: { ticket: 'spent' } }, 'spent'],
  ])('with 1008 when the ticket is %s', async (_what, changes, ticket) => {
    doors.handler.takes = () => null;
    const socket = await connect(doors);
    socket.send(message.start(changes));
    expect(await closeCode(socket)).toBe(1008);
    expect(doors.handler.starts).toEqual([{ ticket, callSid: CALLER, streamSid: STREAM }]);
    expect(doors.handler.heard.heard).toEqual([]);
    expect(logged()).toContain('"reason":"ticket refused"');
  });

  it('with 1011 when the stream could not be taken here', async () => {
    doors.handler.takes = () => {
      throw new Error('secret detail');
    };
    const socket = await connectStarted(doors);
    expect(await closeCode(socket)).toBe(1011);
    expect(logged()).not.toContain('secret detail');
  });

  it('with 1008 for a second start, and its stream is told once', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.start());
    expect(await closeCode(socket)).toBe(1008);
    expect(doors.handler.heard.heard).toEqual(['closed']);
    expect(doors.handler.starts).toHaveLength(1);
  });

  it('with 1003 for a binary message', async () => {
    const socket = await connectStarted(doors);
    socket.send(Buffer.from(message.media(1)));
    expect(await closeCode(socket)).toBe(1003);
    expect(doors.handler.heard.heard).toEqual(['closed']);
  });

  it('with 1009 for a message over 64 KiB, and for none of 64 KiB', async () => {
    const socket = await connectStarted(doors);
    const padded = (length: number): string => message.mark('whole').padEnd(length);
    socket.send(padded(65_536));
    await doors.handler.heard.until('mark whole');
    socket.send(padded(65_537));
    expect(await closeCode(socket)).toBe(1009);
    expect(doors.handler.heard.heard).toEqual(['mark whole', 'closed']);
    expect(await counted(doors.metrics.mediaSocketsClosed, { code: 1009 })).toBe(1);
  });

  it('with 1008 for a message in fragments', async () => {
    const socket = await connectStarted(doors);
    socket.send('{"event":', { fin: false });
    socket.send('"news"}');
    expect(await closeCode(socket)).toBe(1008);
  });

  it('with 1008 for too many bad messages, and not for as many over time', async () => {
    const socket = await connectStarted(doors);
    for (let n = 0; n < 60; n++) {
      socket.send('{');
      socket.send(message.mark(`slow ${n}`));
      await doors.handler.heard.until(`mark slow ${n}`);
      doors.clock.advance(10_000);
    }
    for (let n = 0; n < 21; n++) socket.send('{');
    expect(await closeCode(socket)).toBe(1008);
    expect(logged()).toContain('"reason":"too many bad messages"');
  });

  it.each<[string, number, (n: number) => string]>([
    ['keys at 1,000 a second', 501, (n) => message.dtmf(n + 2, '5')],
    ['audio at 50 times real time', 501, (n) => message.media(n + 1)],
    ['long audio', 21, (n) => message.media(n + 1, Buffer.alloc(4096))],
    ['marks', 501, (n) => message.mark(String(n))],
  ])('with 1008 for a flood of %s', async (_what, count, text) => {
    const socket = await connectStarted(doors);
    for (let n = 0; n < count; n++) socket.send(text(n));
    expect(await closeCode(socket)).toBe(1008);
    expect(logged()).toContain('"reason":"too many messages"');
  });

  it('not for messages that come twice', async () => {
    const socket = await connectStarted(doors);
    for (let n = 0; n < 100; n++) socket.send(message.media(1));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.heard).toEqual(['audio 160 +0', 'mark end']);
    expect(await refused('order')).toBe(99);
    socket.close();
  });

  it('with 1008 for a flood of pings', async () => {
    const socket = await connectStarted(doors);
    for (let n = 0; n < 501; n++) socket.ping();
    expect(await closeCode(socket)).toBe(1008);
  });

  it('not for the audio that ten seconds of stalled network held back', async () => {
    const socket = await connectStarted(doors);
    for (let n = 1; n < 490; n++) socket.send(message.media(n));
    socket.send(message.mark('end'));
    await doors.handler.heard.until('mark end');
    expect(doors.handler.heard.heard).toHaveLength(490);
    socket.close();
  });

  it('when it neither answers pings nor sends anything', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.mark('ready'));
    await doors.handler.heard.until('mark ready');
    doors.clock.advance(PING_EVERY_MS);
    await once(socket, 'ping');
    socket.pause();
    await new Promise<void>((resume) => setImmediate(resume));
    expect(await counted(doors.metrics.mediaStreamsQuiet)).toBe(0);
    doors.clock.advance(PING_EVERY_MS);
    doors.clock.advance(PING_EVERY_MS);
    await doors.handler.heard.until('closed');
    socket.terminate();
  });
});

describe('a peer that does not read', () => {
  it('has no more than five seconds of audio kept for it', async () => {
    const socket = await connectStarted(doors);
    socket.send(message.mark('ready'));
    await doors.handler.heard.until('mark ready');
    const [stream] = doors.handler.streams;
    for (let n = 0; n < 250; n++) stream?.send(Buffer.alloc(160));
    expect(await counted(doors.metrics.mediaFramesDropped)).toBe(0);
    stream?.send(Buffer.alloc(160));
    expect(await counted(doors.metrics.mediaFramesDropped)).toBe(1);
    socket.close();
  });

  it('gets its pings answered with what they held', async () => {
    const socket = await connectStarted(doors);
    const pong = once(socket, 'pong');
    socket.ping('are you there?');
    const [held] = (await pong) as [Buffer];
    expect(held.toString()).toBe('are you there?');
    socket.close();
  });
});

describe('a handshake by hand', () => {
  it('may bring its first messages with it, cut anywhere', async () => {
    const start = textFrame(message.start());
    const socket = await connectByHand(start.subarray(0, 100));
    const [first, second] = [textFrame(message.media(1)), textFrame(message.media(2))];
    socket.write(Buffer.concat([start.subarray(100), first, second.subarray(0, 9)]));
    await doors.handler.heard.until('audio 160 +0');
    expect(doors.handler.starts).toEqual([{ ticket: 'tkt_1', callSid: CALLER, streamSid: STREAM }]);
    expect(doors.handler.heard.heard).toEqual(['audio 160 +0']);
    socket.destroy();
    await doors.handler.heard.until('closed');
  });

  it('is closed with 1002 for what is no WebSocket frame', async () => {
    const socket = await connectByHand(textFrame(message.start()));
    socket.write(Buffer.from([0xf1, 0x80, 0, 0, 0, 0]));
    const [close] = (await once(socket, 'data')) as [Buffer];
    expect(close).toEqual(Buffer.from([0x88, 2, 1002 >> 8, 1002 & 0xff]));
    expect(doors.handler.heard.heard).toEqual(['closed']);
    expect(await counted(doors.metrics.mediaSocketsClosed, { code: 1002 })).toBe(1);
    socket.destroy();
  });
});

/** A client's frame of 126 bytes or more, under a mask that changes nothing. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  return Buffer.concat([
    Buffer.from([0x81, 0x80 | 126, length >> 8, length & 0xff, 0, 0, 0, 0]),
    Buffer.from(text),
  ]);
}

/** A bare socket after the handshake, with which it sent `early`. */
async function connectByHand(early: Buffer): Promise<Socket> {
  const url = new URL(doors.base);
  const socket = connectRaw(Number(url.port), url.hostname);
  await once(socket, 'connect');
  const head = [
    'GET /twilio/media HTTP/1.1',
    `Host: ${url.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    `X-Twilio-Signature: ${sign(`ws://${url.host}/twilio/media`)}`,
    '\r\n',
  ];
  socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), early]));
  await once(socket, 'data');
  return socket;
}
