import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';

/**
 * Recordings that nothing is tuned on: where Debian's packages asterisk-core-sounds-{en,es,fr,it,ru}-wav,
 * asterisk-prompt-fr-armelle and asterisk-moh-opsound-wav put what they bring.
 */
const PLACES = [
  ['English, a woman', '/usr/share/asterisk/sounds/en_US_f_Allison'],
  ['Spanish, a woman', '/usr/share/asterisk/sounds/es_MX_f_Allison'],
  ['French of France, a woman', '/usr/share/asterisk/sounds/fr'],
  ['French of Canada, a woman', '/usr/share/asterisk/sounds/fr_CA_f_June'],
  ['Italian, a man', '/usr/share/asterisk/sounds/it_IT_m_Carlo'],
  ['Russian, a woman', '/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU'],
  ['music on hold', '/usr/share/asterisk/moh'],
] as const;

export interface Recording {
  readonly name: string;
  readonly music: boolean;
  /** 16-bit samples at 8 kHz. */
  readonly samples: Int16Array;
}

/** Those that are installed, each one's files put together in the order of their names. */
export function installedRecordings(): Recording[] {
  return PLACES.filter(([, place]) => existsSync(place))
    .map(([name, place]) => ({
      name,
      music: name.startsWith('music'),
      samples: joined([...filesIn(place, '.wav').map(samplesOf), decodedGsm(filesIn(place, '.gsm'))]),
    }))
    .filter(({ samples }) => samples.length > 0);
}

/** Packages that would bring more recordings, in words; nothing when all are there. */
export function missingRecordings(installed: readonly Recording[]): string[] {
  return PLACES.map(([name]) => name).filter((name) => !installed.some((one) => one.name === name));
}

function filesIn(place: string, ending: string): string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(ending))
    .toSorted()
    .map((file) => join(place, file));
}

/** The data of a RIFF file of 16-bit samples, one channel, 8 kHz; nothing of any other file. */
function samplesOf(path: string): Int16Array {
  const file = readFileSync(path);
  let fits = false;
  for (let at = 12; at + 8 <= file.length;) {
    const size = file.readUInt32LE(at + 4);
    const kind = file.toString('latin1', at, at + 4);
    at += 8;
    if (kind === 'fmt ') {
      fits =
        file.readUInt16LE(at + 2) === 1 &&
        file.readUInt32LE(at + 4) === SAMPLE_RATE &&
        file.readUInt16LE(at + 14) === 16;
    } else if (kind === 'data' && fits) {
      return samplesIn(file.subarray(at, at + size));
    }
    at += size + (size & 1);
  }
  return new Int16Array(0);
}

/** GSM full rate through sox, where that is installed. */
function decodedGsm(files: readonly string[]): Int16Array {
  if (files.length === 0) return new Int16Array(0);
  const form = ['-t', 'raw', '-r', String(SAMPLE_RATE), '-e', 'signed', '-b', '16', '-c', '1', '-'];
  try {
    return samplesIn(
      execFileSync('sox', [...files, ...form], { maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return new Int16Array(0);
  }
}

function samplesIn(data: Buffer): Int16Array {
  return Int16Array.from({ length: data.length >> 1 }, (_, n) => data.readInt16LE(2 * n));
}

/** One after the other. */
export function joined(parts: readonly Int16Array[]): Int16Array {
  const whole = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
