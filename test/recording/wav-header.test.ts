import { describe, it, expect } from '@jest/globals';
import { RAW_MULAW } from '../../src/recording/sound-format.js';
import { Sound } from '../../src/recording/sound.js';
import { wavFile } from '../../src/recording/wav.js';
import { FORMATS, chunk, wavOf } from '../support/sound-files.js';

async function* cut(file: Uint8Array, piece = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += piece) yield file.subarray(at, at + piece);
}

async function open(file: Uint8Array) {
  const sound = await Sound.open(cut(file), RAW_MULAW);
  const pieces: Uint8Array[] = [];
  for await (const piece of sound.data()) pieces.push(piece);
  const { format, container, dataStart, missing, empty } = sound;
  return { format, container, dataStart, missing, empty, data: [...Buffer.concat(pieces)] };
}

const STEREO = { encoding: 'pcm16', channels: 2, rate: 16_000 } as const;
const DATA = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const LIST = chunk('LIST', Uint8Array.of(9, 9, 9, 9, 9, 9));
const BODY = { container: 'wav', missing: 0, empty: false, data: [1, 2, 3, 4, 5, 6, 7, 8] };

/** A header whose bytes from `at` on are others. */
function patched(at: number, ...bytes: number[]): Buffer {
  const file = wavOf(STEREO, DATA);
  file.set(bytes, at);
  return file;
}

describe('a WAV file', () => {
  it.each(FORMATS)('says what its samples are: $encoding, $channels channels, $rate', async (format) => {
    expect(await open(wavOf(format, DATA))).toEqual({ ...BODY, format, dataStart: 44 });
  });

  it('may have other chunks before and after', async () => {
    const odd = chunk('note', Uint8Array.of(1, 2, 3));
    const file = wavOf(STEREO, DATA, { before: [LIST, odd, Buffer.alloc(1)], after: [LIST] });
    expect(await open(file)).toEqual({ ...BODY, format: STEREO, dataStart: 44 + 14 + 12 });
  });

  it.each([0, 0x7fff_f000, 0xffff_ffff])('goes to its end where its length is %d', async (dataLength) => {
    expect(await open(wavOf(STEREO, DATA, { dataLength }))).toEqual({
      ...BODY,
      format: STEREO,
      dataStart: 44,
    });
  });

  it('may be longer than 4 GiB, as RF64', async () => {
    const sizes = Buffer.alloc(28);
    sizes.writeBigUInt64LE(6n, 8);
    const file = wavOf(STEREO, DATA, { before: [chunk('ds64', sizes)], dataLength: 0xffff_ffff });
    file.write('RF64', 'latin1');
    expect((await open(file)).data).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('may be of the extensible form', async () => {
    const fmt = Buffer.from(wavOf(STEREO, DATA).subarray(20, 36));
    fmt.writeUInt16LE(0xfffe, 0);
    const rest = Buffer.alloc(24);
    rest.writeUInt16LE(1, 8);
    const body = [Buffer.from('WAVE'), chunk('fmt ', Buffer.concat([fmt, rest])), chunk('data', DATA)];
    expect(await open(chunk('RIFF', Buffer.concat(body)))).toEqual({
      ...BODY,
      format: STEREO,
      dataStart: 68,
    });
  });

  it('that ends too soon is told by how much', async () => {
    expect(await open(wavOf(STEREO, DATA, { dataLength: 100 }))).toMatchObject({
      missing: 92,
      data: [...DATA],
    });
  });

  it.each([
    ['ends within its first 12 bytes', wavOf(STEREO, DATA).subarray(0, 11)],
    ['is RIFF but not WAVE at byte 8', patched(8, 65, 86, 73, 32)],
    [
      'ends at byte 36, or in the chunk there, before any samples: it has no "data" chunk',
      wavOf(STEREO, DATA).subarray(0, 40),
    ],
    [
      'has samples at byte 12 before a "fmt " chunk',
      chunk('RIFF', Buffer.from('WAVEdata\u0004\0\0\0abcd', 'latin1')),
    ],
    [
      'has a "fmt " chunk of 8 bytes at byte 12: 16 is the least',
      Buffer.from('RIFF....WAVEfmt \u0008\0\0\0abcdefgh', 'latin1'),
    ],
    ['holds GSM 6.10: µ-law, A-law and 16-bit PCM are read. Convert it', patched(20, 0x31)],
    ['holds audio of format code 4919', patched(20, 0x37, 0x13)],
    ['has 24 bits a sample: PCM is read with 16 bits', patched(34, 24)],
    ['has 0 channels: 1 to 32 are read', patched(22, 0)],
    ['has 33 channels: 1 to 32 are read', patched(22, 33)],
    ['has 7999 samples a second: 8000 to 192000 are read', patched(24, 0x3f, 0x1f)],
    ['has 192001 samples a second', patched(24, 0x01, 0xee, 0x02)],
    ['says at byte 32 that a frame has 5 bytes: 2 × 16 bits are 4', patched(32, 5)],
  ])('is refused: %s', async (message, file) => {
    await expect(open(file)).rejects.toThrow(message);
  });
});

describe('what has no WAV header', () => {
  it('is raw audio', async () => {
    const raw = { format: RAW_MULAW, container: 'raw', dataStart: 0, missing: 0 };
    expect(await open(DATA)).toEqual({ ...raw, empty: false, data: [...DATA] });
    expect(await open(new Uint8Array(0))).toEqual({ ...raw, empty: true, data: [] });
  });

  it('is nothing where raw audio is not looked for', async () => {
    expect(await Sound.open(cut(DATA), null)).toBeNull();
    expect(await Sound.open(cut(wavFile(DATA)), null)).not.toBeNull();
  });
});
