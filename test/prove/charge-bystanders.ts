import { setTimeout as sleep } from 'node:timers/promises';
import type { SignedNotice } from '../../src/psp/simulated/notices.js';
import type { SimulatedProvider } from '../../src/psp/simulated/simulated-provider.js';
import { payOnPage } from '../support/payer.js';
import type { Random } from '../support/random.js';
import { PAGE_MS, pagePlanOf, refundElsewhereOf } from './charge-orders.js';

/** The payers of pages, and the people who give money back in the provider's own console. They outlive every maker. */
export class Bystanders {
  /** Minor units that were given back in the provider's console, by charge. */
  readonly givenBack = new Map<string, number>();
  /** How many refunds that were. */
  refunds = 0;
  readonly #provider: SimulatedProvider;
  readonly #random: Random;
  readonly #works: Promise<unknown>[] = [];
  /** Of pages that are to be closed, by charge. */
  readonly #urls = new Map<string, string>();

  constructor(provider: SimulatedProvider, random: Random) {
    this.#provider = provider;
    this.#random = random;
  }

  /** A payer is sent to a page, and does there as its job plans. */
  pay(job: number, id: string, url: string): void {
    this.#begin(this.#pay(job, id, url));
    if (pagePlanOf(job).startsWith('closed, ')) this.#urls.set(id, url);
  }

  /** A page of which the agent was told that it is closed: its payer tries all the same. */
  payClosed(id: string): void {
    const url = this.#urls.get(id);
    if (url !== undefined) this.#begin(payOnPage(url, { agreed: true }));
  }

  giveBack(id: string, amount: number): void {
    if (amount > 0) this.#begin(this.#giveBack(id, amount));
  }

  /** Resolves when all of them have done what they are at, and rejects when one of them couldn't. */
  async done(): Promise<void> {
    for (let known = -1; known < this.#works.length;) {
      known = this.#works.length;
      await Promise.all(this.#works);
    }
  }

  #begin(work: Promise<unknown>): void {
    // Heard of in `done`.
    work.catch(() => {});
    this.#works.push(work);
  }

  async #pay(job: number, id: string, url: string): Promise<void> {
    const plan = pagePlanOf(job);
    if (plan === 'left' || plan === 'closed, then paid') return;
    await sleep((plan === 'paid too late' ? PAGE_MS : 0) + this.#random.between(0, 400));
    if (plan === 'refused by the payer, then paid') await payOnPage(url, { agreed: false });
    const windows = plan === 'paid in two windows at once' ? 2 : 1;
    await Promise.all(Array.from({ length: windows }, () => payOnPage(url, { agreed: true })));
    this.giveBack(id, refundElsewhereOf(job));
  }

  /** The provider tells of it until it is heard. */
  async #giveBack(id: string, amount: number): Promise<void> {
    await sleep(this.#random.between(0, 500));
    const notice = this.#provider.refundInConsole(id, amount);
    if (notice === null) return;
    this.refunds++;
    this.givenBack.set(id, (this.givenBack.get(id) ?? 0) + amount);
    while (!(await isHeard(this.#provider.notices.url, notice))) await sleep(100);
  }
}

/** Whether a webhook was taken where it is sent. */
async function isHeard(url: string | null, { headers, body }: SignedNotice): Promise<boolean> {
  if (url === null) return false;
  return fetch(url, { method: 'POST', headers, body }).then(
    (answer) => answer.ok,
    () => false,
  );
}
