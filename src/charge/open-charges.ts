import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import type { Outbox } from '../crm/event.js';
import type { Limits } from '../fraud/limits.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Psp } from '../psp/psp.js';
import type { Receipts } from '../receipts/receipts.js';
import type { Durability } from '../redis/durability-level.js';
import type { ReplicatedRedis } from '../redis/redis.js';
import type { Forgetter } from '../vault/forgetter.js';
import type { Vault } from '../vault/vault.js';
import { AuditedCharges, AuditedTill } from './audited-charges.js';
import { CardTill } from './card-till.js';
import { Cashier } from './cashier.js';
import { ChargeBook } from './charge-book.js';
import { ChargeStore } from './charge-store.js';
import type { Charges } from './charges.js';
import { LimitedTill } from './limited-till.js';
import { NoProvider } from './no-provider.js';
import { NoPages, ProviderPages, type PageCharges } from './page-charges.js';
import { Refunds } from './refunds.js';
import type { Settlements } from './settlements.js';
import { Settler } from './settler.js';
import type { Till } from './till.js';
import { TokenCharges } from './token-charges.js';
import { VaultTill } from './vault-till.js';

export interface OpenChargesOptions {
  /** Null: cards are put away, and none is charged. */
  provider: Provider | null;
  storeCards: boolean;
  redis: ReplicatedRedis;
  durability: Durability;
  vault: Vault;
  outbox: Outbox;
  settlements: Settlements;
  receipts: Receipts;
  limits: Limits;
  sums: MotoSums;
  audit: Audit;
  merchants: readonly string[];
  live: boolean;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

export interface Provider {
  psp: Psp;
  /** Has the provider forget cards. */
  forgetter: Pick<Forgetter, 'forget'>;
}

/** The charge room, put together. */
export interface OpenCharges {
  till: Till;
  charges: Charges;
  pages: PageCharges;
  /** Null where nothing can be looked up. */
  settler: Settler | null;
}

export function openCharges(options: OpenChargesOptions): OpenCharges {
  const { provider, audit, limits } = options;
  const store = new ChargeStore(options);
  if (provider === null) {
    return {
      till: new VaultTill(options.vault),
      charges: new NoProvider(store),
      pages: new NoPages(),
      settler: null,
    };
  }
  const means = { ...options, ...provider, store };
  const book = new ChargeBook(means);
  const cashier = new Cashier({ ...means, book });
  const refunds = new Refunds({ ...means, book });
  const shared = { ...means, book, cashier, refunds };
  const settler = new Settler(shared);
  return {
    till: new LimitedTill(new AuditedTill(new CardTill(shared), audit), limits),
    charges: new AuditedCharges(new TokenCharges(shared), audit),
    pages: new ProviderPages({ ...shared, settler }),
    settler,
  };
}
