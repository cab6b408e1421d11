import { stat } from 'node:fs/promises';
import { AppError } from '../errors.js';
import { NO_HASH, type AuditEntry } from './audit-entry.js';
import { ChainChecker, type Head } from './chain-checker.js';
import { ChainKey, type AuditKeys } from './chain-key.js';
import { readHead, segmentsOf } from './segment.js';
import { chainOf, readChain, wrongHead } from './verify-chain.js';

/** Where a chain goes on. */
export interface Recovered {
  chain: string;
  head: Head;
  /** The public key that the next checkpoint is signed with. */
  signer: string;
  /** The segment that is written to, and how much of it is whole. */
  path: string;
  size: number;
  /** Bytes of an entry that a crash cut off. */
  torn: number;
  /** Intents that a process died with. */
  open: readonly AuditEntry[];
}

/** Older segments are for `npx tonewall audit verify`: a start must not take minutes. */
const SEGMENTS_READ = 2;

/** What to do with a chain that can't be gone on with. */
export const SET_ASIDE =
  'see npx tonewall audit verify, keep the folder as evidence, and move it away: a new chain then begins';

/**
 * Reads the end of a chain and checks it; null when none has begun. Rejects with AppError `config_invalid` when it is
 * not as it was written.
 */
export async function recoverChain(dir: string, keys: AuditKeys): Promise<Recovered | null> {
  const saved = await readHead(dir);
  const segments = await segmentsOf(dir);
  const chain = await chainOf(segments);
  const read = segments.slice(-SEGMENTS_READ);
  const [first] = read;
  const last = read.at(-1);
  // A process may have died with its first line half written.
  if (chain === '' && saved === null && segments.length < 2) return null;
  if (first === undefined || last === undefined) throw spoiled(dir, 1, 'is missing');
  const from = { seq: first.first - 1, hash: first.first === 1 ? NO_HASH : '' };
  const checker = new ChainChecker(from, await ChainKey.derive(keys, chain));
  const { fault, torn } = await readChain(read, checker, { heads: saved === null ? [] : [saved] });
  const { head, signer, open } = checker;
  // The first line is on disk before there is a head.
  const begun = saved === null && head.seq === 1;
  const wrong = fault ?? (begun ? null : wrongHead(saved, head, await ChainKey.derive(keys, chain)));
  if (wrong !== null) throw spoiled(dir, wrong.seq, wrong.what);
  if (signer === null) throw spoiled(dir, head.seq + 1, 'is missing');
  const size = (await stat(last.path)).size - torn;
  return { chain, head, signer, path: last.path, size, torn, open };
}

function spoiled(dir: string, seq: number, what: string): AppError {
  return new AppError(
    'config_invalid',
    `the audit trail in ${dir} is spoiled: entry ${seq} ${what}; ${SET_ASIDE}`,
  );
}
