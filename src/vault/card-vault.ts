import { timestamp, type Clock } from '../clock.js';
import { AppError, codeOf, type ErrorCode } from '../errors.js';
import { bucketOf, canonicalId, newId } from '../id.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { parseRecord, recordText, type CardRecord } from './card-record.js';
import { CardSealer } from './card-sealer.js';
import type { KeyProvider } from './key-provider.js';
import { retentionOf } from './retention.js';
import { INDEX_BYTES, OPENED_S } from './row-keys.js';
import type { Place, SealedCard, TokenRow, TokenStore } from './token-store.js';
import { faceOf, isSeen, likenessOf } from './unseen-card.js';
import type { Behind, OutcomeIn, TokenizeRequest, TokenView, Vault } from './vault.js';

export interface VaultOptions {
  keys: KeyProvider;
  store: TokenStore;
  clock: Clock;
  /** Days that a card of purpose `single` is kept. */
  ttlDays: number;
  /** How often a token may be opened towards a provider; 10 unless given. */
  opensPerHour?: number;
  metrics: Metrics;
  log: Logger;
}

const TOKEN_PREFIX = 'tnw_';
const FINGERPRINT_PREFIX = 'fpr_';
const RETRY_AFTER_S = 5;
const OPENS_PER_HOUR = 10;

/** What is no fault of the vault: it is told as it is. */
const TOLD: ReadonlySet<ErrorCode> = new Set([
  'unsettled',
  'conflict',
  'token_spent',
  'token_closed',
  'too_many_charges',
]);

interface Found {
  token: string;
  place: Place;
}

interface Live extends Found {
  row: TokenRow;
  record: CardRecord;
}

/** Seals each card under a key of its own and gives it a random token. */
export class CardVault implements Vault {
  readonly #options: VaultOptions;
  readonly #sealer: CardSealer;

  constructor(options: VaultOptions) {
    this.#options = options;
    this.#sealer = new CardSealer(options.keys);
  }

  tokenize(request: TokenizeRequest): Promise<TokenView> {
    return this.#guarded(async () => {
      const { clock, keys, metrics, store, ttlDays } = this.#options;
      const began = clock.monotonic();
      const { merchant, card, purpose, usage, channel, consent, metadata } = request;
      const token = newId(TOKEN_PREFIX, request.bucket);
      const created = clock.now();
      const retention = retentionOf(purpose, card, created, ttlDays);
      const place = await this.#placeOf(merchant, token, request.bucket);
      const mac = await keys.mac('fingerprint', merchant, likenessOf(card));
      const [fingerprint, deadline] = await Promise.all([
        store.alias(merchant, mac, newId(''), retention.record),
        store.deadline(place),
      ]);

      const { bin, ...shown } = faceOf(card, request);
      const given = { fingerprint, purpose, usage, channel, created, consent, metadata };
      const kept: CardRecord = { ...shown, ...given, expires: retention.card, durability: store.durability };
      const record = recordText(kept);
      const sealed = await this.#sealed(place, record, request, bin);
      const view = viewOf(token, kept, bin);
      await store.put(place, { record, sealed }, retention, await request.announce(view), deadline);
      metrics.tokens.inc({ purpose });
      metrics.vaultSeconds.observe((clock.monotonic() - began) / 1000);
      return view;
    });
  }

  token(merchant: string, typed: string): Promise<TokenView | null> {
    return this.#guarded(async () => {
      const live = await this.#live(await this.#find(merchant, typed));
      if (live === null) return null;
      return viewOf(live.token, live.record, await this.#sealer.openBin(live.place, live.row));
    });
  }

  async open<T>(merchant: string, typed: string, use: (behind: Behind) => Promise<T>): Promise<T | null> {
    const behind = await this.#guarded(() => this.#behind(merchant, typed));
    if (behind === null) return null;
    try {
      return await use(behind);
    } finally {
      if (behind.instrument.kind === 'card') behind.instrument.card.number.wipe();
    }
  }

  remember(merchant: string, typed: string, networkTransactionId: string): Promise<void> {
    return this.#guarded(async () => {
      const live = await this.#live(await this.#find(merchant, typed));
      if (live === null || live.row.sealed.network !== null) return;
      const network = await this.#sealer.sealNetworkId(live.place, live.row, networkTransactionId);
      await this.#options.store.remember(live.place, network);
    });
  }

  destroy(merchant: string, typed: string, outcome?: OutcomeIn): Promise<boolean> {
    return this.#guarded(async () => {
      const found = await this.#find(merchant, typed);
      if (found === null) return false;
      return (await this.#options.store.destroy(found.place, outcome)) || this.#missing(found.place, false);
    });
  }

  /** Null where there is nothing that could be charged: an unseen card that nobody keeps. */
  async #sealed(
    place: Place,
    record: string,
    { card, stored, networkTransactionId = null }: TokenizeRequest,
    bin: string | null,
  ): Promise<SealedCard | null> {
    const sealed = stored ?? (isSeen(card) ? card : null);
    return sealed && this.#sealer.seal(place, record, { sealed, bin, networkTransactionId });
  }

  async #behind(merchant: string, typed: string): Promise<Behind | null> {
    const { store, opensPerHour = OPENS_PER_HOUR } = this.#options;
    const found = await this.#find(merchant, typed);
    if (found === null) return null;
    const wait = await store.opening(found.place, opensPerHour, OPENED_S);
    if (wait > 0) {
      const message = `a token can be charged ${opensPerHour} times an hour: try again later`;
      throw new AppError('too_many_charges', message, { retryAfter: wait });
    }
    const live = await this.#live(found);
    if (live === null) return null;
    const { token, place, row, record } = live;
    if (record.purpose === 'dispute') {
      throw new AppError(
        'token_closed',
        'the token is kept for disputes alone: refunds are possible, charges are not',
      );
    }
    const { bin, instrument, networkTransactionId } = await this.#sealer.open(place, row);
    return {
      token: viewOf(token, record, bin),
      instrument:
        instrument.kind === 'card'
          ? { kind: 'card', card: { brand: record.brand, ...instrument.card } }
          : instrument,
      networkTransactionId,
    };
  }

  /** A row whose card can be opened now; null when there is none. */
  async #live(found: Found | null): Promise<Live | null> {
    if (found === null) return null;
    const row = await this.#options.store.get(found.place);
    if (row === null) return this.#missing(found.place, null);
    const record = parseRecord(row.record);
    if (record.expires * 1000 <= this.#options.clock.now() || this.#isShredded(row)) return null;
    return { ...found, row, record };
  }

  async #find(merchant: string, typed: string): Promise<Found | null> {
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
      if (error instanceof AppError && TOLD.has(error.code)) throw error;
      const detail = error instanceof AppError ? error.message : null;
      this.#options.log.error({ code: codeOf(error), detail }, 'the vault could not do its work');
      throw new AppError('vault_unavailable', 'the vault is not available; try again', {
        retryAfter: RETRY_AFTER_S,
      });
    }
  }
}

function viewOf(token: string, record: CardRecord, bin: string | null): TokenView {
  const { brand, last4, exp_month, exp_year, networks, chosen_network } = record;
  const { fingerprint, purpose, usage, channel } = record;
  return {
    token,
    card: { brand, bin, last4, exp_month, exp_year, networks, chosen_network },
    fingerprint: FINGERPRINT_PREFIX + fingerprint,
    purpose,
    usage,
    channel,
    created_at: timestamp(record.created),
    expires_at: timestamp(record.expires * 1000),
  };
}
