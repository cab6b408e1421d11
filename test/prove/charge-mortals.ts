import { isOpen } from '../../src/charge/charge-steps.js';
import { ChargeStore, type ChargeStoreOptions } from '../../src/charge/charge-store.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import { newId } from '../../src/id.js';
import type {
  AuthorizeRequest,
  Found,
  HostedPage,
  Outcome,
  PageRequest,
  PaymentName,
  RefundOutcome,
  RefundRequest,
} from '../../src/psp/psp.js';
import { SimulatedPsp } from '../../src/psp/simulated-psp.js';
import type { FailPoint } from './charge-orders.js';

/** Whoever passes a point may die there. */
export type Pass = (point: FailPoint) => Promise<void>;

/** A store whose user may die before and after what it writes. */
export class MortalStore extends ChargeStore {
  readonly #pass: Pass;

  constructor(options: ChargeStoreOptions, pass: Pass) {
    super(options);
    this.#pass = pass;
  }

  override async create(...created: Parameters<ChargeStore['create']>): ReturnType<ChargeStore['create']> {
    await this.#pass('before the intent');
    const known = await super.create(...created);
    await this.#pass('after the intent');
    return known;
  }

  override async change(...change: Parameters<ChargeStore['change']>): Promise<ChargeRecord> {
    return this.#changed(await super.change(...change));
  }

  override async changeWithToken(
    ...change: Parameters<ChargeStore['changeWithToken']>
  ): Promise<ChargeRecord> {
    return this.#changed(await super.changeWithToken(...change));
  }

  async #changed(record: ChargeRecord): Promise<ChargeRecord> {
    if (!isOpen(record)) await this.#pass('after the outcome');
    return record;
  }
}

/** A provider whose customer may die before and after what is asked of it; and who may be broken on purpose. */
export class MortalPsp extends SimulatedPsp {
  readonly #pass: Pass;
  readonly #broken: boolean;
  readonly #leftOpen = new Set<string>();

  constructor(
    options: ConstructorParameters<typeof SimulatedPsp>[0],
    { pass, broken }: { pass: Pass; broken: boolean },
  ) {
    super(options);
    this.#pass = pass;
    this.#broken = broken;
  }

  override async authorize(request: AuthorizeRequest): Promise<Outcome> {
    const answer = await super.authorize({
      ...request,
      sending: async (providerReference) => {
        await this.#pass('before it is sent');
        await request.sending(providerReference);
        await this.#pass('once it is sent');
      },
    });
    await this.#pass('after the answer');
    if (!this.#broken || answer.status !== 'unknown') return answer;
    // The mistake that must be found: what nobody knows is sent again under another name.
    return super.authorize({ ...request, reference: newId('chg_'), sending: () => Promise.resolve() });
  }

  override async hostedPage(request: PageRequest): Promise<HostedPage> {
    await this.#pass('before a page');
    const page = await super.hostedPage(request);
    await this.#pass('after a page');
    return page;
  }

  override async closePage(page: PaymentName): Promise<void> {
    await this.#pass('before a page is closed');
    if (this.#broken) this.#leftOpen.add(page.reference);
    else await super.closePage(page);
    await this.#pass('after a page is closed');
  }

  override async lookUp(payment: PaymentName): Promise<Found> {
    const found = await super.lookUp(payment);
    // The mistake that must be found: a page is taken for closed that is open.
    const isOpen = found.status === 'pending' && this.#leftOpen.has(payment.reference);
    return isOpen ? { status: 'absent' } : found;
  }

  override async refund(request: RefundRequest): Promise<RefundOutcome> {
    await this.#pass('before a refund');
    const answer = await super.refund(request);
    await this.#pass('after a refund');
    return answer;
  }
}
