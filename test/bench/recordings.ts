import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';

/** Where Debian's packages asterisk-core-sounds-*-wav and asterisk-moh-opsound-wav put what they bring. */
const PLACES = [
  ['English, a woman', '/usr/share/asterisk/sounds/en_US_f_Allison'],
  ['Spanish, a woman', '/usr/share/asterisk/sounds/es_MX_f_Allison'],
  ['Italian, a man', '/usr/share/asterisk/sounds/it_IT_m_Carlo'],
  ['French, a woman', '/usr/share/asterisk/sounds/fr_CA_f_June'],
  ['Russian, a woman', '/usr/share/asterisk/sounds/ru_RU_f_IvrvoiceRU'],
  ['music on hold', '/usr/share/asterisk/moh'],
] as const;

export interface Recording {
  readonly name: string;
  readonly music: boolean;
  /** 16-bit samples at 8 kHz. */
  readonly samples: Float64Array;
}

/** Those that are installed, each one's files put together in the order of their names. */
export function installedRecordings(): Recording[] {
  return PLACES.filter(([, place]) => existsSync(place)).map(([name, place]) => ({
    name,
    music: name.startsWith('music'),
    samples: joined(filesIn(place).map(samplesOf)),
  }));
}

function filesIn(place: string): string[] {
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.wav'))
    .toSorted()
    .map((file) => join(place, file));
}

/** The data of a RIFF file of 16-bit samples, one channel, 8 kHz; nothing of any other file. */
function samplesOf(path: string): Float64Array {
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
      const count = Math.min(size, file.length - at) >> 1;
      return Float64Array.from({ length: count }, (_, n) => file.readInt16LE(at + 2 * n));
    }
    at += size + (size & 1);
  }
  return new Float64Array(0);
}

/** One after the other. */
export function joined(parts: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
