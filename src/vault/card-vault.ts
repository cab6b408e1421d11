import { cardView } from '../card/card.js';
import { timestamp, type Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import { bucketOf, canonicalId, newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { aadOf, LAYOUT, newDataKey, openBin, sealBin, sealCard, type Binding } from './envelope.js';
import type { KeyProvider } from './key-provider.js';
import { retentionOf } from './retention.js';
import type { CardRecord, Place, SealedCard, TokenRow, TokenStore } from './token-store.js';
import type { OutcomeIn, TokenizeRequest, TokenView, Vault } from './vault.js';

export interface VaultOptions {
  keys: KeyProvider;
  store: TokenStore;
  clock: Clock;
  /** Days that a card of purpose `single` is kept. */
  ttlDays: number;
  metrics: Metrics;
  log: Logger;
}

const TOKEN_PREFIX = 'tnw_';
const FINGERPRINT_PREFIX = 'fpr_';
/** 128 bits of the MAC: as many as a token has. */
const INDEX_BYTES = 16;
const RETRY_AFTER_S = 5;

/** Seals each card under a key of its own and gives it a random token. */
export class CardVault implements Vault {
  readonly #options: VaultOptions;

  constructor(options: VaultOptions) {
    this.#options = options;
  }

  tokenize(request: TokenizeRequest): Promise<TokenView> {
    return this.#guarded(async () => {
      const { clock, keys, metrics, store, ttlDays } = this.#options;
      const began = clock.monotonic();
      const { merchant, card, purpose, channel, consent, metadata } = request;
      const token = newId(TOKEN_PREFIX, request.bucket);
      const created = clock.now();
      const retention = retentionOf(purpose, card, created, ttlDays);
      const place = await this.#placeOf(merchant, token, request.bucket);
      const mac = await keys.mac('fingerprint', merchant, card.number.reveal());
      const fingerprint = await store.alias(merchant, mac, newId(FINGERPRINT_PREFIX), retention.record);

      const { bin, ...shown } = cardView(card);
      const expires = retention.card;
      const { durability } = store;
      const given = { fingerprint, purpose, channel, created, expires, durability, consent, metadata };
      const record = { ...shown, ...given };
      const sealed = await this.#seal(request, bin, { ...place, purpose, expires });
      const view = viewOf(token, record, bin);
      await store.put(place, { record, sealed }, retention, request.announce(view));
      metrics.tokens.inc({ purpose });
      metrics.vaultSeconds.observe((clock.monotonic() - began) / 1000);
      return view;
    });
  }

  token(merchant: string, typed: string): Promise<TokenView | null> {
    return this.#guarded(async () => {
      const found = await this.#find(merchant, typed);
      if (found === null) return null;
      const row = await this.#options.store.get(found.place);
      if (row === null) return this.#missing(found.place, null);
      if (row.record.expires * 1000 <= this.#options.clock.now()) return null;
      if (this.#isShredded(row)) return null;
      return viewOf(found.token, row.record, await this.#openBin(found.place, row));
    });
  }

  destroy(merchant: string, typed: string, outcome?: OutcomeIn): Promise<boolean> {
    return this.#guarded(async () => {
      const found = await this.#find(merchant, typed);
      if (found === null) return false;
      return (await this.#options.store.destroy(found.place, outcome)) || this.#missing(found.place, false);
    });
  }

  async #find(merchant: string, typed: string): Promise<{ token: string; place: Place } | null> {
    const token = canonicalId(TOKEN_PREFIX, typed);
    const bucket = token === null ? null : bucketOf(token);
    if (token === null || bucket === null) return null;
    return { token, place: await this.#placeOf(merchant, token, bucket) };
  }

  /** After a failover what is not there may have been lost, and nobody shall be told that it never was. */
  async #missing<T>(place: Place, answer: T): Promise<T> {
    if (!(await this.#options.store.unsettled(place))) return answer;
    const message = 'Redis has just changed servers, and does not know the token: try again';
    throw new AppError('unsettled', message, { retryAfter: RETRY_AFTER_S });
  }

  async #placeOf(merchant: string, token: string, bucket: number): Promise<Place> {
    const mac = await this.#options.keys.mac('index', merchant, Buffer.from(token));
    return { merchant, bucket, index: mac.subarray(0, INDEX_BYTES) };
  }

  async #seal(
    { merchant, card }: TokenizeRequest,
    bin: string | null,
    binding: Binding,
  ): Promise<SealedCard> {
    const dataKey = newDataKey();
    try {
      const wrapped = await this.#options.keys.wrap(merchant, dataKey, aadOf('data-key', binding));
      return {
        layout: LAYOUT,
        keyVersion: wrapped.version,
        dataKey: wrapped.sealed,
        card: sealCard(dataKey, card, binding),
        bin: sealBin(dataKey, bin, binding),
      };
    } finally {
      dataKey.wipe();
    }
  }

  async #openBin(place: Place, { record, sealed }: TokenRow): Promise<string | null> {
    const binding = { ...place, purpose: record.purpose, expires: record.expires };
    const { keys } = this.#options;
    if (sealed.layout !== LAYOUT) throw new AppError('vault_unavailable', 'a row has an unknown layout');
    const aad = aadOf('data-key', binding);
    const dataKey = await keys.unwrap(place.merchant, sealed.keyVersion, sealed.dataKey, aad);
    try {
      const bin = openBin(dataKey, sealed.bin, binding);
      if (bin === undefined) throw new AppError('vault_unavailable', 'a sealed BIN does not open');
      return bin;
    } finally {
      dataKey.wipe();
    }
  }

  /** A card goes with its key: nobody can open it any more. */
  #isShredded({ sealed }: TokenRow): boolean {
    const { keys, log } = this.#options;
    const version = keys.versions.find(({ id }) => id === sealed.keyVersion);
    if (version?.state !== 'destroyed') return false;
    log.warn({ version: version.id }, 'a card can not be opened: its key was destroyed');
    return true;
  }

  /** Whatever went wrong inside, outside it has one name and no detail. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (codeOf(error) === 'unsettled') throw error;
      const detail = error instanceof AppError ? error.message : null;
      this.#options.log.error({ code: codeOf(error), detail }, 'the vault could not do its work');
      throw new AppError('vault_unavailable', 'the vault is not available; try again', {
        retryAfter: RETRY_AFTER_S,
      });
    }
  }
}

function viewOf(token: string, record: CardRecord, bin: string | null): TokenView {
  const { brand, last4, exp_month, exp_year, fingerprint, purpose, channel } = record;
  return {
    token,
    card: { brand, bin, last4, exp_month, exp_year },
    fingerprint,
    purpose,
    channel,
    created_at: timestamp(record.created),
    expires_at: timestamp(record.expires * 1000),
  };
}
