import type { VaultSeal } from '../config.js';
import { PassphraseSeal } from './passphrase-seal.js';
import { plainSeal } from './plain-seal.js';
import type { RootSeal } from './root-seal.js';
import { TransitSeal } from './transit-seal.js';

/** The seal that the settings name. */
export async function sealOf(settings: VaultSeal): Promise<RootSeal> {
  if (settings.name === 'plain') return plainSeal;
  if (settings.name === 'passphrase') return new PassphraseSeal({ path: settings.passphraseFile });
  if (settings.name === 'transit') return new TransitSeal(settings);
  // A client of half a second to load: for those who use it.
  const { KmsSeal } = await import('./kms-seal.js');
  return new KmsSeal(settings);
}
