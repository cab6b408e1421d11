import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { timestamp, type Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { bodyOf, hashOf, withMac, withSignature, type AuditNote } from './audit-entry.js';
import type { Head } from './chain-checker.js';
import { openChain, type OpenChain } from './chain-files.js';
import { EPOCH_ENTRIES, type AuditKeys } from './chain-key.js';
import { recoverChain, type Recovered } from './recover-chain.js';
import { headText, segmentName } from './segment.js';
import { SegmentFile } from './segment-file.js';

export interface AuditLogOptions {
  /** The folder of the chain, which no other process may have open. */
  dir: string;
  keys: AuditKeys;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  segmentBytes?: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENT_MS = 24 * 3_600_000;
const CHECKPOINT_MS = 60_000;
const RETRY_MS = 1_000;
/** Entries that wait for the disk at once, some megabytes; what comes beyond is refused. */
export const MAX_WAITING = 10_000;
/** Entries in one write. */
const BATCH = 500;
const RETRY_AFTER_S = 5;

/** `down`: the disk takes nothing, and it is tried again. `spoiled`: the chain is not what was written. */
type State = 'ready' | 'down' | 'spoiled' | 'closed';

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
  readonly #options: AuditLogOptions;
  readonly #chain: OpenChain;
  readonly #waiting: Waiting[] = [];
  /** Null between two segments. */
  #segment: SegmentFile | null;
  #segmentBegan: number;
  #head: Head;
  #state: State = 'ready';
  #flushing: Promise<void> | null = null;
  #checkpointDue = false;
  #checkpointed = false;
  #cancelCheckpoint: (() => void) | null = null;
  #cancelRetry = () => {};

  private constructor(options: AuditLogOptions, chain: OpenChain) {
    this.#options = options;
    this.#chain = chain;
    this.#segment = chain.segment;
    this.#segmentBegan = options.clock.now();
    this.#head = chain.head;
    this.#turn('ready');
  }

  /**
   * Goes on with the chain in `dir`, or begins one. Rejects with AppError `config_invalid` when the end of the chain is
   * not as it was written, or nothing can be written.
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const { dir, keys } = options;
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const found = await recoverChain(dir, keys);
      const log = new AuditLog(options, await openChain(dir, keys, found));
      try {
        await log.#start(found);
      } catch (error) {
        await log.close();
        throw error;
      }
      return log;
    } catch (error) {
      if (codeOf(error) === 'config_invalid') throw error;
      throw new AppError('config_invalid', `the audit trail can not be written to ${dir} (${codeOf(error)})`);
    }
  }

  /** Names the chain: its first public key. */
  get chain(): string {
    return this.#chain.name;
  }

  /** Whether entries are written now. */
  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** What is on disk for certain. */
  get head(): Head {
    return this.#head;
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
    await this.#segment?.close();
    await this.#chain.headFile.close();
  }

  async #start(found: Recovered | null): Promise<void> {
    if (found === null) await this.append(ownNote('log.begin', this.chain));
    const torn = found === null || found.torn === 0 ? '' : `, ${found.torn} bytes of an entry cut off`;
    await this.append(ownNote('log.start', `after ${headText(this.#head)}${torn}`));
    const open = found?.open ?? [];
    for (let at = 0; at < open.length; at += BATCH) {
      await Promise.all(
        open
          .slice(at, at + BATCH)
          .map(({ seq, ...intent }) => this.append({ ...intent, outcome: 'unknown', intent: seq })),
      );
    }
  }

  #enqueue(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#kick();
  }

  /** Not within this turn: who comes in it is written together. */
  #kick(): void {
    this.#flushing ??= Promise.resolve().then(() => this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0 || (this.#checkpointDue && !this.#checkpointed)) {
      const batch = this.#waiting.splice(0, Math.min(BATCH, this.#roomInEpoch()));
      try {
        await this.#write(batch);
      } catch (error) {
        this.#failed(batch, error);
        break;
      }
    }
    this.#flushing = null;
  }

  /** Entries up to the one that must be a checkpoint. */
  #roomInEpoch(): number {
    return EPOCH_ENTRIES - 1 - (this.#head.seq % EPOCH_ENTRIES);
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const { signer } = this.#chain;
    const segment = (this.#segment ??= await this.#nextSegment());
    const lines: string[] = [];
    let head = this.#head;
    const add = (note: AuditNote): void => {
      const line = this.#line(head, note);
      lines.push(`${line}\n`);
      head = { seq: head.seq + 1, hash: hashOf(line) };
    };
    for (const { note } of batch) add(note);
    const full = this.#isFull(segment);
    const checkpoint = full || this.#checkpointDue || batch.length === this.#roomInEpoch();
    if (checkpoint) {
      this.#checkpointDue = false;
      await signer.save();
      add(ownNote('log.checkpoint', signer.nextName));
    }
    await segment.append(lines.join(''));
    if (this.#state === 'down') this.#turn('ready');
    const first = this.#head.seq + 1;
    this.#head = head;
    this.#checkpointed = checkpoint;
    batch.forEach(({ resolve }, at) => resolve(first + at));
    await this.#settle(first === 1 || checkpoint, checkpoint, full ? segment : null);
  }

  /** What follows a write. The entries are on disk: when this fails, the next write has to wait, not they. */
  async #settle(sync: boolean, checkpoint: boolean, full: SegmentFile | null): Promise<void> {
    const { signer, headFile, key } = this.#chain;
    const text = headText(this.#head);
    try {
      await headFile.write(`${text} ${key.mac(this.#head.seq, text)}\n`, 0, 'latin1');
      if (sync) await headFile.sync();
      if (checkpoint) await signer.advance();
      if (full !== null) {
        this.#segment = null;
        await full.seal();
      }
    } catch (error) {
      this.#failed([], error);
    }
    if (!checkpoint) return this.#checkpointSoon();
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = null;
  }

  #line({ seq, hash }: Head, note: AuditNote): string {
    const { key, signer } = this.#chain;
    const body = bodyOf(seq + 1, timestamp(this.#options.clock.now()), note, hash);
    const line = withMac(body, key.mac(seq + 1, body));
    const signed = note.type === 'log.begin' || note.type === 'log.checkpoint';
    return withSignature(line, signed ? signer.sign(line) : '');
  }

  #isFull({ size }: SegmentFile): boolean {
    const { segmentBytes = SEGMENT_BYTES, clock } = this.#options;
    return size >= segmentBytes || clock.now() - this.#segmentBegan >= SEGMENT_MS;
  }

  #nextSegment(): Promise<SegmentFile> {
    this.#segmentBegan = this.#options.clock.now();
    return SegmentFile.open(join(this.#options.dir, segmentName(this.#head.seq + 1)), 0);
  }

  #checkpointSoon(): void {
    this.#cancelCheckpoint ??= this.#options.clock.after(CHECKPOINT_MS, () => {
      this.#cancelCheckpoint = null;
      this.#checkpointDue = !this.#checkpointed;
      this.#kick();
    });
  }

  #failed(batch: readonly Waiting[], error: unknown): void {
    const all = [...batch, ...this.#waiting.splice(0)];
    this.#refuse(all);
    if (codeOf(error) === 'internal') return this.spoil('a file of the chain was changed, or is gone');
    this.#waiting.push(...all.filter(({ reject }) => reject === null));
    if (this.#state === 'ready') {
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

function ownNote(type: AuditNote['type'], resource: string): AuditNote {
  return { actor: 'service', type, outcome: 'done', origin: 'here', resource, intent: 0 };
}

function unavailable(): AppError {
  return new AppError('vault_unavailable', 'the vault is not available; try again', {
    retryAfter: RETRY_AFTER_S,
  });
}
