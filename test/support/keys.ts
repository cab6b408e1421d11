import { systemClock } from '../../src/clock.js';
import { silentLogger } from '../../src/log.js';
import type { RootSeal } from '../../src/vault/root-seal.js';
import type { ProviderUnderTest } from '../contract/key-provider.contract.js';
import { FileKeyProvider, type FileKeyProviderOptions } from '../../src/vault/file-key-provider.js';
import { changeKey, rotateKeys } from '../../src/vault/key-changes.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { plainSeal } from '../../src/vault/plain-seal.js';

/** The keys of a file, plain unless said otherwise. */
export function openKeys(
  path: string,
  options: Partial<FileKeyProviderOptions> = {},
): Promise<FileKeyProvider> {
  return FileKeyProvider.open({ path, seal: plainSeal, clock: systemClock, log: silentLogger, ...options });
}

/** A new key file under a seal, for the contract of key providers. */
export async function providerUnder(path: string, seal: RootSeal): Promise<ProviderUnderTest> {
  const now = '2026-11-21T00:00:00.000Z';
  await createKeyFile(path, now, seal);
  return {
    keys: await openKeys(path, { seal }),
    again: () => openKeys(path, { seal }),
    rotate: () => rotateKeys(path, seal, now),
    change: (change, version) => changeKey(path, change, version, now),
  };
}
