import { createHmac, createSecretKey } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deriveKey, loadFileKeyProvider } from '../../src/vault/file-key-provider.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { describeKeyProvider } from '../contract/key-provider.contract.js';

const CREATED = '2026-11-21T00:00:00.000Z';
let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function newKeyFile(): Promise<string> {
  const path = join(dir, `keys-${count++}.json`);
  await createKeyFile(path, CREATED);
  return path;
}

describeKeyProvider('the key file', async () => {
  const path = await newKeyFile();
  return { keys: await loadFileKeyProvider(path), again: () => loadFileKeyProvider(path) };
});

describe('a key file', () => {
  it('is made for its owner alone, and never overwritten', async () => {
    const path = await newKeyFile();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path);
    await expect(createKeyFile(path, CREATED)).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KEY_FILE exists already: it is never overwritten',
    });
    expect(await readFile(path)).toEqual(before);
  });

  it('is JSON that says what each key is for', async () => {
    expect(JSON.parse(await readFile(await newKeyFile(), 'utf8'))).toEqual({
      format: 1,
      active: 'k1',
      keys: [
        {
          id: 'k1',
          use: 'seal',
          created: CREATED,
          check: expect.stringMatching(/^[0-9a-f]{16}$/),
          secret: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        {
          id: 'm1',
          use: 'mac',
          created: CREATED,
          check: expect.stringMatching(/^[0-9a-f]{16}$/),
          secret: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      ],
    });
  });

  it.each([0o640, 0o604, 0o644])('with mode %o is refused, with the command that mends it', async (mode) => {
    const path = await newKeyFile();
    await chmod(path, mode);
    await expect(loadFileKeyProvider(path)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `VAULT_KEY_FILE can be read by others: chmod 600 ${path}`,
    });
  });

  it('that is missing is refused, with the command that makes it', async () => {
    const path = join(dir, 'none.json');
    await expect(loadFileKeyProvider(path)).rejects.toMatchObject({
      message: `VAULT_KEY_FILE is missing: npx tonewall keys create ${path}`,
    });
  });

  it.each<[string, (text: string) => string]>([
    [
      'with a bit of a key flipped',
      (text) => text.replace(/("secret": ")(.)/, (_, a, b) => a + (b === '0' ? '1' : '0')),
    ],
    ['with a short key', (text) => text.replace(/("secret": ")../, '$1')],
    ['with a key in capitals', (text) => text.replace(/("secret": ")../, '$1AA')],
    ['with an escaped name', (text) => text.replace('"secret"', String.raw`"\u0073ecret"`)],
    ['with an unknown active key', (text) => text.replace('"active": "k1"', '"active": "k2"')],
    ['whose mac key seals', (text) => text.replace('"active": "k1"', '"active": "m1"')],
    ['without a mac key', (text) => text.replace('"mac"', '"seal"')],
    ['with two keys of one id', (text) => text.replace('"m1"', '"k1"')],
    ['with an unknown member', (text) => text.replace('"format": 1', '"format": 1, "more": 1')],
    ['of another format', (text) => text.replace('"format": 1', '"format": 2')],
    ['cut off', (text) => text.slice(0, -30)],
    ['that is empty', () => ''],
    ['that is too large', (text) => text + ' '.repeat(65_536)],
  ])('%s is refused, and never quoted', async (_, change) => {
    const path = await newKeyFile();
    const text = await readFile(path, 'utf8');
    await writeFile(path, change(text));
    const error: unknown = await loadFileKeyProvider(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^VAULT_KEY_FILE /),
    });
    for (const secret of text.match(/[0-9a-f]{64}/g) ?? []) {
      expect(inspect(error)).not.toContain(secret.slice(2, 12));
    }
  });

  it('shows no key when its provider is printed', async () => {
    const path = await newKeyFile();
    const keys = await loadFileKeyProvider(path);
    await keys.mac('index', 'shop', Buffer.from('x'));
    const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys);
    for (const secret of (await readFile(path, 'utf8')).match(/[0-9a-f]{64}/g) ?? []) {
      expect(shown).not.toContain(secret.slice(0, 12));
    }
  });
});

it('derives as RFC 5869 says', () => {
  const root = Buffer.alloc(32, 0x0b);
  const hmac = (key: Buffer, ...data: Buffer[]) =>
    createHmac('sha256', key).update(Buffer.concat(data)).digest();
  const expected = hmac(
    hmac(Buffer.alloc(32), root),
    Buffer.from('tonewall/fingerprint/shop'),
    Buffer.from([1]),
  );
  expect(deriveKey(createSecretKey(root), 'fingerprint', 'shop').export()).toEqual(expected);
});
