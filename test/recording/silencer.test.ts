import { describe, it, expect } from '@jest/globals';
import { Silencer } from '../../src/recording/silencer.js';
import type { SoundFormat } from '../../src/recording/sound-format.js';
import type { Span } from '../../src/recording/span.js';

const HEAD = 3;
const SILENCE = { mulaw: 0xff, alaw: 0xd5, pcm16: 0 };

/** A header, 8 frames of ones and 2 bytes more: what has become silence, byte by byte. */
function silenced(
  format: SoundFormat,
  spans: Span[],
  piece: number,
  dataLength: number | null = null,
): string {
  const frame = (format.encoding === 'pcm16' ? 2 : 1) * format.channels;
  const file = Buffer.alloc(HEAD + 8 * frame + 2, 1);
  const silencer = new Silencer({ format, dataStart: HEAD, dataLength }, spans);
  for (let at = 0; at < file.length; at += piece) silencer.process(file.subarray(at, at + piece));
  expect([...file].filter((byte) => byte !== 1 && byte !== SILENCE[format.encoding])).toEqual([]);
  return Array.from(file, (byte) => (byte === 1 ? '-' : 'x')).join('');
}

const MULAW = { encoding: 'mulaw', channels: 1, rate: 8000 } as const;

describe('the silencer', () => {
  it.each([1, 2, 5, 100])('changes the spans and nothing else, in pieces of %d bytes', (piece) => {
    const two = [
      { start: 1, end: 3 },
      { start: 6, end: 7 },
    ];
    expect(silenced(MULAW, two, piece)).toBe('----xx---x---');
    const stereo = { ...MULAW, encoding: 'alaw', channels: 2 } as const;
    expect(silenced(stereo, two, piece)).toBe('-----xxxx------xx----');
    const pcm = { encoding: 'pcm16', channels: 2, rate: 8000 } as const;
    expect(silenced(pcm, [{ start: 2, end: 3 }], piece)).toBe(`${'-'.repeat(11)}xxxx${'-'.repeat(22)}`);
  });

  it('takes whole frames of a higher rate', () => {
    expect(silenced({ ...MULAW, rate: 16_000 }, [{ start: 1, end: 2 }], 100)).toBe('-----xx------');
    expect(silenced({ ...MULAW, rate: 11_025 }, [{ start: 1, end: 2 }], 100)).toBe('----xx-------');
  });

  it('stops where the samples end', () => {
    const late = [{ start: 6, end: 100 }];
    expect(silenced(MULAW, late, 100, 8)).toBe('---------xx--');
    expect(silenced(MULAW, late, 3, 8)).toBe('---------xx--');
    expect(silenced(MULAW, late, 3)).toBe('---------xxxx');
  });
});
