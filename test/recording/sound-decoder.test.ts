import { describe, it, expect } from '@jest/globals';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { ALAW_DECODE, ALAW_SILENCE } from '../../src/recording/alaw.js';
import { SoundDecoder } from '../../src/recording/sound-decoder.js';
import { RAW_MULAW, type SoundFormat } from '../../src/recording/sound-format.js';
import { FORMATS, encoded, keyedSamples } from '../support/sound-files.js';

const KEYS = ['159#', '0A', '42'];

function decoded(format: SoundFormat, data: Uint8Array, piece = data.length, channels?: number[]): Buffer[] {
  const decoder = new SoundDecoder(format, channels);
  const parts: (readonly Uint8Array[])[] = [];
  for (let at = 0; at < data.length; at += piece) parts.push(decoder.process(data.subarray(at, at + piece)));
  parts.push(decoder.end());
  return (channels ?? [...Array(format.channels).keys()]).map((_, n) =>
    Buffer.concat(parts.map((part) => part[n] ?? Buffer.alloc(0))),
  );
}

function pressesIn(mulaw: Uint8Array): [key: number, start: number][] {
  const found: [number, number][] = [];
  const receiver = new DtmfReceiver({
    up: ({ key }, { start }) => found.push([key, 80 * Math.round(start / 80)]),
  });
  receiver.process(mulaw);
  receiver.end();
  return found;
}

const [ONE, OTHER, THIRD] = [
  [[1, 800], [5, 2800], [9, 4800], [11, 6800]],
  [[0, 800], [12, 2800]],
  [[4, 800], [2, 2800]],
]; // prettier-ignore

describe('the decoder', () => {
  it.each(FORMATS)('gives each channel at 8 kHz: $encoding, $channels channels, $rate', (format) => {
    const channels = KEYS.slice(0, format.channels).map((keys) =>
      keyedSamples(format.rate, 1.2, keys, { start: 0.1 }),
    );
    const whole = decoded(format, encoded(format, channels));
    expect(whole.map((mulaw) => mulaw.length)).toEqual(channels.map(() => 9600));
    expect(whole.map(pressesIn)).toEqual([ONE, OTHER, THIRD].slice(0, format.channels));
  });

  it.each(FORMATS)('gives the same however it is cut: $encoding, $channels channels, $rate', (format) => {
    const channels = KEYS.slice(0, format.channels).map((keys) =>
      keyedSamples(format.rate, 0.2, keys, { start: 0.05 }),
    );
    const data = encoded(format, channels);
    for (const piece of [5, 1001]) expect(decoded(format, data, piece)).toEqual(decoded(format, data));
  });

  it('passes µ-law at 8 kHz byte for byte, minus zero too', () => {
    const every = Uint8Array.from({ length: 512 }, (_, n) => n >> 1);
    expect(decoded(RAW_MULAW, every)).toEqual([Buffer.from(every)]);
    const [left] = decoded({ ...RAW_MULAW, channels: 2 }, every, 3);
    expect(left).toEqual(Buffer.from([...Array(256).keys()]));
  });

  it('gives the channels that are asked for, and leaves out a frame that is cut off', () => {
    const format = { encoding: 'mulaw', channels: 3, rate: 8000 } as const;
    expect(decoded(format, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 2, [2, 0])).toEqual([
      Buffer.of(3, 6),
      Buffer.of(1, 4),
    ]);
  });
});

describe('A-law', () => {
  it('is decoded as G.711 says', () => {
    const bytes = [ALAW_SILENCE, 0x55, 0xaa, 0x2a, 0x80, 0xc5, 0x45];
    expect(bytes.map((byte) => ALAW_DECODE[byte])).toEqual([8, -8, 32_256, -32_256, 5504, 264, -264]);
  });
});
