import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Psp } from '../psp/psp.js';
import type { Behind, OutcomeIn, TokenizeRequest, TokenView, Vault } from '../vault/vault.js';

/** A vault whose cards the payment provider keeps: what is destroyed here is forgotten there. */
export class ProviderVault implements Vault {
  readonly #vault: Vault;
  readonly #psp: Pick<Psp, 'name' | 'forget'>;
  readonly #log: Logger;

  constructor(vault: Vault, psp: Pick<Psp, 'name' | 'forget'>, log: Logger) {
    this.#vault = vault;
    this.#psp = psp;
    this.#log = log;
  }

  tokenize(request: TokenizeRequest): Promise<TokenView> {
    return this.#vault.tokenize(request);
  }

  token(merchant: string, token: string): Promise<TokenView | null> {
    return this.#vault.token(merchant, token);
  }

  open<T>(merchant: string, token: string, use: (behind: Behind) => Promise<T>): Promise<T | null> {
    return this.#vault.open(merchant, token, use);
  }

  remember(merchant: string, token: string, networkTransactionId: string): Promise<void> {
    return this.#vault.remember(merchant, token, networkTransactionId);
  }

  /** Here first: without its token the provider's name is worth nothing, and nobody finds it again. */
  async destroy(merchant: string, token: string, outcome?: OutcomeIn): Promise<boolean> {
    const kept = await this.#keptAs(merchant, token);
    const destroyed = await this.#vault.destroy(merchant, token, outcome);
    if (kept !== null) await this.#forget(kept);
    return destroyed;
  }

  /** A token that can't be opened now is destroyed all the same. */
  async #keptAs(merchant: string, token: string): Promise<string | null> {
    const { name } = this.#psp;
    const nameOf = ({ instrument }: Behind): Promise<string | null> =>
      Promise.resolve(
        instrument.kind === 'stored' && instrument.provider === name ? instrument.reference : null,
      );
    return this.#vault.open(merchant, token, nameOf).catch(() => null);
  }

  async #forget(reference: string): Promise<void> {
    await this.#psp.forget(reference).catch((error: unknown) => {
      this.#log.warn({ code: codeOf(error) }, 'a card that nobody needs is left with the payment provider');
    });
  }
}
