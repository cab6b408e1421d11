import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { coveredBy, hashOf, NO_HASH, parseEntry, type AuditEntry } from './audit-entry.js';
import type { ChainKey } from './chain-key.js';

/** The first entry that is not as it was written. */
export interface Fault {
  seq: number;
  what: string;
}

/** Where a chain stands. */
export interface Head {
  /** 0: nothing is written yet. */
  seq: number;
  /** Of the last line; empty when it is not known. */
  hash: string;
}

export const EMPTY: Head = { seq: 0, hash: NO_HASH };

/** Intents that are remembered until their outcome comes. */
const MAX_OPEN = 100_000;

/** DER of an Ed25519 public key up to its 32 bytes (RFC 8410). */
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_KEY = /^ed25519:([A-Za-z0-9_-]{43})$/;

/**
 * Reads a chain line by line and says where it is broken. What it remembers does not grow with the chain. Signatures
 * are checked by what the chain says of its own keys, beginning with the first; MACs are when there is a key.
 */
export class ChainChecker {
  readonly #open = new Map<number, AuditEntry>();
  readonly #key: ChainKey | null;
  #head: Head;
  #signer: string | null = null;
  #publicKey: KeyObject | null = null;
  checkpoints = 0;

  /** `from`: what the first line follows. Who signs is known from the beginning, or the first checkpoint, on. */
  constructor(from: Head, key: ChainKey | null) {
    this.#head = from;
    this.#key = key;
  }

  get head(): Head {
    return this.#head;
  }

  /** The public key that the next checkpoint is signed with, as `ed25519:…`; null while no entry named it. */
  get signer(): string | null {
    return this.#signer;
  }

  /** Intents without an outcome. */
  get open(): readonly AuditEntry[] {
    return [...this.#open.values()];
  }

  /** The entry, or what is wrong. After a fault nothing more can be checked. */
  take(line: string): AuditEntry | Fault {
    const expected = this.#head.seq + 1;
    const entry = parseEntry(line);
    if (entry === null) return { seq: expected, what: 'is no entry: changed, or cut' };
    const fault = this.#misplaced(entry, expected) ?? this.#forged(entry, line) ?? this.#unlinked(entry);
    if (fault !== null) return fault;
    this.#note(entry, line);
    return entry;
  }

  #misplaced(entry: AuditEntry, expected: number): Fault | null {
    if (entry.seq === expected) return null;
    const what = entry.seq > expected ? 'is missing' : 'is another one';
    return { seq: expected, what: `${what}: entry ${entry.seq} stands in its place` };
  }

  #forged(entry: AuditEntry, line: string): Fault | null {
    const { seq, mac, signature } = entry;
    const covered = coveredBy(entry, line);
    if (this.#key !== null && this.#key.mac(seq, covered.mac) !== mac) {
      return { seq, what: 'was changed, or is of another chain: its MAC does not fit' };
    }
    if (signs(entry) !== (signature !== '')) return { seq, what: 'has a signature too many, or lacks one' };
    if (signature === '') return null;
    const named = PUBLIC_KEY.exec(entry.resource)?.[1];
    if (named === undefined) return { seq, what: 'names no public key' };
    if (entry.type === 'log.begin') {
      if (seq !== 1) return { seq, what: 'is the beginning of another chain' };
      this.#trust(entry.resource);
    }
    if (
      this.#publicKey !== null &&
      !verify(null, Buffer.from(covered.signature), this.#publicKey, Buffer.from(signature, 'base64url'))
    ) {
      return { seq, what: 'is not signed with the key that the checkpoint before it named' };
    }
    return null;
  }

  /** What is not known to be right by its MAC may itself be what was changed: the one before is, at the latest. */
  #unlinked(entry: AuditEntry): Fault | null {
    if (this.#head.hash === '' || entry.prev === this.#head.hash) {
      return entry.seq === 1 && entry.type !== 'log.begin' ? { seq: 1, what: 'is no beginning' } : null;
    }
    if (entry.seq === 1) return { seq: 1, what: 'follows something: what was before it is missing' };
    return this.#key === null
      ? { seq: entry.seq - 1, what: `was changed, or entry ${entry.seq} was: they do not hold together` }
      : { seq: entry.seq, what: 'does not follow the entry before it' };
  }

  #note(entry: AuditEntry, line: string): void {
    this.#head = { seq: entry.seq, hash: hashOf(line) };
    if (entry.type === 'log.checkpoint') {
      this.checkpoints++;
      this.#trust(entry.resource);
    }
    if (entry.outcome === 'intent' && this.#open.size < MAX_OPEN) this.#open.set(entry.seq, entry);
    else this.#open.delete(entry.intent);
  }

  #trust(name: string): void {
    const key = Buffer.from(PUBLIC_KEY.exec(name)?.[1] ?? '', 'base64url');
    this.#signer = name;
    this.#publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' });
  }
}

function signs({ type }: AuditEntry): boolean {
  return type === 'log.begin' || type === 'log.checkpoint';
}
