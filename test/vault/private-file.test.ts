import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  changePrivate,
  createPrivate,
  MAX_PRIVATE_BYTES,
  readPrivate,
} from '../../src/vault/private-file.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const named = (name: string) => ({ path: join(dir, name), setting: 'A_FILE', missing: 'make one' });

async function written(name: string, content: string | Uint8Array = 'old', mode = 0o600) {
  await writeFile(join(dir, name), content);
  await chmod(join(dir, name), mode);
  return named(name);
}

describe('a private file', () => {
  it('is read as it is, off the heap', async () => {
    const bytes = await readPrivate(await written('read'));
    expect(bytes.toString()).toBe('old');
    expect(bytes.buffer.byteLength).toBe(65_536);
  });

  it('of 64 KiB is read, and of a byte more refused', async () => {
    const most = await readPrivate(await written('most', new Uint8Array(MAX_PRIVATE_BYTES).fill(7)));
    expect(most.equals(Buffer.alloc(65_536, 7))).toBe(true);
    await expect(
      readPrivate(await written('more', new Uint8Array(MAX_PRIVATE_BYTES + 1))),
    ).rejects.toMatchObject({ code: 'config_invalid', message: 'A_FILE is larger than 64 KiB' });
  });

  it.each([0o640, 0o610, 0o604, 0o601])('that others may use (mode %o) is refused', async (mode) => {
    const file = await written(`mode-${mode}`, 'old', mode);
    await expect(readPrivate(file)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `A_FILE can be read by others: chmod 600 ${file.path}`,
    });
  });

  it('that can not be had is refused with the reason', async () => {
    const taken = await written('taken');
    const reasons = [
      readPrivate(named('nowhere')),
      readPrivate(named('read/below')),
      createPrivate(named('nowhere/new'), Buffer.from('new')),
      createPrivate(taken, Buffer.from('new')),
      changePrivate(named('nowhere/old'), () => Promise.resolve(Buffer.from('new'))),
      changePrivate(named('nowhere'), () => Promise.resolve(Buffer.from('new'))),
    ].map((refused) =>
      refused.then(String, ({ code, message }: { code: string; message: string }) => [code, message]),
    );
    expect(await Promise.all(reasons)).toEqual(
      [
        'A_FILE is missing: make one',
        'A_FILE can not be opened (ENOTDIR)',
        'A_FILE can not be opened (ENOENT)',
        'A_FILE exists already: it is never overwritten',
        'A_FILE can not be opened (ENOENT)',
        'A_FILE is missing: make one',
      ].map((message) => ['config_invalid', message]),
    );
  });

  it('is made for its owner alone', async () => {
    await createPrivate(named('new'), Buffer.from('new'));
    expect((await stat(join(dir, 'new'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(dir, 'new'), 'utf8')).toBe('new');
  });

  it('is changed from what it was, and nothing is left beside it', async () => {
    const file = await written('changed');
    await changePrivate(file, (old) => Promise.resolve(Buffer.from(`${old.toString()} and new`)));
    expect(await readFile(file.path, 'utf8')).toBe('old and new');
    expect((await readdir(dir)).filter((name) => name.startsWith('changed'))).toEqual(['changed']);
  });

  it('gives what it was to a change as bytes that are zeroed', async () => {
    let given: Buffer = Buffer.alloc(0);
    await changePrivate(await written('zeroed'), (old) => {
      given = old;
      return Promise.resolve(Buffer.from('new'));
    });
    expect([...given]).toEqual([0, 0, 0]);
  });

  it('is changed by one at a time: what a broken change left is named', async () => {
    const file = await written('locked');
    await writeFile(`${file.path}.new`, '');
    await expect(changePrivate(file, () => Promise.resolve(Buffer.from('new')))).rejects.toMatchObject({
      message: `A_FILE is being changed by another command, or one was cut off: then remove ${file.path}.new`,
    });
    expect(await readFile(file.path, 'utf8')).toBe('old');
  });
});

const asRoot = process.getuid?.() === 0 ? it : it.skip;

asRoot.each([
  [1234, 1234],
  [0, 1234],
  [1234, 0],
])('a changed file stays that of its owner: %i, %i', async (uid, gid) => {
  const file = await written(`owned-${uid}-${gid}`);
  await chown(file.path, uid, gid);
  await changePrivate(file, () => Promise.resolve(Buffer.from('new')));
  expect(await stat(file.path)).toMatchObject({ uid, gid });
});

const onLinux = process.platform === 'linux' ? it : it.skip;

onLinux('no file is left open', async () => {
  const open = async () => (await readdir('/proc/self/fd')).length;
  const file = await written('opened');
  const before = await open();
  for (let n = 0; n < 20; n++) {
    await readPrivate(file);
    await createPrivate(named(`opened-${n}`), Buffer.from('new'));
    await changePrivate(file, () => Promise.resolve(Buffer.from('new')));
  }
  // Jest itself may have opened one or two.
  expect((await open()) - before).toBeLessThan(10);
});
