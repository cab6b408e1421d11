import type { Audit, Intent } from '../audit/audit.js';
import { shortened } from '../audit/audit-entry.js';
import type { OperationType } from '../audit/audit-event.js';
import type { Behind, TokenizeRequest, TokenView, Vault } from './vault.js';

/** The event of each thing that a vault can do: one without an event does not compile. */
export const VAULT_EVENTS = {
  tokenize: 'token.create',
  token: 'token.read',
  destroy: 'token.destroy',
  open: 'token.open',
  remember: 'token.remember',
} as const satisfies Record<keyof Vault, OperationType>;

/** A vault that does nothing unless its intent is in the audit trail. */
export class AuditedVault implements Vault {
  readonly #vault: Vault;
  readonly #audit: Audit;

  constructor(vault: Vault, audit: Audit) {
    this.#vault = vault;
    this.#audit = audit;
  }

  tokenize(request: TokenizeRequest): Promise<TokenView> {
    return this.#audit.operation(
      VAULT_EVENTS.tokenize,
      request.merchant,
      (intent) => this.#vault.tokenize(announcing(request, intent)),
      ({ token }) => ({ resource: nameOf(request.merchant, token) }),
    );
  }

  token(merchant: string, token: string): Promise<TokenView | null> {
    return this.#audit.operation(
      VAULT_EVENTS.token,
      nameOf(merchant, token),
      () => this.#vault.token(merchant, token),
      (found) => ({ outcome: found === null ? 'absent' : 'done' }),
    );
  }

  destroy(merchant: string, token: string): Promise<boolean> {
    const name = nameOf(merchant, token);
    return this.#audit.operation(
      VAULT_EVENTS.destroy,
      name,
      (intent) => this.#vault.destroy(merchant, token, (slot) => intent.done(slot, name)),
      (destroyed) => ({ outcome: destroyed ? 'done' : 'absent' }),
    );
  }

  open<T>(merchant: string, token: string, use: (behind: Behind) => Promise<T>): Promise<T | null> {
    return this.#audit.operation(
      VAULT_EVENTS.open,
      nameOf(merchant, token),
      () => this.#vault.open(merchant, token, use),
      (used) => ({ outcome: used === null ? 'absent' : 'done' }),
    );
  }

  remember(merchant: string, token: string, networkTransactionId: string): Promise<void> {
    return this.#audit.operation(VAULT_EVENTS.remember, nameOf(merchant, token), () =>
      this.#vault.remember(merchant, token, networkTransactionId),
    );
  }
}

/** The request, whose write also says that it was made. */
function announcing(request: TokenizeRequest, intent: Intent): TokenizeRequest {
  const { merchant } = request;
  return {
    ...request,
    announce: async (view) => ({
      ...(await request.announce(view)),
      outcome: (slot) => intent.done(slot, nameOf(merchant, view.token)),
    }),
  };
}

function nameOf(merchant: string, token: string): string {
  return `${merchant}/${shortened(token)}`;
}
