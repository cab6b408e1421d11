import type { Audit } from '../audit/audit.js';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';
import { bucketOf, canonicalId, newId } from '../id.js';
import type { ChargeView } from '../capture/view.js';
import type { Limits } from '../fraud/limits.js';
import type { MotoSums } from '../fraud/moto-sums.js';
import type { Psp } from '../psp/psp.js';
import type { Receipts } from '../receipts/receipts.js';
import type { SlotWrite } from '../redis/keys.js';
import type { Behind, TokenView, Vault } from '../vault/vault.js';
import { amountFault } from './amount.js';
import type { Cashier } from './cashier.js';
import { idempotencyDigest, type ChargeStore } from './charge-store.js';
import { created } from './charge-steps.js';
import type { ChargeRecord } from './charge.js';
import type { ChargeRequest, Charges } from './charges.js';
import { refundViews, type RefundView } from './refund-view.js';
import type { Refunds } from './refunds.js';

export interface TokenChargesOptions {
  psp: Psp;
  store: ChargeStore;
  vault: Pick<Vault, 'open'>;
  cashier: Cashier;
  refunds: Refunds;
  receipts: Pick<Receipts, 'insist' | 'planned'>;
  limits: Pick<Limits, 'charging' | 'asking'>;
  sums: Pick<MotoSums, 'nameOf'>;
  /** Knows whose API key it is. */
  audit: Pick<Audit, 'visitor'>;
  clock: Clock;
}

/** Charges by token, and what comes of them. */
export class TokenCharges implements Charges {
  readonly #options: TokenChargesOptions;

  constructor(options: TokenChargesOptions) {
    this.#options = options;
  }

  async charge(merchant: string, request: ChargeRequest): Promise<ChargeView> {
    const { psp, store, vault } = this.#options;
    const token = canonicalId('tnw_', request.token);
    if (token === null) throw noSuchToken();
    const idempotency = idempotencyDigest(token, request.idempotencyKey);
    const before = await store.ofKey(merchant, token, idempotency);
    if (before !== null) return this.#repeated(before, request);
    if (await store.isSpent(merchant, token)) throw spent();
    if (request.receipt) this.#options.receipts.insist(merchant, request.receipt);
    const fault = amountFault(psp, request);
    if (fault !== null) {
      throw new AppError('bad_request', fault, { errors: [{ path: 'amount', message: fault }] });
    }
    const { limits, audit } = this.#options;
    const subject = { merchant, caller: null, range: null, client: audit.visitor.actor };
    await limits.charging(subject);
    const charged = await vault.open(merchant, token, (behind) =>
      limits.asking(
        { ...subject, range: behind.token.card.bin },
        () => this.#spend(merchant, behind, request, idempotency),
        ({ decline }) => decline?.code ?? null,
      ),
    );
    if (charged !== null) return charged;
    throw (await store.isSpent(merchant, token)) ? spent() : noSuchToken();
  }

  async get(merchant: string, id: string): Promise<ChargeView> {
    return (await this.#options.store.get(merchant, id)).view;
  }

  async refunds(merchant: string, id: string): Promise<RefundView[]> {
    return refundViews(await this.#options.store.get(merchant, id));
  }

  async refund(merchant: string, id: string, amount: number | null, key: string): Promise<ChargeView> {
    const { refunds } = this.#options;
    return (await refunds.refund(merchant, id, amount, idempotencyDigest('refund', key))).view;
  }

  async void(merchant: string, id: string, key: string): Promise<ChargeView> {
    return (await this.#options.refunds.void(merchant, id, idempotencyDigest('void', key))).view;
  }

  /** The intent is findable before it is written, and written before the provider hears of it. */
  async #spend(
    merchant: string,
    behind: Behind,
    request: ChargeRequest,
    idempotency: string,
  ): Promise<ChargeView> {
    const { psp, store, cashier, sums, clock } = this.#options;
    const { instrument, networkTransactionId, token } = behind;
    if (instrument.kind === 'stored' && instrument.provider !== psp.name) {
      throw new AppError('no_provider', 'another payment provider keeps this card, and is not set up now');
    }
    const id = newId('chg_', bucketOf(token.token) ?? 0);
    const { amount, currency, reference, language } = request;
    const network = request.network ?? token.card.chosen_network;
    const money = { amount, currency };
    const sum = instrument.kind === 'card' ? await sums.nameOf(merchant, instrument.card.number) : null;
    const asked = { merchant, id, money, reference, idempotency, network, language };
    const intent = { ...asked, token, sum, captureId: null };
    const record = created({ ...intent, provider: psp.name }, clock.now());
    await store.unsettled.enter({ merchant, id });
    const known = await store.create(record, this.#planned(merchant, id, request, token));
    if (known === 'spent') throw spent();
    if (known !== 'created') return this.#repeated(known, request);
    const stored = token.purpose !== 'single';
    const payment = {
      instrument: instrument.kind === 'card' ? { ...instrument, code: null } : instrument,
      // The merchant charges by himself only what the payer has agreed to before, in a first payment.
      ...{ stored, unattended: stored && networkTransactionId !== null, networkTransactionId },
    };
    return (await cashier.charge(record, payment, () => null)).view;
  }

  #planned(
    merchant: string,
    id: string,
    { receipt = null, language }: ChargeRequest,
    { card }: TokenView,
  ): SlotWrite[] {
    if (receipt === null) return [];
    const plan = { ...receipt, language, registers: false, lastFour: card.last4 };
    return [this.#options.receipts.planned(merchant, id, plan)];
  }

  #repeated({ state, since, network, view }: ChargeRecord, request: ChargeRequest): ChargeView {
    const { amount, currency, reference } = request;
    const same =
      view.amount === amount &&
      view.currency === currency &&
      view.reference === reference &&
      (request.network === null || network === request.network);
    if (!same) {
      throw new AppError(
        'idempotency_mismatch',
        'this Idempotency-Key came with another body; use a new key',
      );
    }
    const begun = state === 'created' || state === 'sent';
    if (begun && this.#options.store.unsettled.isInHand({ since })) {
      throw new AppError(
        'idempotency_in_progress',
        'the first request with this Idempotency-Key is still running',
      );
    }
    return view;
  }
}

function spent(): AppError {
  return new AppError('token_spent', 'this token was for one charge, which it has had');
}

function noSuchToken(): AppError {
  return new AppError('not_found', 'there is no such token, or its card is gone');
}
