import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { AppError, codeOf } from '../errors.js';
import { BlankCopies } from './blank-copies.js';
import { write } from './byte-stream.js';
import type { Command, CommandIo } from './command.js';
import { duration } from './duration.js';
import { filesIn } from './folder.js';
import { Progress } from './progress.js';
import { scanRecording } from './recording-file.js';
import { JsonReport, tableReport, type ScanReport, type ScanTotals } from './scan-report.js';

const FOUND = 3;

export const scan: Command = {
  name: 'scan',
  summary: 'finds card numbers that were keyed in old recordings, and makes copies without them',
  help: `Usage: npx tonewall scan DIR [--blank OUT] [--json]

Looks through a folder, and the folders in it, for recordings in which 12 digits or more were keyed with at most 10 s
from one key to the next. Reads WAV (µ-law, A-law, 16-bit PCM; 8 kHz or more; each channel apart) and raw 8 kHz audio
by the end of its name (.ul .ulaw .pcmu, .al .alaw .pcma, .sln …). It says where, never which digits:

  high    a card number: prefix and length of a known brand, and its check digit is right
  low     as many digits as a card number
  number  12 to 19 digits      longer  more: a card number with expiry and code, or something else

"*", "#" and a pause of 2 s end a number; they don't count as digits. Symbolic links are not followed.

  --blank OUT  writes a copy of each recording with a run into OUT, a folder that is empty or not there yet. Keys in
               and around the run are silence there, in every channel; everything else is the same to the byte.
               Each copy is listened to again. The originals are never touched
  --json       one JSON document instead of lines

Exit code: 0 nothing was found and everything was read, 3 a run was found, 1 something was not read, or no copy made.

Example: npx tonewall scan recordings --blank recordings-without-keys
`,
  async run(args, io) {
    const { dir, blank, json } = await options(args);
    const copies = blank === undefined ? null : await BlankCopies.into(blank, dir);
    return await new Scan(dir, copies, json ? new JsonReport() : tableReport, io).run();
  },
};

class Scan {
  readonly #dir: string;
  readonly #copies: BlankCopies | null;
  readonly #report: ScanReport;
  readonly #stdout: NodeJS.WritableStream;
  readonly #progress: Progress;
  readonly #totals: ScanTotals = {
    recordings: 0,
    others: 0,
    seconds: 0,
    high: 0,
    low: 0,
    found: 0,
    not_read: 0,
    copies: 0,
    no_copy: 0,
  };

  constructor(dir: string, copies: BlankCopies | null, report: ScanReport, { stdout, stderr }: CommandIo) {
    this.#dir = dir;
    this.#copies = copies;
    this.#report = report;
    this.#stdout = stdout;
    this.#progress = new Progress(stderr);
  }

  async run(): Promise<number> {
    const totals = this.#totals;
    for await (const { name, reason } of filesIn(this.#dir)) {
      const trouble = reason ?? (await this.#scan(name).catch(reasonOf));
      if (trouble !== null) await this.#notRead(name, trouble);
    }
    this.#progress.close(this.#done());
    await write(this.#stdout, this.#report.totals(totals));
    if (totals.no_copy > 0) return 1;
    if (totals.found > 0) return FOUND;
    return totals.not_read > 0 ? 1 : 0;
  }

  /** Gives what is wrong with the file, though it was read. */
  async #scan(name: string): Promise<string | null> {
    const ending = extname(name).slice(1).toLowerCase();
    const recording = await scanRecording(join(this.#dir, name), ending, (samples) => {
      this.#totals.seconds += samples / SAMPLE_RATE;
      this.#progress.show(() => this.#done());
    });
    if (recording === null) {
      this.#totals.others++;
      return null;
    }
    this.#totals.recordings++;
    for (const finding of recording.findings) {
      this.#totals[finding.confidence]++;
      await this.#say(this.#report.finding(name, finding));
    }
    if (recording.findings.length > 0) {
      this.#totals.found++;
      await this.#copies?.copy(name, ending, recording).then(
        () => this.#totals.copies++,
        (error: unknown) => this.#noCopy(name, reasonOf(error)),
      );
    }
    const { missing } = recording.sound;
    return missing > 0 ? `ends ${missing} bytes before its header says: searched as far as it goes` : null;
  }

  async #notRead(name: string, reason: string): Promise<void> {
    this.#totals.not_read++;
    await this.#say(this.#report.trouble('not_read', name, reason));
  }

  async #noCopy(name: string, reason: string): Promise<void> {
    this.#totals.no_copy++;
    await this.#say(this.#report.trouble('no_copy', name, reason));
  }

  async #say(line: string): Promise<void> {
    if (line === '') return;
    this.#progress.clear();
    await write(this.#stdout, line);
  }

  #done(): string {
    const { recordings, seconds, found } = this.#totals;
    return `${recordings} recordings, ${duration(seconds)} of audio, ${this.#progress.speed(seconds)}, ${found} with keys`;
  }
}

async function options(args: readonly string[]): Promise<{ dir: string; blank?: string; json: boolean }> {
  const { values, positionals } = parsed(args);
  const [dir, ...rest] = positionals;
  if (dir === undefined || rest.length > 0 || values.blank === '') {
    throw wrong('scan takes one folder, as in: npx tonewall scan recordings');
  }
  await readdir(dir).catch((error: unknown) => {
    throw wrong(`${dir} can't be opened as a folder (${codeOf(error)})`);
  });
  return { dir, json: values.json ?? false, ...(values.blank !== undefined && { blank: values.blank }) };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { blank: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true,
    });
  } catch {
    throw wrong('scan takes a folder, --blank OUT and --json; see: npx tonewall scan --help');
  }
}

function reasonOf(error: unknown): string {
  return error instanceof AppError ? error.message : `can't be read (${codeOf(error)})`;
}

function wrong(message: string): AppError {
  return new AppError('bad_request', message);
}
