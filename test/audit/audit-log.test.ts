import {
  appendFile,
  cp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MAX_WAITING } from '../../src/audit/audit-log.js';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { ManualClock } from '../support/manual-clock.js';
import { AUDIT_KEYS, entriesOf, newFolder, note, openLog, until, writeChain } from './chains.js';

const folders: string[] = [];
afterEach(async () => {
  for (const dir of folders.splice(0)) await rm(dir, { recursive: true, force: true });
});

describe('an audit log', () => {
  it('writes entries in the order in which they came, and knows their numbers', async () => {
    const dir = await folder();
    const log = await openLog(dir);
    const numbers = await Promise.all(['a', 'b', 'c'].map((resource) => log.append(note(resource))));
    await log.close();
    expect(numbers).toEqual([3, 4, 5]);
    expect((await entriesOf(dir)).map(({ seq, type, resource }) => [seq, type, resource])).toEqual([
      [1, 'log.begin', expect.stringMatching(/^ed25519:/)],
      [2, 'log.start', expect.stringMatching(/^after 0000000001 [0-9a-f]{64}$/)],
      [3, 'token.read', 'a'],
      [4, 'token.read', 'b'],
      [5, 'token.read', 'c'],
      [6, 'log.stop', ''],
      [7, 'log.checkpoint', expect.stringMatching(/^ed25519:/)],
    ]);
  });

  it('has an entry on disk when its promise resolves', async () => {
    const dir = await folder();
    const log = await openLog(dir);
    for (const resource of ['a', 'b']) {
      await log.append(note(resource));
      expect((await entriesOf(dir)).at(-1)?.resource).toBe(resource);
    }
    await log.close();
  });

  it('goes on where it ended, and says after which entry', async () => {
    const dir = await folder();
    await writeChain(dir, 1);
    await writeChain(dir, 1);
    const entries = await entriesOf(dir);
    expect(entries.map(({ type }) => type)).toEqual([
      ...['log.begin', 'log.start', 'token.read', 'log.stop', 'log.checkpoint'],
      ...['log.start', 'token.read', 'log.stop', 'log.checkpoint'],
    ]);
    expect(entries[5]?.resource).toBe(`after 0000000005 ${entries[5]?.prev}`);
    expect((await verify(dir)).fault).toBeNull();
  });

  it('signs each thousandth entry, with a key of its own', async () => {
    const dir = await folder();
    await writeChain(dir, 2_100);
    const signed = (await entriesOf(dir)).filter(({ signature }) => signature !== '');
    expect(signed.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'log.begin'],
      [1000, 'log.checkpoint'],
      [2000, 'log.checkpoint'],
      [2106, 'log.checkpoint'],
    ]);
    expect(new Set(signed.map(({ resource }) => resource)).size).toBe(4);
  });

  it('signs after a minute, and not again while nothing is written', async () => {
    const dir = await folder();
    const clock = new ManualClock();
    const log = await openLog(dir, { clock });
    for (const resource of ['a', 'b']) {
      const seq = await log.append(note(resource));
      await until(() => clock.waiting === 1);
      clock.advance(60_000);
      await until(() => log.head.seq === seq + 1);
      clock.advance(60_000);
    }
    await log.close();
    const types = (await entriesOf(dir)).map(({ type }) => type);
    expect(types.slice(2)).toEqual([
      ...['token.read', 'log.checkpoint', 'token.read', 'log.checkpoint', 'log.stop', 'log.checkpoint'],
    ]);
  });

  it('begins a new file when one is full, or a day old, and seals the old one with a signature', async () => {
    const dir = await folder();
    const clock = new ManualClock();
    const log = await openLog(dir, { clock, segmentBytes: 4_000 });
    for (let i = 0; i < 40; i++) await log.append(note(`r${i}`));
    clock.advance(25 * 3_600_000);
    await log.append(note('the last of the day'));
    await log.append(note('the first of the next'));
    await log.close();
    const files = (await readdir(dir)).filter((name) => name.endsWith('.jsonl'));
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const lines = (await readFile(join(dir, file), 'utf8')).trim().split('\n');
      expect(lines.at(-1)).toContain('"log.checkpoint"');
    }
    expect((await verify(dir)).fault).toBeNull();
  });

  it('takes away an entry that a crash cut off, and says so', async () => {
    const dir = await folder();
    const log = await openLog(dir);
    await log.append(note('a'));
    const file = join(dir, '0000000001.jsonl');
    await appendFile(file, '{"seq":4,"time":"20');
    expect(await verify(dir)).toMatchObject({ fault: null, torn: 19, head: { seq: 3 } });
    await writeChain(dir, 1);
    const entries = await entriesOf(dir);
    expect(entries[3]).toMatchObject({ seq: 4, type: 'log.start' });
    expect(entries[3]?.resource).toMatch(/^after 0000000003 [0-9a-f]{64}, 19 bytes of an entry cut off$/);
    expect((await verify(dir)).fault).toBeNull();
  });

  it('knows the intents that a process died with', async () => {
    const dir = await folder();
    const log = await openLog(dir);
    const intent = await log.append(note('a token', { outcome: 'intent' }));
    const answered = await log.append(note('another', { outcome: 'intent' }));
    await log.append(note('another', { outcome: 'done', intent: answered }));
    await log.close();
    const next = await openLog(dir);
    expect([...next.unfinished.values()]).toMatchObject([{ seq: intent, resource: 'a token' }]);
    await next.close();
  });

  it.each([
    ['an entry is changed', (text: string) => text.replace('"r1"', '"rX"'), /entry 4 was changed/],
    ['an entry is gone', (text: string) => text.replace(/.*"r1".*\n/, ''), /entry 4 is missing/],
    ['its end is cut off', (text: string) => text.slice(0, -500), /entry \d+ is missing/],
    ['all of it is', () => '', /entry 1 is missing/],
  ])('A44: does not go on when %s', async (_what, change, words) => {
    const dir = await folder();
    await writeChain(dir, 3);
    const file = join(dir, '0000000001.jsonl');
    await writeFile(file, change(await readFile(file, 'utf8')));
    await expect(openLog(dir)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(words),
    });
  });

  it.each(['head', 'signer'])('A44: does not go on without its file %s', async (name) => {
    const dir = await folder();
    await writeChain(dir, 3);
    await unlink(join(dir, name));
    await expect(openLog(dir)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('A44: begins once the disk has room, and tells of the gap', async () => {
    const dir = await folder();
    const clock = new ManualClock();
    await symlink('/dev/full', join(dir, 'signer.new'));
    const log = await openLog(dir, { clock });
    expect([log.ready, log.chain]).toEqual([false, '']);
    await expect(log.append(note('a'))).rejects.toMatchObject({ code: 'vault_unavailable' });
    log.owe(note('b'));
    clock.advance(1_000);
    await until(() => clock.waiting > 0);
    expect(log.ready).toBe(false);
    await unlink(join(dir, 'signer.new'));
    clock.advance(1_000);
    await until(() => log.head.seq === 4);
    expect(log.ready).toBe(true);
    await log.close();
    expect((await entriesOf(dir)).slice(0, 4).map(({ type, resource }) => [type, resource])).toEqual([
      ['log.begin', log.chain],
      ['log.start', expect.any(String)],
      ['log.gap', 'ENOSPC'],
      ['token.read', 'b'],
    ]);
    expect((await verify(dir)).fault).toBeNull();
  });

  it('signs a thousand whose checkpoint a crash cut off', async () => {
    const dir = await folder();
    const log = await openLog(dir);
    for (let i = 0; i < 990; i += 30) {
      await Promise.all(Array.from({ length: 30 }, (_, n) => log.append(note(`r${i + n}`))));
    }
    const crashed = await folder();
    await cp(dir, crashed, { recursive: true });
    await Promise.all(Array.from({ length: 7 }, (_, n) => log.append(note(`the last ${n}`))));
    await log.close();
    const lines = (await readFile(join(dir, '0000000001.jsonl'), 'latin1')).split('\n');
    await writeFile(join(crashed, '0000000001.jsonl'), `${lines.slice(0, 999).join('\n')}\n`);
    await writeChain(crashed, 1);
    const types = (await entriesOf(crashed)).slice(998, 1_002).map(({ type }) => type);
    expect(types).toEqual(['token.read', 'log.checkpoint', 'log.start', 'token.read']);
    expect((await verify(crashed)).fault).toBeNull();
  });

  it('does not open where no folder can be', async () => {
    const dir = await folder();
    await writeFile(join(dir, 'file'), '');
    await expect(openLog(join(dir, 'file'))).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^the audit trail can not be written to .*file \(EEXIST\)$/),
    });
  });

  it.each([
    ['is gone', (file: string) => unlink(file)],
    ['was cut', (file: string) => truncate(file, 10)],
    ['was added to', (file: string) => appendFile(file, 'x')],
  ])('A44: refuses everything, for good, when its file %s', async (_what, harm) => {
    const dir = await folder();
    const log = await openLog(dir);
    await harm(join(dir, '0000000001.jsonl'));
    await expect(log.append(note('a'))).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect(log.ready).toBe(false);
    await expect(log.append(note('b'))).rejects.toMatchObject({ code: 'vault_unavailable' });
    await log.close();
  });

  it('refuses what is more than may wait', async () => {
    const log = await openLog(await folder());
    const asked = Array.from({ length: MAX_WAITING + 1 }, (_, i) => log.append(note(`r${i}`)));
    const results = await Promise.allSettled(asked);
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(results.at(-1)?.status).toBe('rejected');
    await log.close();
  });
});

async function folder(): Promise<string> {
  const dir = await newFolder();
  folders.push(dir);
  return dir;
}

function verify(dir: string) {
  return verifyChain(dir, { keys: AUDIT_KEYS });
}
