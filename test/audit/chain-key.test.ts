import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { ChainKey, EPOCH_ENTRIES, signerPassphrase } from '../../src/audit/chain-key.js';
import { ChainSigner } from '../../src/audit/chain-signer.js';
import { AUDIT_KEYS, entriesOf, newFolder, writeChain } from './chains.js';

const CHAIN = `ed25519:${'A'.repeat(43)}`;

describe('the MAC key of a chain', () => {
  it('is made from the one before, each thousand entries', async () => {
    const first = await AUDIT_KEYS.mac('audit', '', Buffer.from(`chain ${CHAIN}`));
    const second = createHmac('sha256', first).update('next').digest();
    const key = await ChainKey.derive(AUDIT_KEYS, CHAIN);
    expect([key.mac(1, 'a'), key.mac(EPOCH_ENTRIES, 'a'), key.mac(EPOCH_ENTRIES + 1, 'a')]).toEqual(
      [first, first, second].map((mac) => createHmac('sha256', mac).update('a').digest('hex')),
    );
  });

  it('is forgotten when it has moved on', async () => {
    const key = await ChainKey.derive(AUDIT_KEYS, CHAIN);
    key.mac(EPOCH_ENTRIES + 1, 'a');
    expect(() => key.mac(EPOCH_ENTRIES, 'a')).toThrow('forgotten');
  });

  it('is on disk nowhere, in no form', async () => {
    const dir = await newFolder();
    await writeChain(dir, 1_200);
    const chain = (await entriesOf(dir))[0]?.resource ?? '';
    const keys = [await AUDIT_KEYS.mac('audit', '', Buffer.from(`chain ${chain}`))];
    for (let i = 0; i < 2; i++)
      keys.push(
        createHmac('sha256', keys[i] ?? '')
          .update('next')
          .digest(),
      );
    for (const name of await readdir(dir)) {
      const bytes = await readFile(join(dir, name));
      for (const key of [...keys, await signerPassphrase(AUDIT_KEYS)]) {
        for (const form of [
          key,
          ...(['hex', 'base64', 'base64url'] as const).map((form) => key.toString(form)),
        ]) {
          expect(bytes.includes(form)).toBe(false);
        }
      }
    }
    await rm(dir, { recursive: true });
  }, 30_000);
});

describe('the signer of a chain', () => {
  it('forgets the key of a checkpoint that is written', async () => {
    const dir = await newFolder();
    const passphrase = Buffer.from('a passphrase');
    const signer = await ChainSigner.create(dir, passphrase);
    const [past, present] = [signer.name, signer.nextName];
    const before = await readFile(join(dir, 'signer'));
    await signer.advance();
    expect((await readFile(join(dir, 'signer'))).equals(before)).toBe(false);
    expect(await ChainSigner.open(dir, passphrase, past)).toBeNull();
    expect((await ChainSigner.open(dir, passphrase, present))?.name).toBe(present);
    await rm(dir, { recursive: true });
  });

  it('goes on with the next key when the process died before it forgot the one before', async () => {
    const dir = await newFolder();
    const passphrase = Buffer.from('a passphrase');
    const { nextName } = await ChainSigner.create(dir, passphrase);
    expect((await ChainSigner.open(dir, passphrase, nextName))?.name).toBe(nextName);
    await rm(dir, { recursive: true });
  });

  it('opens with its own passphrase alone', async () => {
    const dir = await newFolder();
    const { name } = await ChainSigner.create(dir, Buffer.from('a passphrase'));
    expect(await ChainSigner.open(dir, Buffer.from('another'), name)).toBeNull();
    await rm(dir, { recursive: true });
  });
});
