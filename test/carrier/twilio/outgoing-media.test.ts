import { describe, expect, it } from '@jest/globals';
import { MAX_UNSENT_MESSAGES, OutgoingMedia } from '../../../src/carrier/twilio/outgoing-media.js';

const STREAM = 'MZ00000000000000000000000000000001';

/** An outgoing stream whose writes finish when told. */
function open(streamSid = STREAM) {
  const frames: Uint8Array[] = [];
  const waiting: (() => void)[] = [];
  const outgoing = new OutgoingMedia(streamSid, (frame, done) => {
    frames.push(frame);
    waiting.push(done);
  });
  const finish = (): void => waiting.splice(0).forEach((done) => done());
  return { outgoing, frames, finish };
}

/** Length byte(s) and JSON of a frame. */
const parts = (frame: Uint8Array): { header: number[]; message: unknown } => {
  const header = frame[1] === 126 ? 4 : 2;
  return {
    header: [...frame.subarray(0, header)],
    message: JSON.parse(Buffer.from(frame.subarray(header)).toString()),
  };
};

describe('outgoing media', () => {
  it('is a message in a text frame', () => {
    const { outgoing, frames } = open();
    expect(outgoing.send(Buffer.alloc(160, 0x55))).toBe(true);
    expect(frames.map(parts)).toEqual([
      {
        header: [0x81, 126, 1, 49],
        message: {
          event: 'media',
          streamSid: STREAM,
          media: { payload: Buffer.alloc(160, 0x55).toString('base64') },
        },
      },
    ]);
  });

  it('has the shortest header that fits', () => {
    const { outgoing, frames } = open();
    for (const length of [1, 25, 28]) outgoing.send(Buffer.alloc(length));
    expect(frames.map((frame) => parts(frame).header)).toEqual([[0x81, 93], [0x81, 125], [0x81, 126, 0, 129]]); // prettier-ignore
  });

  it('goes in several messages when it is long, and in none when it is empty', () => {
    const { outgoing, frames } = open();
    outgoing.send(Buffer.alloc(0));
    outgoing.send(Uint8Array.from({ length: 400 }, (_, i) => i));
    const audio = frames.map((frame) => {
      const { media } = parts(frame).message as { media: { payload: string } };
      return Buffer.from(media.payload, 'base64');
    });
    expect(audio.map((piece) => piece.length)).toEqual([160, 160, 80]);
    expect(Buffer.concat(audio)).toEqual(Buffer.from(Uint8Array.from({ length: 400 }, (_, i) => i)));
  });

  it('takes the bytes before send returns, and leaves them until they are written', () => {
    const { outgoing, frames } = open();
    const audio = Buffer.alloc(160, 1);
    outgoing.send(audio);
    audio.fill(2);
    outgoing.send(audio);
    expect(
      frames.map((frame) => (parts(frame).message as { media: { payload: string } }).media.payload),
    ).toEqual([Buffer.alloc(160, 1).toString('base64'), Buffer.alloc(160, 2).toString('base64')]);
  });

  it('uses the same buffers again', () => {
    const { outgoing, frames, finish } = open();
    for (let i = 0; i < 100; i++) {
      outgoing.send(Buffer.alloc(160));
      outgoing.send(Buffer.alloc(160));
      finish();
    }
    expect(new Set(frames.map((frame) => frame.buffer)).size).toBe(2);
  });

  it('is dropped while the peer does not take what it has', () => {
    const { outgoing, frames, finish } = open();
    const sent = Array.from({ length: MAX_UNSENT_MESSAGES + 1 }, () => outgoing.send(Buffer.alloc(160)));
    expect([sent.indexOf(false), frames.length]).toEqual([MAX_UNSENT_MESSAGES, MAX_UNSENT_MESSAGES]);
    finish();
    expect(outgoing.send(Buffer.alloc(160))).toBe(true);
  });

  it('quotes the name of its stream', () => {
    const { outgoing, frames } = open('a"b');
    outgoing.send(Buffer.alloc(160));
    expect(frames.map(parts)).toMatchObject([{ message: { streamSid: 'a"b' } }]);
  });
});
