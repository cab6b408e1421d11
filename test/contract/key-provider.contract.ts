import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import type { KeyProvider } from '../../src/vault/key-provider.js';

/** What every key provider does. `make` gives one with its own keys; the same ones after `again`. */
export function describeKeyProvider(
  name: string,
  make: () => Promise<{ keys: KeyProvider; again: () => Promise<KeyProvider> }>,
): void {
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

    it('is told from every other by its check values', async () => {
      const first = await make();
      const second = await make();
      expect(first.keys.checks).not.toEqual(second.keys.checks);
      expect((await first.again()).checks).toEqual(first.keys.checks);
    });
  });
}
