import { idempotencyDigest } from '../../src/charge/charge-store.js';
import type { ChargeRecord } from '../../src/charge/charge.js';
import type { Movement } from '../../src/psp/simulated/ledger.js';
import { BUCKETS, outboxKey, slotTag } from '../../src/redis/keys.js';
import { isKeyed, isPaged, jobOf, keepsCard, nameOf } from './charge-orders.js';
import { SHOP, TOKENS, type Stage } from './charge-stage.js';

/** What is found when the provider's ledger is held against our records. */
export interface ChargeVerdict {
  /** Requests by token, each made until it had an answer. */
  byToken: number;
  /** Charges of cards that were keyed within a capture. */
  keyed: number;
  /** Charges by payment page. */
  paged: number;
  approved: number;
  declined: number;
  /** Money that was taken and stands for no approved charge, or more than once. */
  double: number;
  /** Pages that were paid twice, or for nothing; captures for which two were paid. */
  pagesPaidWrongly: number;
  /** Charges that are approved and took no money, that were told to be what they are not, or that are gone. */
  lost: number;
  /** Not settled in the end. */
  unknown: number;
  /** Charges of which another amount was given back than is written down, here or in the provider's console. */
  refundsWrong: number;
  /** Charges without just one event that tells their outcome, and one for each refund. */
  miscounted: number;
  /** Captures that ended otherwise than their charge, or without its token; tokens that belong to none. */
  halves: number;
  /** Each charge of which something is wrong, and what. */
  wrong: string[];
}

type Fault = 'double' | 'pagesPaidWrongly' | 'lost' | 'unknown' | 'refundsWrong' | 'miscounted' | 'halves';

/** What a client was told of a job: its charge, and what came of it. */
export interface Told {
  status: string;
  id: string;
}

/** Each movement of money has to belong to a charge, and to what that says. */
export async function verdictOf(
  stage: Stage,
  charges: number,
  told: ReadonlyMap<number, Told>,
  givenBackElsewhere: ReadonlyMap<string, number>,
): Promise<ChargeVerdict> {
  const judge = new Judge(stage.provider.ledger.movements, await eventsOf(stage), givenBackElsewhere);
  const { found } = judge;
  const { tokens } = stage.maker;
  for (let job = 0; job < charges; job++) {
    if (isKeyed(job) || isPaged(job)) continue;
    found.byToken++;
    const token = tokens[job % tokens.length] ?? '';
    const record = await stage.store.ofKey(SHOP, token, idempotencyDigest(token, nameOf(job)));
    if (record === null || told.get(job)?.id !== record.view.id) judge.blame('lost', nameOf(job));
    if (record !== null) judge.charge(record, told.get(job));
  }
  const seen = new Set<string>();
  for (const record of await ofCaptures(stage)) {
    const { id, reference } = record.view;
    const said = told.get(jobOf(reference));
    seen.add(id);
    judge.charge(record, said?.id === id ? said : undefined);
    const kept = record.token !== null && (await stage.vault.token(SHOP, record.token)) !== null;
    judge.capture(record, kept);
  }
  for (const [job, { id }] of told) {
    if ((isKeyed(job) || isPaged(job)) && id !== '-' && !seen.has(id)) judge.blame('lost', id);
  }
  judge.rest((await cardsIn(stage)) - TOKENS);
  return found;
}

class Judge {
  readonly found: ChargeVerdict = {
    ...{ byToken: 0, keyed: 0, paged: 0, approved: 0, declined: 0, double: 0, pagesPaidWrongly: 0, lost: 0 },
    ...{ unknown: 0, refundsWrong: 0, miscounted: 0, halves: 0, wrong: [] },
  };
  readonly #moved = new Map<string, { times: number; amount: number; back: number }>();
  readonly #events: Events;
  readonly #givenBackElsewhere: ReadonlyMap<string, number>;
  readonly #paidFor = new Set<string | null>();
  #kept = 0;

  constructor(movements: readonly Movement[], events: Events, elsewhere: ReadonlyMap<string, number>) {
    this.#events = events;
    this.#givenBackElsewhere = elsewhere;
    for (const { kind, reference, amount } of movements) {
      const sum = this.#moved.get(reference) ?? { times: 0, amount: 0, back: 0 };
      if (kind === 'take') {
        this.#moved.set(reference, { ...sum, times: sum.times + 1, amount: sum.amount + amount });
      }
      if (kind === 'refund') this.#moved.set(reference, { ...sum, back: sum.back + amount });
    }
  }

  blame(fault: Fault, what: string): void {
    this.found[fault]++;
    this.found.wrong.push(`${fault}: ${what}`);
  }

  charge({ state, view, page, refunds }: ChargeRecord, told: Told | undefined): void {
    const { found } = this;
    const blame = (fault: Fault): void =>
      this.blame(fault, `${view.id} ${state}, ${amount} taken, ${back} back`);
    const { times, amount, back } = this.#moved.get(view.id) ?? { times: 0, amount: 0, back: 0 };
    this.#moved.delete(view.id);
    const paidWrongly = page === undefined ? 'double' : 'pagesPaidWrongly';
    if (told !== undefined && told.status !== 'unknown' && told.status !== view.status) blame('lost');
    if (state === 'approved') {
      found.approved++;
      if (times > 1) blame(paidWrongly);
      if (times === 0 || amount !== view.amount) blame('lost');
    } else if (state === 'declined') {
      found.declined++;
      if (amount !== back) blame(paidWrongly);
    } else blame('unknown');

    const made = refunds.filter((refund) => refund.state === 'succeeded');
    const elsewhere = made.filter(({ idempotency }) => idempotency === null);
    const backElsewhere = elsewhere.reduce((sum, refund) => sum + refund.amount, 0);
    const wrong = state === 'approved' && back !== view.refunded;
    if (wrong || backElsewhere !== (this.#givenBackElsewhere.get(view.id) ?? 0)) blame('refundsWrong');
    const { outcomes, refunded } = this.#events;
    if (outcomes.get(view.id) !== 1 || (refunded.get(view.id) ?? 0) !== made.length) blame('miscounted');
  }

  /** `kept`: its token can be charged again. */
  capture({ state, captureId, page, view }: ChargeRecord, kept: boolean): void {
    const { found } = this;
    const approved = state === 'approved';
    found[page === undefined ? 'keyed' : 'paged']++;
    if (approved && this.#paidFor.has(captureId))
      this.blame('pagesPaidWrongly', `${view.id}, the second of ${captureId}`);
    if (approved) this.#paidFor.add(captureId);
    const keeps = page === undefined || keepsCard(jobOf(view.reference));
    const completed = this.#events.completed.get(view.id) === 1;
    if (completed !== approved || kept !== (approved && keeps))
      this.blame('halves', `${view.id} ${state}, kept ${kept}`);
    if (kept) this.#kept++;
  }

  /** `cards`: in the vault, that came by captures. */
  rest(cards: number): void {
    this.found.halves += Math.abs(cards - this.#kept);
    // What is left belongs to no charge.
    for (const [id, { amount, back }] of this.#moved) {
      if (amount !== back) this.blame('double', `${id} is nowhere, ${amount} taken, ${back} back`);
    }
  }
}

/** Charges of cards that were keyed, or typed on a page: nobody asks for them again, so all that are there are read. */
async function ofCaptures({ server: { admin } }: Stage): Promise<ChargeRecord[]> {
  const texts = await Promise.all((await admin.keys('tw:c:*:chg_*')).map((key) => admin.get(key)));
  const records = texts.map((text) => JSON.parse(text ?? '') as ChargeRecord);
  return records.filter(({ captureId }) => captureId !== null);
}

/** How many cards are sealed in the vault, or kept by the provider for a token of ours. */
async function cardsIn({ server: { admin } }: Stage): Promise<number> {
  const rows = await admin.keys('tw:v:*:[sp]:*');
  return new Set(rows.map((row) => row.replace(/:[sp]:/, ':'))).size;
}

type Kind = 'outcomes' | 'refunded' | 'completed';
/** How often each charge was told to be approved or declined, or refunded, and its capture to be completed. */
type Events = Readonly<Record<Kind, ReadonlyMap<string, number>>>;

const KIND_OF: Readonly<Record<string, Kind>> = {
  'charge.approved': 'outcomes',
  'charge.declined': 'outcomes',
  'refund.succeeded': 'refunded',
  'capture.completed': 'completed',
};

async function eventsOf({ server: { admin } }: Stage): Promise<Events> {
  const counts = { outcomes: new Map(), refunded: new Map(), completed: new Map() };
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    for (const text of await admin.lrange(outboxKey(slotTag(SHOP, bucket)), 0, -1)) {
      const { type, data } = JSON.parse(text) as { type: string; data: { id: string } };
      const kind = KIND_OF[type];
      if (kind !== undefined) counts[kind].set(data.id, (counts[kind].get(data.id) ?? 0) + 1);
    }
  }
  return counts;
}
