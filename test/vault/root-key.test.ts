import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { newRoot, openRoot, resealed } from '../../src/vault/root-key.js';
import type { RootSeal } from '../../src/vault/root-seal.js';

const TIME = '2026-11-21T00:00:00.000Z';
const NEW = { id: 'k1', use: 'seal', state: 'active', created: TIME, changed: TIME } as const;

/** A plain seal that notes what it was told, and keeps every root that it was given or gave. */
class Noting implements RootSeal {
  readonly name = 'plain';
  readonly labels: string[] = [];
  readonly roots: Secret[] = [];

  seal(root: Secret, label: string): Promise<Secret> {
    this.labels.push(label);
    this.roots.push(root);
    return plainSeal.seal(root, label);
  }

  async open(sealed: Secret, label: string): Promise<Secret> {
    this.labels.push(label);
    const root = await plainSeal.open(sealed, label);
    this.roots.push(root);
    return root;
  }
}

const stored = (hex: string, check: string) => ({ ...NEW, check, secret: Secret.of(Buffer.from(hex)) });

describe('a root key', () => {
  it('is sealed under its own name and use, and opens as it was', async () => {
    const seal = new Noting();
    const key = await newRoot(seal, NEW);
    const opened = await openRoot(seal, key);
    const again = await resealed(seal, seal, key);
    expect(key).toEqual({
      ...NEW,
      check: expect.stringMatching(/^[0-9a-f]{16}$/),
      secret: expect.anything(),
    });
    expect(opened.root?.export().toString('hex')).toBe(Buffer.from(key.secret.reveal()).toString());
    expect(again.secret.reveal()).toEqual(key.secret.reveal());
    expect(new Set(seal.labels)).toEqual(new Set(['tonewall/root/seal/k1']));
  });

  it('is wiped wherever it was in the clear', async () => {
    const seal = new Noting();
    const key = await newRoot(seal, NEW);
    await openRoot(seal, key);
    await resealed(seal, seal, key);
    expect(seal.roots.map(({ length }) => length)).toEqual([0, 0, 0, 0]);
  });

  it('is told by its check value, which has 64 bits of a MAC', async () => {
    // HMAC-SHA-256 of "tonewall key check" under 32 zero bytes.
    const { root } = await openRoot(plainSeal, stored('00'.repeat(32), '5e1ce808cdc93952'));
    expect(root?.export()).toEqual(Buffer.alloc(32));
    const damaged = 'VAULT_KEY_FILE holds a damaged key k1: restore the file from its backup';
    for (const key of [
      stored('01'.repeat(32), '5e1ce808cdc93952'),
      stored('00'.repeat(32), '5e1ce808cdc93953'),
      // HMAC pads its key with zeros: a shorter one has the same MAC.
      stored('00'.repeat(31), '5e1ce808cdc93952'),
    ]) {
      await expect(openRoot(plainSeal, key)).rejects.toMatchObject({
        code: 'config_invalid',
        message: damaged,
      });
    }
  });

  it.each(['retired', 'destroyed'] as const)('that is %s is not opened', async (state) => {
    const seal = new Noting();
    const opened = await openRoot(seal, { ...stored('00'.repeat(32), '5e1ce808cdc93952'), state });
    expect(opened).toEqual({ ...NEW, state, check: '5e1ce808cdc93952', root: null });
    expect(seal.labels).toEqual([]);
  });

  it('that was destroyed has nothing to seal anew', async () => {
    const seal = new Noting();
    const destroyed = { ...NEW, state: 'destroyed', check: '', secret: new Secret() } as const;
    expect(await resealed(seal, seal, destroyed)).toBe(destroyed);
    expect(seal.labels).toEqual([]);
  });
});

it.each(['0g', 'zz', '0 '])('a plain seal of %j is none', async (text) => {
  await expect(plainSeal.open(Secret.of(Buffer.from(text)), '')).rejects.toThrow(
    'VAULT_KEY_FILE holds a secret that is not hex digits',
  );
});
