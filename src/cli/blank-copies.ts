import { mkdir, open, readdir, realpath, rename, rm, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SAMPLE_RATE } from '../dsp/mulaw.js';
import { AppError, codeOf } from '../errors.js';
import { Covers } from '../recording/covers.js';
import { Silencer } from '../recording/silencer.js';
import { RAW_FORMATS } from '../recording/sound-format.js';
import { Sound } from '../recording/sound.js';
import { widened, type Span } from '../recording/span.js';
import { isWithin } from './folder.js';
import { decode, scanRecording, versionOf, withBytes, type ScannedRecording } from './recording-file.js';

/** A key that was too short or too faint to be counted may stand 2 s before or after a run. */
const AROUND = 2 * SAMPLE_RATE;

/** Copies of recordings with the keys of their runs silenced, in a folder of their own. */
export class BlankCopies {
  readonly #from: string;
  readonly #into: string;
  #count = 0;

  private constructor(from: string, into: string) {
    this.#from = from;
    this.#into = into;
  }

  /** Makes the folder. AppError when it is in the one that is scanned, or has something in it. */
  static async into(folder: string, from: string): Promise<BlankCopies> {
    const into = await realPath(resolve(folder));
    if (isWithin(into, await realpath(from))) {
      throw wrong(`--blank ${folder} lies within the folder that is scanned: name one outside it`);
    }
    await mkdir(into, { recursive: true }).catch((error: unknown) => {
      throw wrong(`--blank ${folder} can't be made (${codeOf(error)})`);
    });
    if ((await readdir(into)).length > 0)
      throw wrong(`--blank ${folder} isn't empty: nothing is ever overwritten`);
    return new BlankCopies(from, into);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Copies one recording, and listens to the copy before it gets its name. AppError when a run is still heard in it,
   * or the recording changed meanwhile: then there is no copy.
   */
  async copy(name: string, ending: string, recording: ScannedRecording): Promise<void> {
    const from = join(this.#from, name);
    const to = join(this.#into, name);
    const part = `${to}.part`;
    await mkdir(dirname(to), { recursive: true });
    try {
      const { mode, atime, mtime } = await stat(from);
      await writeSilenced(from, part, mode, recording.sound, await covers(from, ending, recording));
      if ((await versionOf(from)) !== recording.version)
        throw wrong('was changed while it was copied: no copy is made');
      const again = await scanRecording(part, ending, () => {});
      if (again?.findings.length !== 0)
        throw wrong('still has a run of keys when it is copied: no copy is made');
      await utimes(part, atime, mtime);
      await rename(part, to);
    } finally {
      await rm(part, { force: true });
    }
    this.#count++;
  }
}

/** What a guard would cover around the runs, in any channel. */
async function covers(path: string, ending: string, { findings }: ScannedRecording): Promise<Span[]> {
  const around = findings.map((run) => widened(run, AROUND));
  return await withBytes(path, async (bytes) => {
    const sound = await Sound.open(bytes, RAW_FORMATS.get(ending) ?? null);
    if (sound === null) throw wrong('was changed while it was copied: no copy is made');
    const channels = Array.from({ length: sound.format.channels }, () => new Covers(around));
    await decode(sound, (mulaw) => {
      for (const [n, channel] of channels.entries()) channel.process(mulaw[n] ?? new Uint8Array(0));
    });
    return channels.flatMap((channel) => channel.end());
  });
}

async function writeSilenced(
  from: string,
  to: string,
  mode: number,
  sound: Sound,
  spans: readonly Span[],
): Promise<void> {
  const silencer = new Silencer(sound, spans);
  const copy = await open(to, 'wx', mode & 0o666);
  try {
    await withBytes(from, async (bytes) => {
      for await (const piece of bytes) {
        silencer.process(piece);
        await copy.write(piece);
      }
    });
  } finally {
    await copy.close();
  }
}

/** Of a path that may not be there yet: that of the nearest folder above it that is, and the rest. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return dirname(path) === path ? path : join(await realPath(dirname(path)), basename(path));
  }
}

function wrong(message: string): AppError {
  return new AppError('bad_request', message);
}
