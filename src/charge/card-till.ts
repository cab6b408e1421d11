import type { Outcome } from '../capture/view.js';
import type { CardNetworks } from '../card/networks.js';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import { newId } from '../id.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import type { Logger } from '../log.js';
import type { RefusalName } from '../psp/decline-code.js';
import type { Approved, CardRequest, Instrument, Money, Psp, Outcome as PspOutcome } from '../psp/psp.js';
import type { Forgetter } from '../vault/forgetter.js';
import type { Announcement, StoredCard, TokenView, Vault } from '../vault/vault.js';
import { amountFault } from './amount.js';
import type { Cashier } from './cashier.js';
import { created } from './charge-steps.js';
import type { ChargeStore } from './charge-store.js';
import { chargedCard, ENTRY_OF_CHANNEL, type ChargeRecord } from './charge.js';
import { declineOf } from './refusals.js';
import type { Taken, TakeRequest, Till } from './till.js';

export interface CardTillOptions {
  psp: Psp;
  /** False: the provider keeps the card, and our token stands for its name there. */
  storeCards: boolean;
  store: ChargeStore;
  vault: Pick<Vault, 'tokenize' | 'remember'>;
  forgetter: Pick<Forgetter, 'forget'>;
  cashier: Cashier;
  sums: Pick<MotoSums, 'nameOf'>;
  clock: Clock;
  log: Logger;
}

/** A card as it goes on from here: what is charged, and what is sealed. */
interface Placed {
  instrument: Instrument;
  stored: StoredCard | null;
  /** As the provider says, else as the number does. */
  networks: CardNetworks['networks'];
  /** Of the request in which the provider was asked for the first time. */
  networkTransactionId: string | null;
}

/** What came of asking the provider for a card, before money is spoken of. */
type Asked = ({ status: 'approved' } & Placed) | Exclude<PspOutcome, Approved>;

type Declined = Extract<PspOutcome, { status: 'declined' }>;

/** The till of a service with a payment provider. */
export class CardTill implements Till {
  readonly #options: CardTillOptions;

  constructor(options: CardTillOptions) {
    this.#options = options;
  }

  can(outcome: Outcome): boolean {
    const { psp, storeCards } = this.#options;
    if (!storeCards) return psp.abilities.has('tokenize');
    if (outcome === 'token') return true;
    return psp.abilities.has('raw_card') && (outcome === 'charge' || psp.abilities.has('verify'));
  }

  amountFault(money: Money): string | null {
    return amountFault(this.#options.psp, money);
  }

  canChooseNetwork(): boolean {
    return this.#options.psp.abilities.has('choose_network');
  }

  async take(request: TakeRequest): Promise<Taken> {
    try {
      const asked = await this.#ask(request);
      if (asked.status === 'unknown') return { status: 'unknown', charge: null };
      if (asked.status === 'declined') {
        return {
          status: 'refused',
          decline: declineOf(toldAs(asked, request), request.language),
          charge: null,
        };
      }
      const { money } = request;
      if (request.outcome === 'charge' && money !== null) return await this.#charge(request, asked, money);
      return { status: 'done', token: await this.#keep(request, asked), charge: null };
    } finally {
      request.code?.wipe();
    }
  }

  /** Has the provider look at the card, or keep it, where that is asked for. */
  async #ask(request: TakeRequest): Promise<Asked> {
    const { psp, storeCards, forgetter } = this.#options;
    const { card, code, outcome, networks } = request;
    const instrument = { kind: 'card', card, code } as const;
    if (storeCards && outcome !== 'verify') {
      return { status: 'approved', instrument, stored: null, networks, networkTransactionId: null };
    }
    const asking: CardRequest = {
      ...{ reference: newId('vrf_'), instrument, entry: ENTRY_OF_CHANNEL[request.channel] },
      stored: !storeCards || request.purpose !== 'single',
      sending: () => Promise.resolve(),
    };
    if (storeCards) {
      const answer = await psp.verify(asking);
      if (answer.status !== 'approved') return answer;
      return (
        isWrongCode(answer) ?? { ...answer, networks: answer.networks ?? networks, instrument, stored: null }
      );
    }
    const answer = await psp.tokenize(asking);
    if (answer.status !== 'approved') return answer;
    const stored = { provider: psp.name, reference: answer.stored };
    const wrong = isWrongCode(answer);
    if (wrong !== null) await forgetter.forget(request.merchant, stored);
    const kept = { kind: 'stored', reference: answer.stored } as const;
    return wrong ?? { ...answer, networks: answer.networks ?? networks, instrument: kept, stored };
  }

  /** Nothing but the token: it is announced with the end of its capture. */
  async #keep(request: TakeRequest, placed: Placed): Promise<TokenView> {
    const { vault, log } = this.#options;
    const token = await this.#seal(request, placed, (token) => request.conclude(token, null));
    const { networkTransactionId } = placed;
    if (networkTransactionId !== null) {
      await vault.remember(request.merchant, token.token, networkTransactionId).catch((error: unknown) => {
        log.debug({ code: codeOf(error) }, 'what a network calls a payment could not be kept');
      });
    }
    return token;
  }

  /** The sealed card and the intent to charge it are one write; the approved charge and the token's news another. */
  async #charge(request: TakeRequest, placed: Placed, money: Money): Promise<Taken> {
    const { psp, store, cashier, sums, clock } = this.#options;
    const { merchant, bucket, captureId, reference, network, language, purpose } = request;
    const id = newId('chg_', bucket);
    const sum = await sums.nameOf(merchant, request.card.number);
    await store.unsettled.enter({ merchant, id });
    let record: ChargeRecord | undefined;
    const token = await this.#seal(request, placed, (token) => {
      const intent = { merchant, id, token, sum, money, reference, captureId, network, language };
      record = created({ ...intent, idempotency: null, provider: psp.name }, clock.now());
      return { events: [], writes: store.writesOf(record) };
    });
    if (record === undefined) throw new TypeError('a vault has sealed a card without announcing it');
    const payment = {
      ...{ instrument: placed.instrument, stored: purpose !== 'single' },
      ...{ unattended: false, networkTransactionId: null },
    };
    const charged = (made: ChargeRecord): TokenView => ({ ...token, card: chargedCard(token.card, made) });
    const conclude = (made: ChargeRecord) =>
      made.state === 'approved' ? request.conclude(charged(made), made.view) : null;
    const made = await cashier.charge(record, payment, conclude);
    const { state, view } = made;
    if (state === 'approved') return { status: 'done', token: charged(made), charge: view };
    if (state !== 'declined' || view.decline === null) return { status: 'unknown', charge: view };
    return { status: 'refused', decline: view.decline, charge: view };
  }

  async #seal(
    request: TakeRequest,
    { stored, networks }: Placed,
    announce: (token: TokenView) => Announcement,
  ): Promise<TokenView> {
    const { vault, forgetter } = this.#options;
    const { merchant, bucket, card, network, purpose, usage, consent, channel, metadata } = request;
    try {
      return await vault.tokenize({
        ...{ merchant, bucket, card, networks, network, purpose, usage, consent, channel, metadata },
        ...{ stored, announce },
      });
    } catch (error) {
      if (stored !== null) await forgetter.forget(merchant, stored);
      throw error;
    }
  }
}

/** A page takes an amount: where there is none, whoever has to authenticate can't go there. */
function toldAs({ code }: Declined, { money }: TakeRequest): RefusalName {
  return code === 'authentication_required' && money === null ? 'not_by_phone' : code;
}

/** A bank may approve a card with a wrong code. Where no money moves, that is no answer to whether it is good. */
function isWrongCode({ codeCheck, providerReference }: Approved): Exclude<PspOutcome, Approved> | null {
  if (codeCheck !== 'mismatch') return null;
  return { status: 'declined', providerReference, code: 'incorrect_cvc', providerCode: 'cvc_mismatch' };
}
