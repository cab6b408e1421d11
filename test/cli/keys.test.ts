import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { keys } from '../../src/cli/keys.js';
import { changeKey, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { sayVersion } from '../../src/vault/sealed-rows.js';
import { openKeys } from '../support/keys.js';
import { startTestRedis, type TestRedis } from '../support/redis.js';

const CREATED = '2026-11-21T00:00:00.000Z';
let server: TestRedis;
let dir: string;
let file: string;
let count = 0;
beforeAll(async () => {
  server = await startTestRedis();
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
beforeEach(async () => {
  await server.admin.flushall();
  file = join(dir, `keys-${count++}.json`);
});
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function run(args: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const env = { VAULT_KEY_FILE: file, DATA_DIR: `${file}.data`, REDIS_URL: server.url, ...more };
  const code = await keys.run(args, { stdin: process.stdin, stdout, stderr, env });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

/** A row as far as counting looks at it. */
const addRow = (index: string, version: string) =>
  server.admin.hset(`tw:v:{shop.00}:s:${index.repeat(32)}`, { k: version });

describe('keys create', () => {
  it('makes a key file that the vault takes, and says what next', async () => {
    expect(await run(['create', file])).toEqual({
      code: 0,
      stdout:
        `${file} is made. Next: set VAULT_KEY_FILE=${file}, and put a copy in a safe place.\n` +
        'Its keys are in clear. A live service wants them sealed: see VAULT_KEY_SEAL.\n',
      stderr: '',
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await openKeys(file)).active).toBe('k1');
  });

  it('seals it as the settings say', async () => {
    const passphrase = join(dir, 'passphrase');
    await writeFile(passphrase, 'correct horse battery staple', { mode: 0o600 });
    const env = { VAULT_KEY_SEAL: 'passphrase', VAULT_KEY_PASSPHRASE_FILE: passphrase };
    expect((await run(['create', file], env)).stdout).toBe(
      `${file} is made. Next: set VAULT_KEY_FILE=${file}, and put a copy in a safe place.\n`,
    );
    expect(await readFile(file, 'utf8')).toMatch(/"seal": "passphrase"[^]*"secret": "scrypt:17:/);
  });

  it('never overwrites one', async () => {
    await run(['create', file]);
    await expect(run(['create', file])).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('keys status', () => {
  it('shows the keys, their states, and how many cards each one seals', async () => {
    await createKeyFile(file, CREATED);
    await rotateKeys(file, plainSeal, '2026-12-01T00:00:00.000Z');
    const { checks } = await openKeys(file);
    await addRow('a', 'k1');
    await addRow('b', 'k2');
    await addRow('c', 'k2');
    await addRow('d', 'k7');
    await addRow('e', '\u001b[31m');
    expect(await run(['status'])).toEqual({
      code: 0,
      stdout: [
        `${file}, seal: plain`,
        '',
        'KEY  USE   STATE            SINCE       CHECK VALUE       CARDS',
        `k1   seal  decrypt-only     2026-12-01  ${checks['k1']}  1`,
        `m1   mac   active           2026-11-21  ${checks['m1']}`,
        `k2   seal  active           2026-12-01  ${checks['k2']}  2`,
        '?    seal  not in the file                                1',
        'k7   seal  not in the file                                1',
        '',
      ].join('\n'),
      stderr: '',
    });
  });

  it.each([
    [
      { round: 2, done: 1, scanned: 10, rewrapped: 3 },
      'rewrapping to k2: under way, 3 of 10 cards seen so far were rewrapped\n',
    ],
    [
      { round: 2, done: 2, scanned: 10, failed: 1 },
      'rewrapping to k2: done, 10 cards seen, 1 can not be opened\n',
    ],
  ])('shows how far rewrapping is: %j', async (state, line) => {
    await createKeyFile(file, CREATED);
    await server.admin.hset('tw:{vault-rewrap}:state', { target: 'k2', ...state });
    expect((await run(['status'])).stdout.endsWith(`\n\n${line}`)).toBe(true);
  });

  it('shows them without Redis, too', async () => {
    await createKeyFile(file, CREATED);
    const outcome = await run(['status'], { REDIS_URL: '', DATA_DIR: join(dir, 'none') });
    expect(outcome).toMatchObject({
      code: 0,
      stderr:
        'cards were not counted: no Redis: set REDIS_URL, or start the service whose DATA_DIR this is (default ./data)\n',
    });
    expect(outcome.stdout).toMatch(/\nk1 +seal +active /);
  });

  it('is refused when the seal does not open', async () => {
    await createKeyFile(file, CREATED);
    const env = { VAULT_KEY_SEAL: 'passphrase', VAULT_KEY_PASSPHRASE_FILE: join(dir, 'none') };
    await expect(run(['status'], env)).rejects.toMatchObject({
      message: expect.stringContaining('is sealed as plain, and VAULT_KEY_SEAL says passphrase'),
    });
  });
});

describe('keys rotate', () => {
  it('makes a new version seal, and says what happens now', async () => {
    await createKeyFile(file, CREATED);
    expect(await run(['rotate', '--dry-run'])).toEqual({
      code: 0,
      stdout: 'k2 would seal new cards, and k1 open what it sealed.\n',
      stderr: '',
    });
    expect((await openKeys(file)).active).toBe('k1');
    expect(await run(['rotate'])).toEqual({
      code: 0,
      stdout:
        'k2 seals new cards from now on; k1 opens what it sealed.\n' +
        'Running services take it over within seconds, and rewrap the cards that they have.\n' +
        `Next: put a copy of ${file} in a safe place, and see: npx tonewall keys status\n`,
      stderr: '',
    });
    expect((await openKeys(file)).active).toBe('k2');
  });

  it('in two steps prepares a version first', async () => {
    await createKeyFile(file, CREATED);
    expect((await run(['rotate', '--prepare', '--dry-run'])).stdout).toBe('k2 would be made, and wait.\n');
    expect((await run(['rotate', '--prepare'])).stdout).toBe(
      `k2 is made, and waits. Copy ${file} to every node, then: npx tonewall keys rotate\n`,
    );
    expect((await openKeys(file)).active).toBe('k1');
    await expect(run(['rotate', '--prepare'])).rejects.toMatchObject({
      message: `k2 is prepared already: copy ${file} to every node, then rotate`,
    });
    await run(['rotate']);
    expect((await openKeys(file)).versions).toEqual([
      { id: 'k1', state: 'decrypt-only' },
      { id: 'k2', state: 'active' },
    ]);
  });
});

describe('keys retire', () => {
  beforeEach(async () => {
    await createKeyFile(file, CREATED);
    await rotateKeys(file, plainSeal, CREATED);
  });

  it('A40: is refused while a card is sealed by it, and has another round of rewrapping made', async () => {
    await server.admin.hset('tw:{vault-rewrap}:state', { target: 'k2', round: 1, done: 1 });
    await addRow('a', 'k1');
    await addRow('b', 'k2');
    await expect(run(['retire', 'k1'])).rejects.toMatchObject({
      code: 'bad_request',
      message:
        'k1 still seals 1 cards. A running service rewraps them: see npx tonewall keys status, and try again',
    });
    expect(await server.admin.hgetall('tw:{vault-rewrap}:state')).toEqual({
      target: 'k2',
      round: '2',
      done: '1',
    });
    expect((await openKeys(file)).versions[0]).toEqual({ id: 'k1', state: 'decrypt-only' });
  });

  it('A40: is refused while a running node seals with it', async () => {
    await sayVersion(await server.client(), 'node_1', 'k1');
    await expect(run(['retire', 'k1'])).rejects.toMatchObject({
      message: '1 running nodes seal with k1: give them the new key file first',
    });
  });

  it('is refused when Redis can not be asked', async () => {
    const env = { REDIS_URL: '', DATA_DIR: join(dir, 'none') };
    await expect(run(['retire', 'k1'], env)).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('is refused for the version that seals', async () => {
    await expect(run(['retire', 'k2'])).rejects.toMatchObject({
      message: 'k2 is active: rotate first: it seals new cards',
    });
  });

  it('leads to destroy, which takes the secret out of the file', async () => {
    await addRow('b', 'k2');
    await expect(run(['destroy', 'k1'])).rejects.toMatchObject({
      message: 'k1 is decrypt-only: retire it first',
    });
    expect((await run(['retire', 'k1', '--dry-run'])).stdout).toBe('k1 can be retired: nothing needs it.\n');
    expect((await run(['retire', 'k1'])).stdout).toBe(
      'k1 is retired. Once no backup of Redis is left that needs it: npx tonewall keys destroy\n',
    );
    expect((await run(['destroy', 'k1', '--dry-run'])).stdout).toBe(
      'k1 can be destroyed: nothing needs it.\n',
    );
    expect((await openKeys(file)).versions[0]).toEqual({ id: 'k1', state: 'retired' });
    expect((await run(['destroy', 'k1'])).stdout).toBe(
      'k1 is destroyed. Remove it from the copies of the file, too: what it sealed is then gone everywhere.\n',
    );
    expect((await openKeys(file)).versions[0]).toEqual({ id: 'k1', state: 'destroyed' });
    await expect(run(['reinstate', 'k1'])).rejects.toMatchObject({
      message: 'k1 is destroyed: it is gone for good',
    });
  });

  it('is taken back by reinstate', async () => {
    await run(['retire', 'k1']);
    expect((await run(['reinstate', 'k1'])).stdout).toBe('k1 opens again what it sealed.\n');
    expect((await openKeys(file)).versions[0]).toEqual({ id: 'k1', state: 'decrypt-only' });
  });
});

describe('keys reseal', () => {
  it('puts the same keys under the seal of the settings, and back', async () => {
    await createKeyFile(file, CREATED);
    await rotateKeys(file, plainSeal, CREATED);
    await rotateKeys(file, plainSeal, CREATED);
    await changeKey(file, 'retire', 'k1', CREATED);
    await changeKey(file, 'destroy', 'k1', CREATED);
    await changeKey(file, 'retire', 'k2', CREATED);
    const { checks } = await openKeys(file);
    const passphrases = ['old', 'new'].map((name) => join(dir, `${name}-${count}`));
    const [first = '', second = ''] = passphrases;
    for (const path of passphrases) await writeFile(path, `a passphrase in ${path}`, { mode: 0o600 });
    const sealed = { VAULT_KEY_SEAL: 'passphrase', VAULT_KEY_PASSPHRASE_FILE: first };

    expect((await run(['reseal', '--dry-run'], sealed)).stdout).toBe(
      `${file}: seal plain → passphrase can be done.\n`,
    );
    expect((await openKeys(file)).active).toBe('k3');
    expect((await run(['reseal'], sealed)).stdout).toBe(
      `${file}: seal plain → passphrase. Restart the services with the new settings, and replace the copies of the file.\n`,
    );
    expect(await readFile(file, 'utf8')).not.toMatch(/"secret": "[0-9a-f]{64}"/);
    const renewed = { ...sealed, VAULT_KEY_PASSPHRASE_FILE: second };
    await run(['reseal', '--old-passphrase-file', first], renewed);
    await run(['reseal'], { ...renewed, VAULT_KEY_SEAL: 'plain' });
    expect((await openKeys(file)).checks).toEqual(checks);
  });
});

it.each(
  [
    [],
    ['create'],
    ['make', 'x'],
    ['create', 'x', 'y'],
    ['status', 'x'],
    ['retire'],
    ['rotate', 'k1'],
    ['rotate', '--now'],
  ].map((args) => [args]),
)('shows its usage for %j', async (args) => {
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^usage: npx tonewall keys create FILE\n/);
});
