import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { changeKey, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import type { RootSeal } from '../../src/vault/root-seal.js';
import { describeKeyProvider } from '../contract/key-provider.contract.js';
import { openKeys, providerUnder } from '../support/keys.js';
import { ManualClock } from '../support/manual-clock.js';

const CREATED = '2026-11-21T00:00:00.000Z';
const aad = Buffer.from('row 1');
const dataKey = Secret.of(new Uint8Array(32).fill(7));
let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const newPath = () => join(dir, `keys-${count++}.json`);

async function newKeyFile(): Promise<string> {
  const path = newPath();
  await createKeyFile(path, CREATED);
  return path;
}

describeKeyProvider('the key file', () => providerUnder(newPath(), plainSeal));

/** A seal that counts what is opened. */
function countingSeal(): RootSeal & { opened: number } {
  return {
    name: 'plain',
    opened: 0,
    seal: (root, label) => plainSeal.seal(root, label),
    open(sealed, label) {
      this.opened++;
      return plainSeal.open(sealed, label);
    },
  };
}

/** A log of which lines are kept. */
function keptLog() {
  const lines: string[] = [];
  const keep = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, debug: keep, info: keep, warn: keep, error: keep };
}

/** Lets file system and promises settle until `condition` holds. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
    await new Promise(setImmediate);
  }
}

describe('two nodes with one key file', () => {
  it('open what the other sealed, whichever was told of the new version first', async () => {
    const path = await newKeyFile();
    const [behind, ahead] = [await openKeys(path), await openKeys(path)];
    const old = await behind.wrap('shop', dataKey, aad);
    await rotateKeys(path, plainSeal, CREATED);
    const stranger = await openKeys(path);
    const fresh = await stranger.wrap('shop', dataKey, aad);
    expect(fresh.version).toBe('k2');
    expect(behind.active).toBe('k1');
    // It meets a version that it does not know, and reads the file again.
    expect([...(await behind.unwrap('shop', 'k2', fresh.sealed, aad)).reveal()]).toEqual([
      ...dataKey.reveal(),
    ]);
    expect(behind.active).toBe('k2');
    expect([...(await ahead.unwrap('shop', 'k1', old.sealed, aad)).reveal()]).toEqual([...dataKey.reveal()]);
  });

  it('read the file once for many unknown versions, and again a second later', async () => {
    const path = await newKeyFile();
    const clock = new ManualClock();
    const seal = countingSeal();
    const keys = await openKeys(path, { clock, seal });
    const known = seal.opened;
    const ask = () => keys.unwrap('shop', 'k2', Buffer.alloc(60), aad).catch((error: Error) => error.message);
    const none = 'a key-encryption key is not in the key file';
    expect(await Promise.all(Array.from({ length: 50 }, ask))).toEqual(Array(50).fill(none));
    await rotateKeys(path, plainSeal, CREATED);
    expect(await ask()).toBe(none);
    clock.advance(1_000);
    expect(await ask()).toBe('a data key does not open');
    // Keys that are held are not opened anew: no service is asked for them.
    expect(seal.opened).toBe(known + 1);
  });
});

describe('a key file that changes', () => {
  async function started(admit: () => Promise<void> = () => Promise.resolve()) {
    const path = await newKeyFile();
    const clock = new ManualClock();
    const log = keptLog();
    const keys = await openKeys(path, { clock, log });
    const told: string[] = [];
    keys.watch((active) => told.push(active));
    keys.start(admit);
    const look = async (): Promise<void> => {
      clock.advance(1_000);
      await until(() => clock.waiting > 0);
    };
    return { path, log, keys, told, look, clock };
  }

  it('is taken over within a second, and who watches is told', async () => {
    const { path, log, keys, told, look } = await started();
    const unwatch = keys.watch(() => told.push('who has stopped watching'));
    await look();
    await rotateKeys(path, plainSeal, CREATED);
    expect(keys.active).toBe('k1');
    unwatch();
    await look();
    expect(keys.active).toBe('k2');
    expect(told).toEqual(['k2']);
    expect(log.lines).toEqual(['another key version seals new cards {"version":"k2"}']);
  });

  it('is not read for a version that is known', async () => {
    const path = await newKeyFile();
    const log = keptLog();
    const keys = await openKeys(path, { log });
    const { version, sealed } = await keys.wrap('shop', dataKey, aad);
    await rm(path);
    expect((await keys.unwrap('shop', version, sealed, aad)).length).toBe(32);
    expect(log.lines).toEqual([]);
  });

  it('and can not be read is not taken over, which is said once', async () => {
    const { path, log, keys, look } = await started();
    const good = await readFile(path);
    await writeFile(path, '{}');
    await look();
    await look();
    expect(keys.active).toBe('k1');
    expect(log.lines).toEqual([
      'the key file changed and can not be used: the old keys stay {"code":"config_invalid","detail":"VAULT_KEY_FILE is not a key file"}',
    ]);
    await writeFile(path, good);
    await rotateKeys(path, plainSeal, CREATED);
    await look();
    expect(keys.active).toBe('k2');
  });

  it('is taken over only when its keys are admitted, and asked about again when nobody could say', async () => {
    let answer: Error | null = Object.assign(new Error('away'), { code: 'redis_unavailable' });
    const { path, keys, look } = await started(() =>
      answer === null ? Promise.resolve() : Promise.reject(answer),
    );
    await rotateKeys(path, plainSeal, CREATED);
    await look();
    expect(keys.active).toBe('k1');
    answer = null;
    await look();
    expect(keys.active).toBe('k2');
  });

  it('that is away for a moment is no change', async () => {
    const { path, log, keys, look } = await started();
    const good = await readFile(path);
    await rm(path);
    await look();
    expect(log.lines).toEqual([]);
    await writeFile(path, good, { mode: 0o600 });
    await look();
    expect(keys.active).toBe('k1');
    expect(log.lines).toEqual([]);
  });

  it('whose version was retired by mistake opens again once that is taken back', async () => {
    const { path, keys, look, clock } = await started();
    const { version, sealed } = await keys.wrap('shop', dataKey, aad);
    await rotateKeys(path, plainSeal, CREATED);
    await changeKey(path, 'retire', version, CREATED);
    await look();
    await expect(keys.unwrap('shop', version, sealed, aad)).rejects.toMatchObject({
      code: 'vault_unavailable',
    });
    await changeKey(path, 'reinstate', version, CREATED);
    clock.advance(999);
    await look();
    expect((await keys.unwrap('shop', version, sealed, aad)).length).toBe(32);
  });

  it('is no longer looked at once the provider has stopped', async () => {
    const { path, keys, clock } = await started();
    keys.stop();
    await rotateKeys(path, plainSeal, CREATED);
    clock.advance(5_000);
    // As long as a look takes, and longer.
    for (let n = 0; n < 50; n++) await readFile(path);
    expect(keys.active).toBe('k1');
    expect(clock.waiting).toBe(0);
  });
});

it('shows no key when its provider is printed', async () => {
  const path = await newKeyFile();
  const keys = await openKeys(path);
  await keys.mac('index', 'shop', Buffer.from('x'));
  const shown = inspect(keys, { depth: 9, showHidden: true }) + JSON.stringify(keys);
  const secrets = (await readFile(path, 'utf8')).match(/[0-9a-f]{64}/g) ?? [];
  expect(secrets).toHaveLength(2);
  for (const secret of secrets) expect(shown).not.toContain(secret.slice(0, 12));
});
