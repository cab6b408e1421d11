import type { CardSecret } from '../card/card.js';
import { AppError } from '../errors.js';
import type { Secret } from '../secret.js';
import {
  aadOf,
  bindingOf,
  LAYOUT,
  newDataKey,
  NO_RECORD,
  openCard,
  sealCard,
  type Binding,
} from './envelope.js';
import type { KeyProvider } from './key-provider.js';
import { openBin, openNetworkId, openStored, sealBin, sealNetworkId, sealStored } from './sealed-text.js';
import type { Place, SealedCard, SealedKey, SealedName, TokenRow } from './token-store.js';
import type { StoredCard } from './vault.js';

/** What is sealed of a card: its number, or the provider's name for it. */
export interface Sealable {
  sealed: CardSecret | StoredCard;
  bin: string | null;
  networkTransactionId: string | null;
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

  async seal(
    place: Place,
    record: string,
    { sealed, bin, networkTransactionId }: Sealable,
  ): Promise<SealedCard> {
    const row = await this.#underNewKey(place, record, (dataKey, binding) => ({
      ...('number' in sealed
        ? { holds: 'card' as const, card: sealCard(dataKey, sealed, binding) }
        : { holds: 'stored' as const, card: sealStored(dataKey, sealed, binding) }),
      bin: sealBin(dataKey, bin, binding),
      network: networkTransactionId === null ? null : sealNetworkId(dataKey, networkTransactionId, binding),
    }));
    return 'number' in sealed ? row : { ...row, name: await this.sealName(place, sealed) };
  }

  /** Under a data key of its own, as that of its card is shredded before. */
  sealName(place: Place, stored: StoredCard): Promise<SealedName> {
    return this.#underNewKey(place, NO_RECORD, (dataKey, binding) => ({
      name: sealStored(dataKey, stored, binding),
    }));
  }

  openName(place: Place, sealed: SealedName): Promise<StoredCard> {
    return this.#withDataKey(place, { record: NO_RECORD, sealed }, (dataKey, binding) =>
      fitting(openStored(dataKey, sealed.name, binding)),
    );
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
  async isIntact(place: Place, row: Keyed): Promise<boolean> {
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

  async #underNewKey<T>(
    place: Place,
    record: string,
    use: (dataKey: Secret, binding: Binding) => T,
  ): Promise<SealedKey & T> {
    const binding = bindingOf(LAYOUT, place, record);
    const dataKey = newDataKey();
    try {
      const wrapped = await this.#keys.wrap(place.merchant, dataKey, aadOf('data-key', binding));
      const sealed = { layout: LAYOUT, keyVersion: wrapped.version, dataKey: wrapped.sealed };
      return { ...sealed, ...use(dataKey, binding) };
    } finally {
      dataKey.wipe();
    }
  }

  async #withDataKey<T>(
    place: Place,
    { record, sealed }: Keyed,
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

/** As much of a row as its data key is bound to. */
interface Keyed {
  record: string;
  sealed: SealedKey;
}

/** What was opened; a seal that does not fit opened nothing. */
function fitting<T>(opened: T | undefined): T {
  if (opened === undefined) throw new AppError('vault_unavailable', 'a seal does not fit its row');
  return opened;
}
