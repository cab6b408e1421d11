import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import { syncFolder } from './chain-signer.js';
import { linesOf, readHead, segmentName, segmentsOf } from './segment.js';
import { chainOf } from './verify-chain.js';

export interface ChainShipperOptions {
  /** The folder of the chain, whoever writes it. */
  dir: string;
  /** Under which each chain has a folder. */
  url: string;
  /** What the receiver knows us by, as a bearer token. */
  token: string | null;
  clock: Clock;
  logger: Logger;
  /** Told how many entries are on this machine only. */
  lag: (entries: number) => void;
}

const EVERY_MS = 10_000;
const PAUSES_MS = { first: 1_000, longest: 60_000 };
const TIMEOUT_MS = 30_000;
/** How long the end of the process waits for a receiver. */
const FAREWELL_MS = 3_000;
/** Of one request, and so of what is in memory. */
const BATCH_BYTES = 512 * 1024;
/** Already there: an earlier attempt arrived, and its answer did not. */
const THERE = [409, 412];
const POSITION_FILE = 'shipped';

/** Entries that are sent together, by their numbers. */
interface Range {
  first: number;
  last: number;
}

/** Where the lines of a batch end: the next one begins there. */
interface Mark {
  path: string;
  seq: number;
  offset: number;
}

/**
 * Copies a chain off the machine: `PUT URL/CHAIN/0000000001.jsonl`, a file for each batch, named for its first entry.
 * What is to be sent is written down before, and sent again after a crash as the same file: a store that lets nobody
 * overwrite may answer that it has it. A folder of such files is a chain that can be verified.
 */
export class ChainShipper {
  readonly #options: ChainShipperOptions;
  #chain = '';
  /** The last entry that arrived. */
  #shipped = 0;
  /** Sent, perhaps: what became of it is not known. */
  #pending: Range | null = null;
  #mark: Mark | null = null;
  #failures = 0;
  #cancel: () => void = () => {};
  #shipping: Promise<void> = Promise.resolve();
  #stopped = false;
  readonly #over = new AbortController();

  constructor(options: ChainShipperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#shipping = this.#ship().then(() => this.#soon());
  }

  /** Sends what is there by now, if it goes at once. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    const cancel = this.#options.clock.after(FAREWELL_MS, () => this.#over.abort());
    await this.#shipping;
    if (this.#failures === 0) await this.#ship();
    cancel();
  }

  #soon(): void {
    if (this.#stopped) return;
    const { first, longest } = PAUSES_MS;
    const pause = this.#failures === 0 ? EVERY_MS : Math.min(first * 2 ** (this.#failures - 1), longest);
    this.#cancel = this.#options.clock.after(pause, () => this.start());
  }

  async #ship(): Promise<void> {
    const { dir, lag, logger } = this.#options;
    let head = 0;
    try {
      head = (await readHead(dir))?.seq ?? 0;
      if (head === 0) return;
      await this.#resume();
      while (this.#pending !== null || this.#shipped < head) {
        lag(head - this.#shipped);
        await this.#send(head);
      }
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      const count = head - this.#shipped;
      logger.warn(
        { code: codeOf(error), count },
        'entries of the audit trail could not be shipped: trying again',
      );
    }
    lag(head - this.#shipped);
  }

  /** Another chain has begun here, or this process: goes on where the last one was. */
  async #resume(): Promise<void> {
    const chain = await chainOf(await segmentsOf(this.#options.dir));
    if (chain === this.#chain) return;
    this.#pending = await savedRange(this.#options.dir);
    this.#shipped = (this.#pending?.first ?? 1) - 1;
    this.#mark = null;
    this.#chain = chain;
  }

  async #send(head: number): Promise<void> {
    const limit = this.#pending?.last ?? head;
    const { lines, mark } = await this.#linesAfter(this.#shipped, limit, this.#pending === null);
    const range = { first: this.#shipped + 1, last: this.#shipped + lines.length };
    if (this.#pending === null) {
      await saveRange(this.#options.dir, range);
      this.#pending = range;
    }
    await this.#put(segmentName(range.first), Buffer.from(lines.join(''), 'latin1'));
    this.#pending = null;
    this.#shipped = range.last;
    this.#mark = mark;
  }

  /** The lines behind an entry, of one segment, up to another one; as many as are sent together where `bounded`. */
  async #linesAfter(seq: number, last: number, bounded: boolean): Promise<{ lines: string[]; mark: Mark }> {
    const segment = (await segmentsOf(this.#options.dir)).findLast(({ first }) => first <= seq + 1);
    if (segment === undefined) throw new RangeError('a segment of the chain is missing');
    const { path, first } = segment;
    const mark = this.#mark?.path === path ? { ...this.#mark } : { path, seq: first - 1, offset: 0 };
    const lines: string[] = [];
    let bytes = 0;
    for await (const line of linesOf(segment, mark.offset)) {
      if (typeof line !== 'string' || mark.seq >= last || (bounded && bytes >= BATCH_BYTES)) break;
      mark.seq++;
      mark.offset += line.length + 1;
      if (mark.seq <= seq) continue;
      lines.push(`${line}\n`);
      bytes += line.length + 1;
    }
    if (lines.length === 0) throw new RangeError('entries of the chain are missing');
    return { lines, mark };
  }

  async #put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    const { url, token } = this.#options;
    const sent = fetch(`${url}/${this.#chain}/${name}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/x-ndjson',
        'if-none-match': '*',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      },
      body,
      redirect: 'manual',
      signal: AbortSignal.any([this.#over.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const answer = await sent.catch((error: Error) => {
      // What was wrong with the connection, where it was that.
      throw error.cause ?? error;
    });
    await answer.body?.cancel();
    if (!answer.ok && !THERE.includes(answer.status)) throw new Refused(answer.status);
  }
}

/** An answer that is no yes; its code is what the log says. */
class Refused extends Error {
  readonly code: string;

  constructor(status: number) {
    super('the receiver of the audit trail refused');
    this.code = String(status);
  }
}

async function savedRange(dir: string): Promise<Range | null> {
  try {
    const text = await readFile(join(dir, POSITION_FILE), 'latin1');
    const [, first, last] = /^(\d{10}) (\d{10})\n$/.exec(text) ?? [];
    return first === undefined || last === undefined ? null : { first: Number(first), last: Number(last) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function saveRange(dir: string, { first, last }: Range): Promise<void> {
  const path = join(dir, POSITION_FILE);
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${String(first).padStart(10, '0')} ${String(last).padStart(10, '0')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(path);
}
