import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { timestamp, type Clock } from '../clock.js';
import { AppError } from '../errors.js';
import { bodyOf, hashOf, ownNote, withMac, withSignature, type AuditNote } from './audit-entry.js';
import { EMPTY, type Head } from './chain-checker.js';
import { ChainKey, EPOCH_ENTRIES, signerPassphrase, type AuditKeys } from './chain-key.js';
import { ChainSigner } from './chain-signer.js';
import { SET_ASIDE, type Recovered } from './recover-chain.js';
import { HEAD_FILE, headText, segmentName } from './segment.js';
import { SegmentFile } from './segment-file.js';

export interface ChainOptions {
  /** The folder of the chain, which no other process may have open. */
  dir: string;
  keys: AuditKeys;
  clock: Clock;
  segmentBytes?: number;
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENT_MS = 24 * 3_600_000;

/** A chain as it is opened for writing. */
interface Parts {
  /** Its first public key. */
  name: string;
  head: Head;
  key: ChainKey;
  signer: ChainSigner;
  segment: SegmentFile;
  headFile: FileHandle;
}

/** The files of a chain that is written to, one call at a time. What they can't take rejects with the system's error. */
export class ChainWriter {
  /** The first public key. */
  readonly name: string;
  readonly #options: ChainOptions;
  readonly #key: ChainKey;
  readonly #signer: ChainSigner;
  readonly #headFile: FileHandle;
  /** Null between two segments. */
  #segment: SegmentFile | null;
  #segmentBegan: number;
  #head: Head;
  #signed = false;

  private constructor(options: ChainOptions, { name, head, key, signer, segment, headFile }: Parts) {
    this.#options = options;
    this.name = name;
    this.#head = head;
    this.#key = key;
    this.#signer = signer;
    this.#segment = segment;
    this.#segmentBegan = options.clock.now();
    this.#headFile = headFile;
  }

  /** Goes on with the chain that was found, or begins one. Rejects with AppError `config_invalid` when it can't. */
  static async open(options: ChainOptions, found: Recovered | null): Promise<ChainWriter> {
    const { dir, keys } = options;
    const passphrase = await signerPassphrase(keys);
    const signer =
      found === null
        ? await ChainSigner.create(dir, passphrase)
        : await ChainSigner.open(dir, passphrase, found.signer);
    if (signer === null) {
      throw new AppError('config_invalid', `${dir}/signer lacks the key of the audit trail: ${SET_ASIDE}`);
    }
    const name = found?.chain ?? signer.name;
    const key = await ChainKey.derive(keys, name);
    const path = found?.path ?? join(dir, segmentName(1));
    const head = join(dir, HEAD_FILE);
    await (await open(head, 'a', 0o600)).close();
    const segment = await SegmentFile.open(path, found?.size ?? 0);
    const headFile = await open(head, 'r+');
    return new ChainWriter(options, { name, head: found?.head ?? EMPTY, key, signer, segment, headFile });
  }

  /** What is on disk for certain. */
  get head(): Head {
    return this.#head;
  }

  /** Whether the last entry is a checkpoint. */
  get signed(): boolean {
    return this.#signed;
  }

  /** Entries up to the one that must be a checkpoint. */
  get room(): number {
    return EPOCH_ENTRIES - 1 - (this.#head.seq % EPOCH_ENTRIES);
  }

  /** Gives the number of the first. As many as there is `room` for; a checkpoint follows when it is due, or asked for. */
  async append(notes: readonly AuditNote[], checkpoint = false): Promise<number> {
    const segment = (this.#segment ??= await this.#nextSegment());
    const lines: string[] = [];
    let head = this.#head;
    const add = (note: AuditNote): void => {
      const line = this.#line(head, note);
      lines.push(`${line}\n`);
      head = { seq: head.seq + 1, hash: hashOf(line) };
    };
    for (const note of notes) add(note);
    const signed = checkpoint || this.#isFull(segment) || notes.length === this.room;
    if (signed) {
      await this.#signer.save();
      add(ownNote('log.checkpoint', this.#signer.nextName));
    }
    await segment.append(lines.join(''));
    const first = this.#head.seq + 1;
    this.#head = head;
    this.#signed = signed;
    return first;
  }

  /** What follows an `append`, whose entries are on disk already: when this rejects, what comes next has to wait. */
  async settle(): Promise<void> {
    // First: whatever fails here, the next checkpoint is signed with the key that the last one named.
    if (this.#signed) await this.#signer.advance();
    const text = headText(this.#head);
    await this.#headFile.write(`${text} ${this.#key.mac(this.#head.seq, text)}\n`, 0, 'latin1');
    if (this.#signed || this.#head.seq === 1) await this.#headFile.sync();
    if (!this.#signed) return;
    const segment = this.#segment;
    if (segment === null || !this.#isFull(segment)) return;
    this.#segment = null;
    await segment.seal();
  }

  async write(notes: readonly AuditNote[]): Promise<void> {
    await this.append(notes);
    await this.settle();
  }

  async close(): Promise<void> {
    await this.#segment?.close();
    await this.#headFile.close();
  }

  #line({ seq, hash }: Head, note: AuditNote): string {
    const body = bodyOf(seq + 1, timestamp(this.#options.clock.now()), note, hash);
    const line = withMac(body, this.#key.mac(seq + 1, body));
    const signed = note.type === 'log.begin' || note.type === 'log.checkpoint';
    return withSignature(line, signed ? this.#signer.sign(line) : '');
  }

  #isFull({ size }: SegmentFile): boolean {
    const { segmentBytes = SEGMENT_BYTES, clock } = this.#options;
    return size >= segmentBytes || clock.now() - this.#segmentBegan >= SEGMENT_MS;
  }

  #nextSegment(): Promise<SegmentFile> {
    this.#segmentBegan = this.#options.clock.now();
    return SegmentFile.open(join(this.#options.dir, segmentName(this.#head.seq + 1)), 0);
  }
}
