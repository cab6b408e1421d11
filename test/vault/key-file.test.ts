import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { changeKey, resealKeys, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile, readKeyFile } from '../../src/vault/key-file.js';
import { PassphraseSeal } from '../../src/vault/passphrase-seal.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import type { RootSeal } from '../../src/vault/root-seal.js';
import { openKeys } from '../support/keys.js';

const CREATED = '2026-11-21T00:00:00.000Z';
const LATER = '2026-12-01T00:00:00.000Z';
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

async function entriesOf(path: string): Promise<{ id: string; state: string; secret: string }[]> {
  const { keys } = JSON.parse(await readFile(path, 'utf8')) as {
    keys: { id: string; state: string; secret: string }[];
  };
  return keys;
}

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
    const common = {
      state: 'active',
      created: CREATED,
      changed: CREATED,
      check: expect.stringMatching(/^[0-9a-f]{16}$/),
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
    };
    expect(JSON.parse(await readFile(await newKeyFile(), 'utf8'))).toEqual({
      format: 2,
      seal: 'plain',
      keys: [
        { id: 'k1', use: 'seal', ...common },
        { id: 'm1', use: 'mac', ...common },
      ],
    });
  });

  it('of the first format, without states, opens', async () => {
    const path = await newKeyFile();
    await rotateKeys(path, plainSeal, LATER);
    const keys = (await openKeys(path)).checks;
    const text = await readFile(path, 'utf8');
    const first = text
      .replace('"format": 2', '"format": 1')
      .replace('"seal": "plain"', '"active": "k2"')
      .replaceAll(/\s*"(state|changed)": "[^"]*",/g, '');
    await writeFile(path, first);
    const opened = await openKeys(path);
    expect(opened.checks).toEqual(keys);
    expect(opened.versions).toEqual([
      { id: 'k1', state: 'decrypt-only' },
      { id: 'k2', state: 'active' },
    ]);
  });

  it.each([0o640, 0o604, 0o644])('with mode %o is refused, with the command that mends it', async (mode) => {
    const path = await newKeyFile();
    await chmod(path, mode);
    await expect(openKeys(path)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `VAULT_KEY_FILE can be read by others: chmod 600 ${path}`,
    });
  });

  it('that is missing is refused, with the command that makes it', async () => {
    const path = join(dir, 'none.json');
    await expect(openKeys(path)).rejects.toMatchObject({
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
    ['with an escape in a key', (text) => text.replace(/("secret": ")./, String.raw`$1\u0061`)],
    ['with a key without end', (text) => text.slice(0, text.lastIndexOf('"secret": "') + 20)],
    ['with an escaped name', (text) => text.replace('"secret"', String.raw`"\u0073ecret"`)],
    ['without an active key', (text) => text.replace('"state": "active"', '"state": "decrypt-only"')],
    ['whose mac key seals', (text) => text.replace('"mac"', '"seal"')],
    ['without a mac key', (text) => text.replace('"use": "mac"', '"use": "tea"')],
    ['with two keys of one id', (text) => text.replace('"m1"', '"k1"')],
    ['with an active key that has no secret', (text) => text.replace(/("secret": ")[^"]*/, '$1')],
    ['of another seal', (text) => text.replace('"plain"', '"aws-kms"')],
    ['with an unknown member', (text) => text.replace('"format": 2', '"format": 2, "more": 1')],
    ['of another format', (text) => text.replace('"format": 2', '"format": 3')],
    ['cut off', (text) => text.slice(0, -30)],
    ['that is empty', () => ''],
    ['that is too large', (text) => text + ' '.repeat(65_536)],
  ])('%s is refused, and never quoted', async (_, change) => {
    const path = await newKeyFile();
    const text = await readFile(path, 'utf8');
    await writeFile(path, change(text));
    const error: unknown = await openKeys(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^VAULT_KEY_FILE /),
    });
    for (const secret of text.match(/[0-9a-f]{64}/g) ?? []) {
      expect(inspect(error)).not.toContain(secret.slice(2, 12));
    }
  });
});

describe('a change of a key file', () => {
  it('keeps every other key as it is, and the mode', async () => {
    const path = await newKeyFile();
    const [k1, m1] = await entriesOf(path);
    expect(await rotateKeys(path, plainSeal, LATER)).toBe('k2');
    expect(await entriesOf(path)).toEqual([
      { ...k1, state: 'decrypt-only', changed: LATER },
      m1,
      expect.objectContaining({ id: 'k2', state: 'active', created: LATER }),
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(dir)).not.toContain(`${path}.new`);
  });

  it('leaves the old one as it was when it fails, and nothing beside it', async () => {
    const path = await newKeyFile();
    const before = await readFile(path);
    await expect(changeKey(path, 'destroy', 'k1', LATER)).rejects.toMatchObject({
      code: 'bad_request',
      message: 'k1 is active: rotate first: it seals new cards',
    });
    expect(await readFile(path)).toEqual(before);
    expect((await readdir(dir)).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('overwrites the bytes that it replaces', async () => {
    const path = await newKeyFile();
    const { open } = await import('node:fs/promises');
    const old = await open(path, 'r');
    await rotateKeys(path, plainSeal, LATER);
    const left = await old.readFile();
    await old.close();
    expect(left.length).toBeGreaterThan(100);
    expect(left.every((byte) => byte === 0)).toBe(true);
  });

  it('waits for no other: of two at once one is refused', async () => {
    const path = await newKeyFile();
    const outcomes = await Promise.allSettled([1, 2].map(() => rotateKeys(path, plainSeal, LATER)));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => (reason as Error).message)).toEqual([
      `VAULT_KEY_FILE is being changed by another command, or one was cut off: then remove ${path}.new`,
    ]);
    expect((await openKeys(path)).active).toBe('k2');
  });

  it('prepares a version that opens and does not seal, and lets it seal later', async () => {
    const path = await newKeyFile();
    expect(await rotateKeys(path, plainSeal, LATER, { prepare: true })).toBe('k2');
    expect((await openKeys(path)).versions).toEqual([
      { id: 'k1', state: 'active' },
      { id: 'k2', state: 'decrypt-only' },
    ]);
    expect(await rotateKeys(path, plainSeal, LATER)).toBe('k2');
    expect((await openKeys(path)).active).toBe('k2');
    // k1 is older: it is not taken for one that waits.
    expect(await rotateKeys(path, plainSeal, LATER)).toBe('k3');
  });

  it('takes the secret of a destroyed key out of the file, and its number is not given again', async () => {
    const path = await newKeyFile();
    const [k1] = await entriesOf(path);
    await rotateKeys(path, plainSeal, LATER);
    await changeKey(path, 'retire', 'k1', LATER);
    expect(await readFile(path, 'utf8')).toContain(k1?.secret);
    await changeKey(path, 'destroy', 'k1', LATER);
    expect(await readFile(path, 'utf8')).not.toContain(k1?.secret);
    expect((await entriesOf(path))[0]).toEqual({ ...k1, state: 'destroyed', changed: LATER, secret: '' });
    expect(await rotateKeys(path, plainSeal, LATER)).toBe('k3');
  });

  it.each([
    ['retire', 'k1', 'k1 is active: rotate first: it seals new cards'],
    ['reinstate', 'k1', 'k1 is active: rotate first: it seals new cards'],
    ['retire', 'k9', 'there is no such version: the file has k1'],
    ['retire', 'm1', 'there is no such version: the file has k1'],
  ] as const)('refuses to %s %s', async (change, id, message) => {
    const path = await newKeyFile();
    await expect(changeKey(path, change, id, LATER)).rejects.toMatchObject({ code: 'bad_request', message });
  });

  it('has room for a hundred keys, and is refused when there is none', async () => {
    const path = await newKeyFile();
    const document = JSON.parse(await readFile(path, 'utf8')) as { keys: object[] };
    const gone = (n: number) => ({ ...document.keys[0], id: `k${n}`, state: 'destroyed', secret: '' });
    const fill = (count: number) =>
      writeFile(
        path,
        JSON.stringify({
          ...document,
          keys: [...Array.from({ length: count }, (_, n) => gone(n + 2)), ...document.keys],
        }),
      );
    await fill(100);
    expect(await rotateKeys(path, plainSeal, LATER)).toBe('k102');
    await fill(300);
    await expect(rotateKeys(path, plainSeal, LATER)).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_KEY_FILE would be larger than 64 KiB: it has too many keys',
    });
  });

  it('puts the same keys under another seal', async () => {
    const path = await newKeyFile();
    const passphrase = join(dir, `passphrase-${count}`);
    await writeFile(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
    const seal = new PassphraseSeal({ path: passphrase, cost: 10 });
    const { checks } = await openKeys(path);
    const [k1] = await entriesOf(path);
    await resealKeys(path, plainSeal, seal);
    expect(await readFile(path, 'utf8')).not.toContain(k1?.secret);
    expect((await openKeys(path, { seal })).checks).toEqual(checks);
    await expect(openKeys(path)).rejects.toMatchObject({
      message: expect.stringContaining('is sealed as passphrase, and VAULT_KEY_SEAL says plain'),
    });
  });
});

/** A plain seal that keeps every secret that it was given or gave. */
class Keeping implements RootSeal {
  readonly name = 'plain';
  readonly kept: Secret[] = [];

  async seal(given: Secret): Promise<Secret> {
    const sealed = await plainSeal.seal(given, '');
    this.kept.push(given, sealed);
    return sealed;
  }

  async open(given: Secret): Promise<Secret> {
    const root = await plainSeal.open(given, '');
    this.kept.push(given, root);
    return root;
  }
}

describe('secrets on their way', () => {
  it('are wiped once a key file was made, read, changed, or could not be', async () => {
    const seal = new Keeping();
    const path = join(dir, `keys-${count++}.json`);
    await createKeyFile(path, CREATED, seal);
    await expect(createKeyFile(path, CREATED, seal)).rejects.toThrow('exists already');
    await readKeyFile(path, seal);
    await rotateKeys(path, seal, LATER);
    await resealKeys(path, seal, seal);
    const failing: RootSeal = {
      ...{ name: 'plain', seal: (root) => seal.seal(root) },
      open: (sealed) => seal.open(sealed).then(() => Promise.reject(new Error('away'))),
    };
    await expect(readKeyFile(path, failing)).rejects.toThrow('away');
    // The root of the last is the failing seal's own.
    const [lost, ...kept] = seal.kept.toReversed();
    expect(lost?.length).toBe(32);
    expect(kept.length).toBeGreaterThan(20);
    expect(kept.filter(({ length }) => length > 0)).toEqual([]);
  });

  it('that are known are taken from there when name and check value are the same, and the state allows it', async () => {
    const [path, other] = [await newKeyFile(), await newKeyFile()];
    const known = await readKeyFile(path, plainSeal);
    const opened = async (at: string) => {
      const seal = new Keeping();
      const keys = await readKeyFile(at, seal, known);
      return [seal.kept.length / 2, ...keys.map(({ root }) => known.some((key) => key.root === root))];
    };
    expect(await opened(path)).toEqual([0, true, true]);
    expect(await opened(other)).toEqual([2, false, false]);
    await rotateKeys(path, plainSeal, LATER);
    expect(await opened(path)).toEqual([1, true, true, false]);
    await changeKey(path, 'retire', 'k1', LATER);
    const [retired] = await readKeyFile(path, plainSeal, known);
    expect(retired).toMatchObject({ id: 'k1', state: 'retired', root: null });
  });
});
