import { mkdir } from 'node:fs/promises';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { ownNote, type AuditEntry, type AuditNote } from './audit-entry.js';
import { EMPTY, type Head } from './chain-checker.js';
import { ChainWriter, type ChainOptions } from './chain-writer.js';
import { recoverChain } from './recover-chain.js';
import { headText } from './segment.js';

export interface AuditLogOptions extends ChainOptions {
  log: Logger;
  metrics: Metrics;
}

const CHECKPOINT_MS = 60_000;
const RETRY_MS = 1_000;
/** Entries that wait for the disk at once, some megabytes; what comes beyond is refused. */
export const MAX_WAITING = 10_000;
/** Entries in one write. */
const BATCH = 500;
const RETRY_AFTER_S = 5;
/** A disk that takes nothing now, and may again. */
const DISK_DOWN = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EIO'];

/** `down`: the disk takes nothing, and it is tried again. `spoiled`: the chain is not what was written. */
type State = 'opening' | 'ready' | 'down' | 'spoiled' | 'closed';

/** Told of each entry once it is on disk, and when that was (ms since the epoch). */
export type EntryListener = (note: AuditNote, at: number) => void;

interface Waiting {
  note: AuditNote;
  resolve: (seq: number) => void;
  /** Null for what has happened already: it is written sooner or later. */
  reject: ((error: AppError) => void) | null;
}

/**
 * Writes a chain: one write and one fsync for all who wait at the time, in the order in which they came. When the disk
 * takes nothing more, all who wait are refused; what only says what was done is kept, and tried again.
 */
export class AuditLog {
  /** Intents that a process died with. */
  readonly unfinished = new Map<number, AuditEntry>();
  readonly #options: AuditLogOptions;
  readonly #waiting: Waiting[] = [];
  /** Null until the disk takes its beginning. */
  #chain: ChainWriter | null = null;
  #listener: EntryListener = () => {};
  #state: State = 'opening';
  #flushing: Promise<void> | null = null;
  #checkpointDue = false;
  #cancelCheckpoint: (() => void) | null = null;
  #cancelRetry = () => {};

  private constructor(options: AuditLogOptions) {
    this.#options = options;
  }

  /**
   * Goes on with the chain in `dir`, or begins one: later, where the disk is full. Rejects with AppError
   * `config_invalid` when the end of the chain is not as it was written, or the folder can't be had.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    try {
      await log.#begin();
    } catch (error) {
      if (codeOf(error) === 'config_invalid') throw error;
      if (!DISK_DOWN.includes(codeOf(error))) {
        const reason = `can not be written to ${options.dir} (${codeOf(error)})`;
        throw new AppError('config_invalid', `the audit trail ${reason}`);
      }
      log.#failed([], error);
    }
    return log;
  }

  /** Names the chain: its first public key. Empty until it is begun. */
  get chain(): string {
    return this.#chain?.name ?? '';
  }

  get dir(): string {
    return this.#options.dir;
  }

  /** Whether entries are written now. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** What is on disk for certain. */
  get head(): Head {
    return this.#chain?.head ?? EMPTY;
  }

  /** Tells one listener of what is written from now on. */
  watch(listener: EntryListener): void {
    this.#listener = listener;
  }

  /** Resolves with its number once the entry is on disk; rejects with AppError `vault_unavailable` when it won't be. */
  append(note: AuditNote): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#state === 'ready' && this.#waiting.length < MAX_WAITING) {
        this.#enqueue({ note, resolve, reject });
      } else reject(unavailable());
    });
  }

  /** For what has happened already: kept while the disk takes nothing. */
  owe(note: AuditNote): void {
    if (this.#state === 'closed' || this.#state === 'spoiled') return;
    if (this.#waiting.length < MAX_WAITING) this.#enqueue({ note, resolve: () => {}, reject: null });
    else this.#options.log.error({ event_type: note.type }, 'an entry of the audit trail was dropped');
  }

  /** The chain is not what it was: nothing is written until somebody has looked at it. */
  spoil(detail: string): void {
    if (this.#state === 'spoiled' || this.#state === 'closed') return;
    this.#turn('spoiled');
    this.#options.log.error({ detail }, 'the audit trail was tampered with: nothing is written any more');
    this.#refuse(this.#waiting.splice(0));
  }

  /** Writes what waits, and that the process ends. */
  async close(): Promise<void> {
    if (this.#state === 'ready') {
      this.owe(ownNote('log.stop', ''));
      this.#checkpointDue = true;
      await this.#flushing;
    }
    this.#turn('closed');
    this.#cancelCheckpoint?.();
    this.#cancelRetry();
    this.#refuse(this.#waiting.splice(0));
    await this.#flushing;
    await this.#chain?.close();
  }

  async #begin(): Promise<ChainWriter> {
    const { dir, keys } = this.#options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const found = await recoverChain(dir, keys);
    const chain = await ChainWriter.open(this.#options, found);
    try {
      if (found === null) await chain.write([ownNote('log.begin', chain.name)]);
      // A crash may have cut off the checkpoint of a thousand.
      if (chain.room === 0) await chain.write([]);
      const torn = found === null || found.torn === 0 ? '' : `, ${found.torn} bytes of an entry cut off`;
      await chain.write([ownNote('log.start', `after ${headText(chain.head)}${torn}`)]);
    } catch (error) {
      await chain.close();
      throw error;
    }
    for (const intent of found?.open ?? []) this.unfinished.set(intent.seq, intent);
    this.#chain = chain;
    this.#turn('ready');
    this.#checkpointSoon();
    return chain;
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#kick();
  }

  /** Not within this turn: who comes in it is written together. */
  #kick(): void {
    if (this.#state === 'spoiled' || this.#state === 'closed') return;
    this.#flushing ??= Promise.resolve().then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    let batch: readonly Waiting[] = [];
    try {
      const chain = this.#chain ?? (await this.#begin());
      while (this.#waiting.length > 0 || (this.#checkpointDue && !chain.signed)) {
        batch = this.#waiting.splice(0, Math.min(BATCH, chain.room));
        await this.#write(chain, batch);
        batch = [];
        await this.#settle(chain);
      }
    } catch (error) {
      this.#failed(batch, error);
    }
    this.#flushing = null;
  }

  async #write(chain: ChainWriter, batch: readonly Waiting[]): Promise<void> {
    const first = await chain.append(
      batch.map(({ note }) => note),
      this.#checkpointDue,
    );
    if (chain.signed) this.#checkpointDue = false;
    if (this.#state === 'down') this.#turn('ready');
    const now = this.#options.clock.now();
    batch.forEach(({ note, resolve }, at) => {
      resolve(first + at);
      this.#listener(note, now);
    });
  }

  async #settle(chain: ChainWriter): Promise<void> {
    await chain.settle();
    if (!chain.signed) return this.#checkpointSoon();
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = null;
  }

  #checkpointSoon(): void {
    this.#cancelCheckpoint ??= this.#options.clock.after(CHECKPOINT_MS, () => {
      this.#cancelCheckpoint = null;
      this.#checkpointDue = this.#chain?.signed === false;
      this.#kick();
    });
  }

  #failed(batch: readonly Waiting[], error: unknown): void {
    const all = [...batch, ...this.#waiting.splice(0)];
    this.#refuse(all);
    if (this.#state === 'closed') return;
    if (codeOf(error) === 'internal') return this.spoil('a file of the chain was changed, or is gone');
    if (error instanceof AppError) return this.spoil(error.message);
    this.#waiting.push(...all.filter(({ reject }) => reject === null));
    if (this.#state !== 'down') {
      this.#turn('down');
      this.#options.log.error(
        { code: codeOf(error) },
        'the audit trail can not be written: the vault is shut',
      );
      this.#waiting.push({ note: ownNote('log.gap', codeOf(error)), resolve: () => {}, reject: null });
    }
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.#kick());
  }

  #turn(state: State): void {
    this.#state = state;
    this.#options.metrics.auditReady.set(state === 'ready' ? 1 : 0);
  }

  #refuse(waiting: readonly Waiting[]): void {
    for (const { reject } of waiting) reject?.(unavailable());
  }
}

function unavailable(): AppError {
  return new AppError('vault_unavailable', 'the vault is not available; try again', {
    retryAfter: RETRY_AFTER_S,
  });
}
