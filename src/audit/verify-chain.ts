import { AppError, codeOf } from '../errors.js';
import { ChainChecker, EMPTY, type Fault, type Head } from './chain-checker.js';
import { ChainKey, type AuditKeys } from './chain-key.js';
import { headText, linesOf, readHead, segmentsOf, type SavedHead, type Segment } from './segment.js';

export interface VerifyOptions {
  /** With the audit key MACs are checked; without it links, checkpoints and the head are. */
  keys: AuditKeys | null;
  /** Heads that are known from elsewhere: the chain must have them. */
  known?: readonly Head[];
  /** What was shipped has no file `head`: where it ends is for `known` to say. */
  shipped?: boolean;
  /** Told now and then how many entries were read. */
  progress?: (entries: number) => void;
}

/** A fault and the file that it is in. */
export type FaultInFile = Fault & { file: string };

export interface Verdict {
  /** The first public key, which names the chain. */
  chain: string;
  head: Head;
  /** Null: all is as it was written. */
  fault: FaultInFile | null;
  checkpoints: number;
  /** Bytes of an entry that a crash cut off, and nobody was told was written. */
  torn: number;
  /** Intents without an outcome. */
  open: number;
  /** Whether MACs were checked. */
  macs: boolean;
}

const PROGRESS_STEP = 1_000;

/**
 * Reads a whole chain, in constant memory, and names the first entry that is not as it was written. Rejects with
 * AppError `bad_request` when there is no chain.
 */
export async function verifyChain(
  dir: string,
  { keys, known, shipped = false, progress }: VerifyOptions,
): Promise<Verdict> {
  // First the head: entries that a running service adds in the meantime are beyond it.
  const saved = await readHead(dir);
  const segments = await existing(dir);
  const chain = await chainOf(segments);
  const key = (): Promise<ChainKey | null> =>
    keys === null ? Promise.resolve(null) : ChainKey.derive(keys, chain);
  const checker = new ChainChecker(EMPTY, await key());
  const heads = [...(known ?? []), ...(saved === null ? [] : [saved])];
  const { fault, torn, file } = await readChain(segments, checker, { heads, progress });
  const found = fault ?? (shipped ? null : wrongHead(saved, checker.head, await key()));
  return {
    ...{ chain, head: checker.head, torn, macs: keys !== null },
    fault: found && { ...found, file },
    ...{ checkpoints: checker.checkpoints, open: checker.open.length },
  };
}

/** What the saved head says of a chain that was read without a fault. */
export function wrongHead(saved: SavedHead | null, head: Head, key: ChainKey | null): Fault | null {
  if (saved === null) return { seq: head.seq + 1, what: 'may be missing: there is no file `head` to say' };
  if (key === null || key.mac(saved.seq, headText(saved)) === saved.mac) return null;
  return { seq: saved.seq + 1, what: 'may be missing: the file `head` was changed' };
}

/** Takes the lines of `segments` to a checker, until something is wrong. The chain must have the `heads`. */
export async function readChain(
  segments: readonly Segment[],
  checker: ChainChecker,
  { heads, progress }: { heads: readonly Head[]; progress?: VerifyOptions['progress'] },
): Promise<{ fault: Fault | null; torn: number; file: string }> {
  const known = new Map(heads.map(({ seq, hash }) => [seq, hash]));
  let file = '';
  let torn = 0;
  for (const segment of segments) {
    file = segment.path;
    const next = checker.head.seq + 1;
    if (torn > 0) return { fault: { seq: next, what: 'is cut' }, torn, file };
    if (segment.first !== next) {
      const what = `is missing: the next file begins with entry ${segment.first}`;
      return { fault: { seq: next, what }, torn, file };
    }
    for await (const line of linesOf(segment)) {
      if (typeof line !== 'string') {
        torn = line.torn;
        continue;
      }
      const taken = checker.take(line);
      if ('what' in taken) return { fault: taken, torn, file };
      const { seq, hash } = checker.head;
      if ((known.get(seq) ?? hash) !== hash) {
        const what = 'is not the one that was seen before: the chain was written anew from here, or earlier';
        return { fault: { seq, what }, torn, file };
      }
      if (seq % PROGRESS_STEP === 0) progress?.(seq);
    }
  }
  const next = checker.head.seq + 1;
  const last = Math.max(0, ...known.keys());
  const fault =
    next === 1
      ? { seq: 1, what: 'is missing: the chain is empty' }
      : last < next
        ? null
        : { seq: next, what: `is missing: the chain went on to entry ${last}` };
  return { fault, torn, file };
}

/** The first public key of a chain, by what its first line says; empty when it says nothing. */
export async function chainOf(segments: readonly Segment[]): Promise<string> {
  const [first] = segments;
  if (first === undefined) return '';
  for await (const line of linesOf(first)) {
    return typeof line === 'string' ? (/"(ed25519:[A-Za-z0-9_-]{43})"/.exec(line)?.[1] ?? '') : '';
  }
  return '';
}

async function existing(dir: string): Promise<Segment[]> {
  try {
    const segments = await segmentsOf(dir);
    if (segments.length > 0) return segments;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw new AppError('bad_request', `${dir} can not be read (${codeOf(error)})`);
    }
  }
  throw new AppError('bad_request', `${dir} holds no audit chain`);
}
