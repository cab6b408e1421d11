import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { MAX_REFUNDS } from '../../src/charge/refunds.js';
import type { Found, RefundOutcome, RefundRequest } from '../../src/psp/psp.js';
import { LedgerPsp } from '../support/ledger-psp.js';
import { GRACE_MS, SHOP, startChargeWorld, type ChargeWorld } from './charge-world.js';

/** A provider whose answers a test holds up, and whose look-ups it counts. */
class WatchedPsp extends LedgerPsp {
  looks = 0;
  /** Told when the answer to a look-up stands, before it is given. */
  answering: () => Promise<unknown> = () => Promise.resolve();

  /** Told when a refund is made, before that is answered. */
  refunding: () => Promise<unknown> = () => Promise.resolve();

  override async refund(request: RefundRequest): Promise<RefundOutcome> {
    const outcome = await super.refund(request);
    await this.refunding();
    return outcome;
  }

  override async lookUp(...payment: Parameters<LedgerPsp['lookUp']>): Promise<Found> {
    this.looks++;
    const found = await super.lookUp(...payment);
    await this.answering();
    return found;
  }
}

let world: ChargeWorld<WatchedPsp>;
let charge: ChargeView;
beforeAll(async () => {
  world = await startChargeWorld(new WatchedPsp());
});
afterAll(() => world.stop());
beforeEach(async () => {
  await world.server.admin.flushall();
  world.psp.answers = true;
  world.psp.answering = () => Promise.resolve();
  world.psp.refunding = () => Promise.resolve();
  world.psp.looks = 0;
  world.audit.told.length = 0;
  world.warned.length = 0;
  charge = await paid('k');
});

async function paid(idempotencyKey: string): Promise<ChargeView> {
  return world.charges.charge(SHOP, {
    ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
    ...{ idempotencyKey, language: 'en' },
  });
}

/** Somebody gives money back in the provider's own console; less than nothing: it came to nothing after all. */
function giveBackElsewhere(amount: number): void {
  const payment = world.psp.payments.get(charge.id);
  if (payment !== undefined) payment.refunded += amount;
}

const settle = () => world.settler.settle(SHOP, charge.id);
const compare = () => world.settler.compare(SHOP, charge.id);
const noticeOf = (reference: string) => ({ payment: { reference, providerReference: null }, refund: true });
const refundedNow = async () => (await world.charges.get(SHOP, charge.id)).refunded;
const told = async () => (await world.events()).filter(({ type }) => type.startsWith('refund.'));
const listed = async () =>
  (await world.charges.refunds(SHOP, charge.id)).map(({ made, amount, status }) => [made, amount, status]);

/** Until something is so: the settler has a pace of its own. */
async function until(true_: () => Promise<boolean>): Promise<void> {
  while (!(await true_())) await new Promise((resolve) => void setTimeout(resolve, 10));
}

/** While the settler works by itself. */
async function settling(work: () => Promise<void>): Promise<void> {
  world.settler.start();
  try {
    await work();
  } finally {
    await world.settler.stop();
  }
}

describe('a refund that was made elsewhere', () => {
  it('is told, listed and counted, once', async () => {
    giveBackElsewhere(300);
    await compare();
    await compare();
    const id = expect.stringMatching(/^rfd_/) as unknown;
    const refund = { id, kind: 'refund', made: 'elsewhere', amount: 300 };
    expect(await told()).toEqual([
      {
        ...{ type: 'refund.succeeded', sequence: 2 },
        data: { ...charge, refunded: 300, capture_id: null, refund },
      },
    ]);
    expect(await world.charges.refunds(SHOP, charge.id)).toEqual([
      { ...refund, currency: 'EUR', status: 'succeeded', updated_at: expect.any(String) },
    ]);
    expect(world.audit.told.filter(([type]) => type.startsWith('charge.refund'))).toEqual([
      ['charge.refunded_elsewhere', 'done', `${SHOP}/${charge.id}`, 'service'],
    ]);
  });

  it('leaves less to be refunded here', async () => {
    giveBackElsewhere(300);
    await compare();
    await expect(world.charges.refund(SHOP, charge.id, 701, 'a')).rejects.toMatchObject({
      message: 'at most 700 minor units of EUR are left',
    });
    giveBackElsewhere(200);
    await compare();
    expect(await world.charges.refund(SHOP, charge.id, null, 'b')).toMatchObject({ refunded: 1000 });
    expect(await listed()).toEqual([
      ...[
        ['elsewhere', 300, 'succeeded'],
        ['elsewhere', 200, 'succeeded'],
      ],
      ['here', 500, 'succeeded'],
    ]);
  });

  it('is taken up once by many who look at once', async () => {
    giveBackElsewhere(300);
    await Promise.all(Array.from({ length: 10 }, compare));
    expect([await refundedNow(), (await told()).length]).toEqual([300, 1]);
  });

  it('after which there is another one, taken up by somebody else meanwhile, is asked for again', async () => {
    giveBackElsewhere(300);
    world.psp.answering = async () => {
      world.psp.answering = () => Promise.resolve();
      giveBackElsewhere(200);
      expect(await compare()).toBe(true);
    };
    expect(await compare()).toBe(false);
    expect(await listed()).toEqual([['elsewhere', 500, 'succeeded']]);
  });

  it('before it was known that the money had come is taken up after that', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    charge = await paid('another');
    giveBackElsewhere(300);
    await settling(async () => {
      world.pass(GRACE_MS);
      await until(async () => (await refundedNow()) === 300);
      await until(async () => (await world.store.unsettled.count()) === 0);
    });
    expect((await world.events()).slice(-3).map(({ type }) => type)).toEqual([
      ...['charge.unknown', 'charge.approved', 'refund.succeeded'],
    ]);
    world.pass(-GRACE_MS);
  });

  it('comes to the running sum of payments by telephone', async () => {
    giveBackElsewhere(300);
    await compare();
    const { sum } = await world.store.get(SHOP, charge.id);
    const movements = await world.server.admin.zrange(`tw:m:${sum}`, '0', '-1');
    const amounts = movements.map((movement) => movement.split(' ')[1]);
    expect(new Set(amounts)).toEqual(new Set(['1000', '-300']));
  });
});

describe('a refund of ours', () => {
  it.each([
    ['was made', true, 700],
    ['was not made', false, 300],
  ])('that nobody knows and that %s is not taken for one made elsewhere', async (_, took, refunded) => {
    giveBackElsewhere(300);
    world.psp.deeds.push({ kind: 'lose', took });
    await world.charges.refund(SHOP, charge.id, 400, 'a');
    await compare();
    world.pass(GRACE_MS + 1);
    await settle();
    await compare();
    expect(await listed()).toEqual([
      ['here', 400, took ? 'succeeded' : 'failed'],
      ['elsewhere', 300, 'succeeded'],
    ]);
    expect(await refundedNow()).toBe(refunded);
    world.pass(-GRACE_MS - 1);
  });

  it('that is under way is not taken for one made elsewhere', async () => {
    world.psp.refunding = compare;
    expect(await world.charges.refund(SHOP, charge.id, 400, 'a')).toMatchObject({ refunded: 400 });
    await compare();
    expect(await listed()).toEqual([['here', 400, 'succeeded']]);
  });

  it('that is made while the provider is asked is counted once', async () => {
    giveBackElsewhere(300);
    world.psp.answering = async () => {
      world.psp.answering = () => Promise.resolve();
      await world.charges.refund(SHOP, charge.id, 400, 'a');
    };
    await compare();
    expect([await refundedNow(), await listed()]).toEqual([400, [['here', 400, 'succeeded']]]);
    await settling(() => until(async () => (await refundedNow()) === 700));
    expect(await listed()).toEqual([
      ['here', 400, 'succeeded'],
      ['elsewhere', 300, 'succeeded'],
    ]);
  });

  it('that the provider refuses, as there is nothing left, brings the truth', async () => {
    giveBackElsewhere(1000);
    world.psp.deeds.push({ kind: 'decline', code: 'processing_error' });
    expect(await world.charges.refund(SHOP, charge.id, null, 'a')).toMatchObject({ refunded: 0 });
    await settling(() => until(async () => (await refundedNow()) === 1000));
    expect(await listed()).toEqual([
      ['here', 1000, 'failed'],
      ['elsewhere', 1000, 'succeeded'],
    ]);
  });
});

describe('a sum that is not written down', () => {
  it('because it went down, is over what was paid, or is in too many parts, changes nothing', async () => {
    await world.charges.refund(SHOP, charge.id, 300, 'a');
    giveBackElsewhere(-300);
    await compare();
    giveBackElsewhere(1300);
    await compare();
    expect([await refundedNow(), await listed()]).toEqual([300, [['here', 300, 'succeeded']]]);
    giveBackElsewhere(-1000);
    for (let i = 1; i < MAX_REFUNDS; i++) {
      giveBackElsewhere(1);
      await compare();
    }
    expect(await refundedNow()).toBe(300 + MAX_REFUNDS - 1);
    giveBackElsewhere(1);
    await compare();
    expect(await listed()).toHaveLength(MAX_REFUNDS);
    expect(world.warned).toEqual(
      Array.from({ length: 3 }, () => [
        charge.id,
        'the payment provider says that another sum of a charge was given back than is written down',
      ]),
    );
  });
});

describe('a notice that money went back', () => {
  it('has a settled charge looked at', async () => {
    giveBackElsewhere(300);
    await settling(async () => {
      await world.settler.wake(noticeOf(charge.id));
      await until(async () => (await refundedNow()) === 300);
    });
    expect(await world.store.unsettled.count()).toBe(0);
  });

  it('has it looked at once, however often it comes, and nothing that is not here', async () => {
    giveBackElsewhere(300);
    await Promise.all(Array.from({ length: 50 }, () => world.settler.wake(noticeOf(charge.id))));
    await world.settler.wake(noticeOf(`chg_${'0'.repeat(26)}`));
    await world.settler.wake(noticeOf('somebody else’s'));
    expect(await world.store.unsettled.count()).toBe(1);
    await settling(() => until(async () => (await world.store.unsettled.count()) === 0));
    expect([await refundedNow(), world.psp.looks, (await told()).length]).toEqual([300, 1, 1]);
  });

  it('alone has a settled charge asked for', async () => {
    giveBackElsewhere(300);
    await settling(async () => {
      await world.settler.wake({ ...noticeOf(charge.id), refund: false });
      await world.settler.wake(noticeOf((await paid('another')).id));
      await until(async () => world.psp.looks > 0);
    });
    expect([await refundedNow(), world.psp.looks]).toEqual([0, 1]);
  });

  it('that comes while the charge is looked at is not lost', async () => {
    world.psp.answering = async () => {
      world.psp.answering = () => Promise.resolve();
      giveBackElsewhere(300);
      await world.settler.wake(noticeOf(charge.id));
    };
    await world.settler.wake(noticeOf(charge.id));
    await settling(() => until(async () => (await refundedNow()) === 300));
    expect(world.psp.looks).toBe(2);
  });

  it('is followed once the provider is back', async () => {
    giveBackElsewhere(300);
    world.psp.answers = false;
    await settling(async () => {
      await world.settler.wake(noticeOf(charge.id));
      await until(async () => world.psp.looks > 0);
      world.psp.answers = true;
      world.pass(20_000);
      await until(async () => (await refundedNow()) === 300);
    });
    world.pass(-20_000);
  });
});
