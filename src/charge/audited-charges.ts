import type { Audit } from '../audit/audit.js';
import { shortened } from '../audit/audit-entry.js';
import type { ChargeView } from '../capture/view.js';
import type { ChargeRequest, Charges } from './charges.js';
import type { RefundView } from './refund-view.js';
import type { Taken, TakeRequest, Till } from './till.js';

/** Charges of which none is made, and none given back, unless its intent is in the audit trail. */
export class AuditedCharges implements Charges {
  readonly #charges: Charges;
  readonly #audit: Audit;

  constructor(charges: Charges, audit: Audit) {
    this.#charges = charges;
    this.#audit = audit;
  }

  async charge(merchant: string, request: ChargeRequest): Promise<ChargeView> {
    const charge = await this.#audit.operation(
      'charge.create',
      `${merchant}/${shortened(request.token)}`,
      () => this.#charges.charge(merchant, request),
      ({ id }) => ({ resource: `${merchant}/${id}` }),
    );
    if (charge.status === 'declined') this.#audit.fact('charge.declined', `${merchant}/${charge.id}`);
    return charge;
  }

  get(merchant: string, id: string): Promise<ChargeView> {
    return this.#charges.get(merchant, id);
  }

  refunds(merchant: string, id: string): Promise<RefundView[]> {
    return this.#charges.refunds(merchant, id);
  }

  refund(merchant: string, id: string, amount: number | null, idempotencyKey: string): Promise<ChargeView> {
    return this.#audit.operation('charge.refund', `${merchant}/${id}`, () =>
      this.#charges.refund(merchant, id, amount, idempotencyKey),
    );
  }

  void(merchant: string, id: string, idempotencyKey: string): Promise<ChargeView> {
    return this.#audit.operation('charge.void', `${merchant}/${id}`, () =>
      this.#charges.void(merchant, id, idempotencyKey),
    );
  }
}

/** A till that charges no card unless its intent is in the audit trail. */
export class AuditedTill implements Till {
  readonly #till: Till;
  readonly #audit: Audit;

  constructor(till: Till, audit: Audit) {
    this.#till = till;
    this.#audit = audit;
  }

  can(outcome: TakeRequest['outcome']): boolean {
    return this.#till.can(outcome);
  }

  amountFault(money: Parameters<Till['amountFault']>[0]): string | null {
    return this.#till.amountFault(money);
  }

  canChooseNetwork(): boolean {
    return this.#till.canChooseNetwork();
  }

  async take(request: TakeRequest): Promise<Taken> {
    const { merchant, captureId, outcome } = request;
    const taken = await (outcome === 'charge' ? this.#charge(request) : this.#till.take(request));
    if (taken.status === 'refused') {
      this.#audit.fact('charge.declined', `${merchant}/${taken.charge?.id ?? captureId}`);
    }
    return taken;
  }

  #charge(request: TakeRequest): Promise<Taken> {
    const { merchant, captureId } = request;
    return this.#audit.operation(
      'charge.create',
      `${merchant}/${captureId}`,
      () => this.#till.take(request),
      ({ charge }) => ({ resource: `${merchant}/${charge?.id ?? captureId}` }),
    );
  }
}
