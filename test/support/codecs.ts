import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** 16-bit samples at 8 kHz through a codec and back; as long, or longer by what the codec keeps. */
type RoundTrip = (pcm: Buffer) => Buffer;

export interface Codec {
  readonly name: string;
  /** Debian's packages that have it. */
  readonly packages: string;
  /** A keypad's tones in it are within the guard's promise; with others they are hardly tones any more. */
  readonly promised: boolean;
  readonly roundTrip: RoundTrip;
}

const MOST_BYTES = 1 << 30;

function piped(command: readonly string[], input: Buffer): Buffer {
  const [program = '', ...rest] = command;
  return execFileSync(program, rest, { input, maxBuffer: MOST_BYTES, stdio: ['pipe', 'pipe', 'ignore'] });
}

const SOX_RAW = ['-t', 'raw', '-r', '8000', '-e', 'signed', '-b', '16', '-c', '1'];

const sox =
  (format: string, ...options: readonly string[]): RoundTrip =>
  (pcm) =>
    piped(
      ['sox', '-t', format, '-', ...SOX_RAW, '-'],
      piped(['sox', ...SOX_RAW, '-', ...options, '-t', format, '-'], pcm),
    );

const FFMPEG = ['ffmpeg', '-loglevel', 'error'];
const FFMPEG_RAW = ['-f', 's16le', '-ar', '8000', '-ac', '1'];

const ffmpeg =
  (encoder: string, container: string, ...options: readonly string[]): RoundTrip =>
  (pcm) =>
    piped(
      [...FFMPEG, '-f', container, '-i', '-', ...FFMPEG_RAW, '-'],
      piped([...FFMPEG, ...FFMPEG_RAW, '-i', '-', '-c:a', encoder, ...options, '-f', container, '-'], pcm),
    );

const codec2 =
  (mode: string): RoundTrip =>
  (pcm) =>
    piped(['c2dec', mode, '-', '-'], piped(['c2enc', mode, '-', '-'], pcm));

/** Compiled anew each time: it takes less than a second. */
const g729: RoundTrip = (pcm) => {
  const dir = mkdtempSync(join(tmpdir(), 'g729-'));
  try {
    const program = join(dir, 'g729');
    const source = new URL('g729.c', import.meta.url).pathname;
    execFileSync('cc', ['-O2', '-o', program, source, '-lbcg729'], { stdio: 'ignore' });
    return piped([program], pcm);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

const SOX = 'sox libsox-fmt-all';

/** Of a telephone call, before it is G.711: mobile networks, cordless telephones, internet telephony, satellites. */
export const CODECS: readonly Codec[] = [
  ...[4.75, 5.15, 5.9, 6.7, 7.4, 7.95, 10.2, 12.2].map((rate, mode) => ({
    name: `AMR ${rate} kbit/s`,
    packages: SOX,
    promised: true,
    roundTrip: sox('amr-nb', '-C', String(mode)),
  })),
  { name: 'GSM full rate', packages: SOX, promised: true, roundTrip: sox('gsm') },
  { name: 'G.729A', packages: 'libbcg729-dev gcc', promised: true, roundTrip: g729 },
  {
    name: 'G.726 32 kbit/s',
    packages: 'ffmpeg',
    promised: true,
    roundTrip: ffmpeg('g726', 'wav', '-b:a', '32k'),
  },
  {
    name: 'G.723.1 6.3 kbit/s',
    packages: 'ffmpeg',
    promised: false,
    roundTrip: ffmpeg('g723_1', 'wav', '-b:a', '6.3k'),
  },
  ...[6, 12].map((rate) => ({
    name: `Opus ${rate} kbit/s`,
    packages: 'ffmpeg',
    promised: false,
    roundTrip: ffmpeg('libopus', 'ogg', '-b:a', `${rate}k`, '-application', 'voip'),
  })),
  ...[4, 8].map((rate) => ({
    name: `Speex ${rate} kbit/s`,
    packages: 'ffmpeg',
    promised: false,
    roundTrip: ffmpeg('libspeex', 'ogg', '-b:a', `${rate}k`),
  })),
  ...['3200', '1300'].map((mode) => ({
    name: `Codec 2 ${mode} bit/s`,
    packages: 'codec2',
    promised: false,
    roundTrip: codec2(mode),
  })),
  { name: 'LPC-10 2.4 kbit/s', packages: SOX, promised: false, roundTrip: sox('lpc10') },
];

/** What `codec` makes of 16-bit samples at 8 kHz; null where its programs are not installed. */
export function coded(codec: Codec, samples: Int16Array): Int16Array | null {
  try {
    const out = codec.roundTrip(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength));
    if (out.length === 0) return null;
    return Int16Array.from({ length: out.length >> 1 }, (_, n) => out.readInt16LE(2 * n));
  } catch {
    return null;
  }
}
