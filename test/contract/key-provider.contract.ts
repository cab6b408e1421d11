import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';

/** A provider with keys of its own, and what an operator does to them. */
export interface ProviderUnderTest {
  keys: KeyProvider;
  /** The same keys, after a restart. */
  again: () => Promise<KeyProvider>;
  /** Makes a new version; gives its id. */
  rotate: () => Promise<string>;
  change: (change: 'retire' | 'reinstate' | 'destroy', version: string) => Promise<void>;
}

/** What every key provider does. */
export function describeKeyProvider(name: string, make: () => Promise<ProviderUnderTest>): void {
  describe(name, () => {
    const aad = Buffer.from('row 1');
    const dataKey = () => Secret.of(new Uint8Array(32).fill(7));
    const unavailable = { code: 'vault_unavailable' };

    it('opens what it sealed, after a restart too', async () => {
      const { keys, again } = await make();
      const { version, sealed } = await keys.wrap('shop', dataKey(), aad);
      expect(version).toBe(keys.active);
      for (const provider of [keys, await again()]) {
        const opened = await provider.unwrap('shop', version, sealed, aad);
        expect([...opened.reveal()]).toEqual([...dataKey().reveal()]);
      }
    });

    it('never seals twice alike', async () => {
      const { keys } = await make();
      const first = await keys.wrap('shop', dataKey(), aad);
      const second = await keys.wrap('shop', dataKey(), aad);
      expect(first.sealed).not.toEqual(second.sealed);
    });

    it('opens nothing for another merchant, row or version', async () => {
      const { keys } = await make();
      const { version, sealed } = await keys.wrap('shop', dataKey(), aad);
      await expect(keys.unwrap('shed', version, sealed, aad)).rejects.toMatchObject(unavailable);
      await expect(keys.unwrap('shop', version, sealed, Buffer.from('row 2'))).rejects.toMatchObject(
        unavailable,
      );
      await expect(keys.unwrap('shop', 'k99', sealed, aad)).rejects.toMatchObject(unavailable);
    });

    it('opens nothing that has a bit flipped or is cut', async () => {
      const { keys } = await make();
      const { version, sealed } = await keys.wrap('shop', dataKey(), aad);
      for (let bit = 0; bit < sealed.length * 8; bit += 5) {
        const flipped = Buffer.from(sealed);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        await expect(keys.unwrap('shop', version, flipped, aad)).rejects.toMatchObject(unavailable);
      }
      for (const length of [0, 12, 27, sealed.length - 1]) {
        const cut = sealed.subarray(0, length);
        await expect(keys.unwrap('shop', version, cut, aad)).rejects.toMatchObject(unavailable);
      }
    });

    it('gives one mac for one use, merchant and text, after a restart too', async () => {
      const { keys, again } = await make();
      const text = Buffer.from('text');
      const mac = await keys.mac('index', 'shop', text);
      expect(mac).toHaveLength(32);
      expect(await (await again()).mac('index', 'shop', text)).toEqual(mac);
      expect(await keys.mac('fingerprint', 'shop', text)).not.toEqual(mac);
      expect(await keys.mac('index', 'shed', text)).not.toEqual(mac);
      expect(await keys.mac('index', 'shop', Buffer.from('texts'))).not.toEqual(mac);
    });

    it('has a key of its own for each use', async () => {
      const { keys } = await make();
      const text = Buffer.from('text');
      const uses = ['fingerprint', 'index', 'audit'] as const;
      const macs = await Promise.all(uses.map((use) => keys.mac(use, 'shop', text)));
      expect(new Set(macs.map((mac) => mac.toString('hex'))).size).toBe(uses.length);
    });

    it('seals with the new version after a rotation, and opens what the old one sealed', async () => {
      const { keys, again, rotate } = await make();
      const old = await keys.wrap('shop', dataKey(), aad);
      const mac = await keys.mac('index', 'shop', aad);
      const id = await rotate();
      const rotated = await again();
      expect(rotated.active).toBe(id);
      expect(rotated.versions).toEqual([
        { id: keys.active, state: 'decrypt-only' },
        { id, state: 'active' },
      ]);
      expect((await rotated.wrap('shop', dataKey(), aad)).version).toBe(id);
      const opened = await rotated.unwrap('shop', old.version, old.sealed, aad);
      expect([...opened.reveal()]).toEqual([...dataKey().reveal()]);
      await expect(rotated.unwrap('shop', id, old.sealed, aad)).rejects.toMatchObject(unavailable);
      expect(await rotated.mac('index', 'shop', aad)).toEqual(mac);
    });

    it('opens nothing with a version that is retired or destroyed, and says so', async () => {
      const { keys, again, rotate, change } = await make();
      const { version, sealed } = await keys.wrap('shop', dataKey(), aad);
      const { checks } = keys;
      await rotate();
      await change('retire', version);
      await expect((await again()).unwrap('shop', version, sealed, aad)).rejects.toMatchObject({
        ...unavailable,
        message: `key ${version} is retired: npx tonewall keys reinstate brings it back`,
      });
      await change('reinstate', version);
      await (await again()).unwrap('shop', version, sealed, aad);
      await change('retire', version);
      await change('destroy', version);
      const last = await again();
      await expect(last.unwrap('shop', version, sealed, aad)).rejects.toMatchObject({
        ...unavailable,
        message: `key ${version} is destroyed: nobody can open what it sealed`,
      });
      expect(last.checks).toMatchObject(checks);
    });

    it('is told from every other by its check values', async () => {
      const first = await make();
      const second = await make();
      expect(first.keys.checks).not.toEqual(second.keys.checks);
      expect((await first.again()).checks).toEqual(first.keys.checks);
    });
  });
}
