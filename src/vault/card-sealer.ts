import type { CardSecret } from '../card/card.js';
import { AppError } from '../errors.js';
import type { Secret } from '../secret.js';
import { aadOf, bindingOf, LAYOUT, newDataKey, openCard, sealCard, type Binding } from './envelope.js';
import type { KeyProvider } from './key-provider.js';
import { openBin, openNetworkId, openStored, sealBin, sealNetworkId, sealStored } from './sealed-text.js';
import type { Place, SealedCard, TokenRow } from './token-store.js';
import type { StoredCard } from './vault.js';

/** What is sealed of a card: the provider's name for it instead of its number, where there is one. */
export interface Sealable {
  card: CardSecret;
  bin: string | null;
  stored: StoredCard | null;
}

/** What a row holds, but for its record. The caller wipes the number. */
export interface Opened {
  instrument: { kind: 'card'; card: Omit<CardSecret, 'brand'> } | ({ kind: 'stored' } & StoredCard);
  bin: string | null;
  networkTransactionId: string | null;
}

/**
 * Seals what stands behind a token under a data key of its own, which a key-encryption key wraps, and opens it. Methods
 * reject with AppError `vault_unavailable` when a key can't be had, or a seal does not fit its row.
 */
export class CardSealer {
  readonly #keys: KeyProvider;

  constructor(keys: KeyProvider) {
    this.#keys = keys;
  }

  async seal(place: Place, record: string, { card, bin, stored }: Sealable): Promise<SealedCard> {
    const binding = bindingOf(LAYOUT, place, record);
    const dataKey = newDataKey();
    try {
      const wrapped = await this.#keys.wrap(place.merchant, dataKey, aadOf('data-key', binding));
      return {
        layout: LAYOUT,
        keyVersion: wrapped.version,
        dataKey: wrapped.sealed,
        holds: stored === null ? 'card' : 'stored',
        card: stored === null ? sealCard(dataKey, card, binding) : sealStored(dataKey, stored, binding),
        bin: sealBin(dataKey, bin, binding),
        network: null,
      };
    } finally {
      dataKey.wipe();
    }
  }

  /** The BIN alone: what is shown of a card needs no number. */
  openBin(place: Place, row: TokenRow): Promise<string | null> {
    return this.#withDataKey(place, row, (dataKey, binding) =>
      fitting(openBin(dataKey, row.sealed.bin, binding)),
    );
  }

  open(place: Place, row: TokenRow): Promise<Opened> {
    const { holds, card, bin, network } = row.sealed;
    return this.#withDataKey(place, row, (dataKey, binding) => ({
      bin: fitting(openBin(dataKey, bin, binding)),
      networkTransactionId: network && fitting(openNetworkId(dataKey, network, binding)),
      instrument:
        holds === 'card'
          ? { kind: holds, card: fitting(openCard(dataKey, card, binding) ?? undefined) }
          : { kind: holds, ...fitting(openStored(dataKey, card, binding)) },
    }));
  }

  sealNetworkId(place: Place, row: TokenRow, id: string): Promise<Buffer> {
    return this.#withDataKey(place, row, (dataKey, binding) => sealNetworkId(dataKey, id, binding));
  }

  /**
   * Whether record and seal belong together. True where it can't be told: the key opens nothing any more, or a rotation
   * has not come here yet.
   */
  async isIntact(place: Place, row: TokenRow): Promise<boolean> {
    const version = this.#keys.versions.find(({ id }) => id === row.sealed.keyVersion);
    if (version?.state !== 'active' && version?.state !== 'decrypt-only') return true;
    try {
      await this.#withDataKey(place, row, () => {});
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  async #withDataKey<T>(
    place: Place,
    { record, sealed }: TokenRow,
    use: (dataKey: Secret, binding: Binding) => T,
  ): Promise<T> {
    const binding = bindingOf(sealed.layout, place, record);
    const aad = aadOf('data-key', binding);
    const dataKey = await this.#keys.unwrap(place.merchant, sealed.keyVersion, sealed.dataKey, aad);
    try {
      return use(dataKey, binding);
    } finally {
      dataKey.wipe();
    }
  }
}

/** What was opened; a seal that does not fit opened nothing. */
function fitting<T>(opened: T | undefined): T {
  if (opened === undefined) throw new AppError('vault_unavailable', 'a seal does not fit its row');
  return opened;
}
