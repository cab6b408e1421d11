import type { Vault } from '../vault/vault.js';
import type { Taken, TakeRequest, Till } from './till.js';

/** The till of a service that has no payment provider: it puts cards away. */
export class VaultTill implements Till {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  can(outcome: TakeRequest['outcome']): boolean {
    return outcome === 'token';
  }

  amountFault(): null {
    return null;
  }

  /** Whoever charges the token is told of the choice. */
  canChooseNetwork(): boolean {
    return true;
  }

  async take(request: TakeRequest): Promise<Taken> {
    const { merchant, bucket, card, networks, network, purpose, usage, consent, channel, metadata } = request;
    const token = await this.#vault.tokenize({
      ...{
        merchant,
        bucket,
        card,
        networks,
        network,
        purpose,
        usage,
        consent,
        channel,
        metadata,
        stored: null,
      },
      announce: (sealed) => request.conclude(sealed, null),
    });
    return { status: 'done', token, charge: null };
  }
}
