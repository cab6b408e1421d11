import { scryptSync } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { open } from '../../src/vault/aead.js';
import { PassphraseSeal } from '../../src/vault/passphrase-seal.js';
import { describeKeyProvider } from '../contract/key-provider.contract.js';
import { providerUnder } from '../support/keys.js';

// A thousandth of the real cost.
const COST = 7;
const root = () => Secret.of(new Uint8Array(32).fill(5));
let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function passphraseFile(text = 'correct horse battery staple', mode = 0o600): Promise<string> {
  const path = join(dir, `passphrase-${count++}`);
  await writeFile(path, text, { mode });
  return path;
}

const textOf = (secret: Secret) => Buffer.from(secret.reveal()).toString();

describeKeyProvider('the key file sealed by a passphrase', async () =>
  providerUnder(
    join(dir, `keys-${count++}.json`),
    new PassphraseSeal({ path: await passphraseFile(), cost: COST }),
  ),
);

describe('a passphrase', () => {
  it('opens at the real cost what it sealed', async () => {
    const path = await passphraseFile();
    const sealed = await new PassphraseSeal({ path }).seal(root(), 'label');
    expect(textOf(sealed)).toMatch(/^scrypt:17:[\w-]{22}:[\w-]+$/);
    const opened = await new PassphraseSeal({ path }).open(sealed, 'label');
    expect([...opened.reveal()]).toEqual([...root().reveal()]);
  });

  it('is the same with a new line behind it, and opens for its own label alone', async () => {
    const seal = new PassphraseSeal({ path: await passphraseFile(), cost: COST });
    const sealed = await seal.seal(root(), 'label');
    const other = new PassphraseSeal({
      path: await passphraseFile('correct horse battery staple\r\n'),
      cost: COST,
    });
    expect((await other.open(sealed, 'label')).length).toBe(32);
    await expect(other.open(sealed, 'other label')).rejects.toMatchObject({ code: 'config_invalid' });
  });

  it('of another text opens nothing, and says what may be wrong', async () => {
    const sealed = await new PassphraseSeal({ path: await passphraseFile(), cost: COST }).seal(root(), 'x');
    const other = new PassphraseSeal({
      path: await passphraseFile('incorrect horse battery staple'),
      cost: COST,
    });
    await expect(other.open(sealed, 'x')).rejects.toMatchObject({
      code: 'config_invalid',
      message:
        'VAULT_KEY_FILE does not open: VAULT_KEY_PASSPHRASE_FILE holds another passphrase, or the file is damaged',
    });
  });

  it('that was mended is taken without a restart', async () => {
    const path = await passphraseFile();
    const sealed = await new PassphraseSeal({ path, cost: COST }).seal(root(), 'x');
    const seal = new PassphraseSeal({ path, cost: COST });
    await chmod(path, 0o644);
    await expect(seal.open(sealed, 'x')).rejects.toMatchObject({
      message: `VAULT_KEY_PASSPHRASE_FILE can be read by others: chmod 600 ${path}`,
    });
    await chmod(path, 0o600);
    expect((await seal.open(sealed, 'x')).length).toBe(32);
  });

  it('is stretched once for all keys of a file', async () => {
    const seal = new PassphraseSeal({ path: await passphraseFile(), cost: COST });
    const salts = await Promise.all(
      ['a', 'b'].map(async (label) => textOf(await seal.seal(root(), label)).split(':')[2]),
    );
    expect(salts[0]).toBe(salts[1]);
    const again = new PassphraseSeal({ path: await passphraseFile(), cost: COST });
    await again.open(await seal.seal(root(), 'a'), 'a');
    expect(textOf(await again.seal(root(), 'c')).split(':')[2]).toBe(salts[0]);
  });

  it('that is short is refused', async () => {
    const seal = new PassphraseSeal({ path: await passphraseFile('nineteen characters'), cost: COST });
    await expect(seal.seal(root(), 'x')).rejects.toMatchObject({
      message: 'VAULT_KEY_PASSPHRASE_FILE holds a short passphrase: use 20 characters or more',
    });
  });

  it.each(['', '\n', '\r\n\n'])('that is none but %j is refused', async (text) => {
    const seal = new PassphraseSeal({ path: await passphraseFile(text), cost: COST });
    await expect(seal.seal(root(), 'x')).rejects.toThrow('holds a short passphrase');
  });

  it('of 20 characters is long enough', async () => {
    const seal = new PassphraseSeal({ path: await passphraseFile('x'.repeat(20)), cost: COST });
    expect((await seal.open(await seal.seal(root(), 'x'), 'x')).length).toBe(32);
  });

  it('is stretched by scrypt with r = 8 and p = 1, and seals by AES-256-GCM', async () => {
    const seal = new PassphraseSeal({ path: await passphraseFile(), cost: COST });
    const [, , salt = '', sealed = ''] = textOf(await seal.seal(root(), 'label')).split(':');
    const key = scryptSync('correct horse battery staple', Buffer.from(salt, 'base64url'), 32, {
      ...{ N: 2 ** COST, r: 8, p: 1 },
    });
    const opened = open(key, Buffer.from(sealed, 'base64url'), Buffer.from('label'));
    expect([...(opened?.reveal() ?? [])]).toEqual([...root().reveal()]);
  });

  it('of each cost and salt is stretched for itself', async () => {
    const path = await passphraseFile();
    const [cheap, dear] = [
      new PassphraseSeal({ path, cost: COST }),
      new PassphraseSeal({ path, cost: COST + 1 }),
    ];
    const sealed = [await cheap.seal(root(), 'x'), await dear.seal(root(), 'x')];
    const other = new PassphraseSeal({ path, cost: COST });
    for (const each of sealed) expect((await other.open(each, 'x')).length).toBe(32);
    // What it seals is of its own cost, whatever it has opened.
    const [, cost, salt] = textOf(await other.seal(root(), 'x')).split(':');
    expect([cost, salt]).toEqual([String(COST), textOf(sealed[0] ?? new Secret()).split(':')[2]]);
  });

  it('is missing with the command that makes one', async () => {
    const seal = new PassphraseSeal({ path: join(dir, 'none'), cost: COST });
    await expect(seal.seal(root(), 'x')).rejects.toMatchObject({
      message: expect.stringMatching(/^VAULT_KEY_PASSPHRASE_FILE is missing: .*openssl rand/),
    });
  });

  it.each([
    '',
    'scrypt',
    'scrypt:21:AAAAAAAAAAAAAAAAAAAAAA:BBBB',
    `scrypt:99:${'A'.repeat(22)}:${'B'.repeat(80)}`,
    `x:scrypt:7:${'A'.repeat(22)}:${'B'.repeat(80)}`,
    `scrypt:7:${'A'.repeat(22)}:${'B'.repeat(80)}!`,
  ])('does not work for hours on %j', async (text) => {
    const seal = new PassphraseSeal({ path: await passphraseFile(), cost: COST });
    await expect(seal.open(Secret.of(Buffer.from(text)), 'x')).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });
});
