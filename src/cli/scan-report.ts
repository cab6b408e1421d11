import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { NUMBER_MOST } from '../recording/key-runs.js';
import { duration } from './duration.js';
import type { Finding } from './recording-file.js';

/** What a scan did, all in all. */
export interface ScanTotals {
  recordings: number;
  /** Files that are no recordings. */
  others: number;
  seconds: number;
  high: number;
  low: number;
  /** Recordings with a run. */
  found: number;
  not_read: number;
  /** Copies without keys that were made, and recordings of which none could be. */
  copies: number;
  no_copy: number;
}

/** A file that could not be searched, to its end or at all; or of which no copy was made. */
export type Trouble = 'not_read' | 'no_copy';

/** Writes a scan down as it goes. Never a key: where, how many and how certain. */
export interface ScanReport {
  finding(file: string, finding: Finding): string;
  trouble(kind: Trouble, file: string, reason: string): string;
  /** The last of it. */
  totals(totals: ScanTotals): string;
}

export const tableReport: ScanReport = {
  finding: (file, { start, end, channel, digits, confidence }) => {
    const what = `${confidence.padEnd(4)}  ${sizeOf(digits)}  ${String(digits).padStart(4)} digits`;
    return `${what}  ${at(start)}  ${at(end)}  channel ${channel}  ${plain(file)}\n`;
  },
  trouble: (kind, file, reason) =>
    `${kind === 'no_copy' ? 'no copy' : 'not read'}  ${plain(file)}: ${reason}\n`,
  totals: ({ recordings, others, seconds, high, low, found, not_read, copies }) => {
    const runs = `${count(high + low, 'run')} of keys in ${count(found, 'of them', 'of them')}`;
    const made = copies > 0 ? `, ${count(copies, 'copy', 'copies')} made` : '';
    return (
      `${count(recordings, 'recording')}, ${duration(seconds)} of audio: ${runs} (${high} high, ${low} low)${made}; ` +
      `${not_read} not read, ${count(others, 'other file')} passed over\n`
    );
  },
};

/** One JSON document, once all is known. */
export class JsonReport implements ScanReport {
  readonly #runs: object[] = [];
  readonly #troubles: Record<Trouble, object[]> = { not_read: [], no_copy: [] };

  finding(file: string, { start, end, channel, digits, confidence }: Finding): string {
    const [start_seconds, end_seconds] = [start / SAMPLE_RATE, end / SAMPLE_RATE];
    const span = { start: at(start), end: at(end), start_seconds, end_seconds };
    this.#runs.push({ file, channel, ...span, digits, size: sizeOf(digits), confidence });
    return '';
  }

  trouble(kind: Trouble, file: string, reason: string): string {
    this.#troubles[kind].push({ file, reason });
    return '';
  }

  totals(totals: ScanTotals): string {
    return `${JSON.stringify({ runs: this.#runs, ...this.#troubles, totals }, null, 2)}\n`;
  }
}

/** Over 19 digits: a card number with its expiry date and code, or no card number at all. */
function sizeOf(digits: number): 'number' | 'longer' {
  return digits > NUMBER_MOST ? 'longer' : 'number';
}

function at(samples: number): string {
  return duration(samples / SAMPLE_RATE);
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** A file's name may hold anything: what could steer a terminal is written as in JSON. */
function plain(name: string): string {
  return /\p{Cc}/u.test(name) ? JSON.stringify(name) : name;
}
