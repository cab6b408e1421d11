import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bodyOf, hashOf, NO_HASH, parseEntry, withMac, withSignature } from '../../src/audit/audit-entry.js';
import { ChainKey, type AuditKeys } from '../../src/audit/chain-key.js';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { codeOf } from '../../src/errors.js';
import { Random } from '../support/random.js';
import { AUDIT_KEYS, newFolder, writeChain } from './chains.js';
import { filesOf, MUTATIONS, putFiles, type Files } from './mutations.js';

/** More by `npm run prove:audit`. */
const COUNT = Number(process.env['AUDIT_MUTATIONS'] ?? 500);

const dirs: string[] = [];
let files: Files;
let others: Files;

beforeAll(async () => {
  for (let i = 0; i < 3; i++) dirs.push(await newFolder());
  const [own = '', other = ''] = dirs;
  await writeChain(own, 60, { segmentBytes: 4_000 });
  await writeChain(own, 30, { segmentBytes: 4_000 });
  await writeChain(other, 60, { segmentBytes: 4_000 });
  await writeChain(other, 30, { segmentBytes: 4_000 });
  files = await filesOf(own);
  others = await filesOf(other);
});
afterAll(async () => {
  for (const dir of dirs) await rm(dir, { recursive: true, force: true });
});

describe('A44: the verifier', () => {
  it('finds nothing in a chain that is as it was written', async () => {
    expect(files.size).toBeGreaterThan(2);
    expect(await verified(files, AUDIT_KEYS)).toMatchObject({ fault: null, torn: 0, open: 0, macs: true });
    expect(await verified(files, null)).toMatchObject({ fault: null, torn: 0, open: 0, macs: false });
  });

  it.each([
    ['changed', (text: string) => text.replace('"r7"', '"rX"'), 10, /^was changed/],
    ['dropped', (text: string) => text.replace(/.*"r7".*\n/, ''), 10, /^is missing: entry 11 stands/],
    ['written twice', (text: string) => text.replace(/.*"r7".*\n/, '$&$&'), 11, /^is another one: entry 10/],
    [
      'swapped with the next',
      (text: string) => text.replace(/(.*"r7".*\n)(.*\n)/, '$2$1'),
      10,
      /^is missing/,
    ],
    ['put into another form', (text: string) => text.replace('"r7",', '"r7", '), 10, /^is no entry/],
  ])('names the entry that was %s', async (_what, change, seq, what) => {
    for (const keys of [AUDIT_KEYS, null]) {
      const text = files.get('0000000001.jsonl')?.toString('latin1') ?? '';
      const changed = new Map(files).set('0000000001.jsonl', Buffer.from(change(text), 'latin1'));
      expect((await verified(changed, keys)).fault).toMatchObject({ seq, what: expect.stringMatching(what) });
    }
  });

  // Without the audit key links alone tell, and the one before may as well be what was changed.
  it.each([
    [
      'spliced in from another node',
      (own: string[], other: string[]) => own.splice(9, 3, ...other.slice(9, 12)),
      10,
      9,
    ],
    [
      'added from another node',
      (own: string[], other: string[]) => own.splice(9, 0, ...other.slice(9, 10)),
      10,
      9,
    ],
    ['moved to another place', (own: string[]) => own.splice(4, 0, ...own.splice(9, 1)), 5, 5],
    ['cut out of the middle', (own: string[]) => own.splice(9, 3), 10, 10],
  ])('names the first entry that was %s', async (_what, change, seq, seqWithoutKey) => {
    const name = '0000000001.jsonl';
    const lines = linesIn(files, name);
    change(lines, linesIn(others, name));
    const changed = new Map(files).set(name, Buffer.from(`${lines.join('\n')}\n`, 'latin1'));
    expect((await verified(changed, AUDIT_KEYS)).fault).toMatchObject({ seq });
    expect((await verified(changed, null)).fault).toMatchObject({ seq: seqWithoutKey });
  });

  it('finds a past that was written anew with the audit key: what signed it is gone', async () => {
    const name = '0000000001.jsonl';
    const lines = linesIn(files, name);
    const forged = await writtenAnew(lines, (line) => line.replace('"r7"', '"rX"'));
    const changed = new Map(files).set(
      name,
      Buffer.from(forged.map((line) => `${line}\n`).join(''), 'latin1'),
    );
    for (const keys of [AUDIT_KEYS, null]) {
      expect((await verified(changed, keys)).fault).toEqual({
        seq: 1 + lines.findIndex((line) => line.includes('"log.checkpoint"')),
        what: 'is not signed with the key that the checkpoint before it named',
        file: expect.stringContaining(name),
      });
    }
  });

  it('finds that a chain ends before a head that was seen from outside, or is another than that', async () => {
    await putFiles(dirs[2] ?? '', files);
    const { head } = await verifyChain(dirs[2] ?? '', { keys: AUDIT_KEYS });
    const check = async (seq: number, hash: string) =>
      (await verifyChain(dirs[2] ?? '', { keys: AUDIT_KEYS, known: [{ seq, hash }] })).fault;
    expect(await check(head.seq, head.hash)).toBeNull();
    expect(await check(head.seq + 3, head.hash)).toMatchObject({ seq: head.seq + 1 });
    expect(await check(head.seq - 3, head.hash)).toMatchObject({ seq: head.seq - 3 });
  });

  it.each([
    ['with the audit key', AUDIT_KEYS],
    ['without it', null],
  ])(
    `finds each of ${COUNT} mutations, %s`,
    async (_title, keys) => {
      const random = new Random(44);
      const names = Object.keys(MUTATIONS);
      const missed: string[] = [];
      for (let i = 0; i < COUNT; i++) {
        const name = names[i % names.length] ?? '';
        const changed = new Map(files);
        const where = MUTATIONS[name]?.(changed, others, () => random.next()) ?? '';
        if (same(changed, files) || (keys === null && onlyMacOfHead(changed))) continue;
        if (await passes(changed, keys)) missed.push(`${name}: ${where}`);
      }
      expect(missed).toEqual([]);
    },
    20_000 + COUNT * 40,
  );
});

function linesIn(chain: Files, name: string): string[] {
  return chain.get(name)?.toString('latin1').trimEnd().split('\n') ?? [];
}

function same(a: Files, b: Files): boolean {
  return a.size === b.size && [...a].every(([name, bytes]) => b.get(name)?.equals(bytes));
}

/** Changed lines with links and MACs that fit, by somebody who has the audit key. Their signatures are the old ones. */
async function writtenAnew(lines: readonly string[], change: (line: string) => string): Promise<string[]> {
  const key = await ChainKey.derive(AUDIT_KEYS, parseEntry(lines[0] ?? '')?.resource ?? '');
  let prev = NO_HASH;
  return lines.map(change).map((line) => {
    const entry = parseEntry(line);
    if (entry === null) throw new Error('no entry');
    const body = bodyOf(entry.seq, entry.time, entry, prev);
    const forged = withSignature(withMac(body, key.mac(entry.seq, body)), entry.signature);
    prev = hashOf(forged);
    return forged;
  });
}

/** The one thing that tells nothing to who has no audit key. */
function onlyMacOfHead(changed: Files): boolean {
  const claim = (chain: Files): string => chain.get('head')?.toString('latin1').slice(0, 75) ?? '';
  const rest = new Map(changed).set('head', files.get('head') ?? Buffer.alloc(0));
  return same(rest, files) && claim(changed) === claim(files) && changed.get('head')?.length === 141;
}

async function passes(chain: Files, keys: AuditKeys | null): Promise<boolean> {
  try {
    return (await verified(chain, keys)).fault === null;
  } catch (error) {
    if (codeOf(error) === 'bad_request') return false;
    throw error;
  }
}

async function verified(chain: Files, keys: AuditKeys | null) {
  const dir = dirs[2] ?? '';
  await putFiles(dir, chain);
  return verifyChain(dir, { keys });
}
