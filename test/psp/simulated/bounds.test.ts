import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { Acquirer } from '../../../src/psp/simulated/acquirer.js';
import { AmountFaults, MAX_FAULTED } from '../../../src/psp/simulated/amount-faults.js';
import { FaultPlan, MAX_PLANNED_FAULTS } from '../../../src/psp/simulated/fault.js';
import { MAX_BODY_BYTES, readForm } from '../../../src/psp/simulated/form-reader.js';
import { keptCard } from '../../../src/psp/simulated/kept-card.js';
import { Notices } from '../../../src/psp/simulated/notices.js';
import type { Order, Payment } from '../../../src/psp/simulated/payment.js';
import { Secret } from '../../../src/secret.js';
import { WEBHOOK_SECRET } from '../../support/provider-notice.js';
import { until } from '../../support/service.js';

const ORDER: Order = {
  ...{ kind: 'payment', reference: 'chg_1', amount: 1250, currency: 'EUR', entry: 'moto' },
  ...{ capture: true, stored: false, unattended: false },
  ...{ network: null, networkTransactionId: null, description: null },
};

function begun(acquirer: Acquirer, change: Partial<Order> = {}): Payment {
  const payment = acquirer.begin({ ...ORDER, ...change });
  if (typeof payment === 'string') throw new Error(payment);
  return payment;
}

const visa = () =>
  keptCard(
    Secret.of(Uint8Array.from('4242424242424242', Number)),
    { month: 12, year: 2034 },
    Buffer.alloc(32, 1),
  );

describe('the books', () => {
  it('take no payment beyond their bound, and still know those they have', () => {
    const acquirer = new Acquirer(2);
    const first = begun(acquirer);
    acquirer.decline(first, 'do_not_honour');
    begun(acquirer, { reference: 'chg_2' });
    expect(acquirer.begin({ ...ORDER, reference: 'chg_3' })).toBe('full');
    expect(acquirer.begin(ORDER)).toBe(first);
  });

  it('count refunds and kept cards as well', () => {
    const acquirer = new Acquirer(3);
    const payment = begun(acquirer, { kind: 'page', stored: true });
    acquirer.finish(payment, visa(), null);
    expect(acquirer.refund('rfd_1', payment, 50)).toMatchObject({ amount: 50 });
    expect(acquirer.refund('rfd_2', payment, 50)).toBe('full');
    expect(acquirer.begin({ ...ORDER, reference: 'chg_2' })).toBe('full');
    expect(acquirer.ledger.of('chg_1', 'refund')).toEqual({ times: 1, amount: 50 });
  });
});

describe('planned faults', () => {
  it('are refused beyond their bound, until some are met', () => {
    const plan = new FaultPlan();
    plan.next('echo', { times: MAX_PLANNED_FAULTS });
    expect(() => plan.next('slow')).toThrow(RangeError);
    expect(plan.take('authorize')).toBe('echo');
    expect(() => plan.next('slow', { times: 2 })).toThrow(RangeError);
    plan.next('slow');
  });
});

describe('faults of amounts', () => {
  it('are met once by a payment, unless it is forgotten over many others', () => {
    const faults = new AmountFaults();
    const take = (reference: string | number) =>
      faults.take(
        'authorize',
        new Map([...Object.entries({ reference: `chg_${reference}`, amount: '990025' })]),
      );
    expect([take('a'), take('a')]).toEqual(['nothing_then_500', null]);
    for (let n = 1; n < MAX_FAULTED; n++) take(n);
    expect(take('a')).toBeNull();
    take('one more');
    expect(take('a')).toBe('nothing_then_500');
  });
});

describe('webhooks', () => {
  it('are lost while too many are under way', async () => {
    const waiting: ServerResponse[] = [];
    const door = createServer((_, response) => void waiting.push(response));
    await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', () => resolve()));
    const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}/`;
    const notices = new Notices({ url, secret: WEBHOOK_SECRET, clock: systemClock, mostUnderWay: 2 });
    const payment = begun(new Acquirer());
    const tell = () => notices.tell('payment.updated', payment, null);
    try {
      const sent = [tell(), tell()];
      await tell();
      await until(() => waiting.length === 2);
      for (const response of waiting) response.writeHead(204).end();
      await Promise.all(sent);
      const next = tell();
      await until(() => waiting.length === 3);
      waiting[2]?.writeHead(204).end();
      await next;
    } finally {
      notices.close();
      door.closeAllConnections();
      door.close();
    }
  });
});

describe('a form', () => {
  const read = (body: string, query = '') =>
    readForm(Readable.from([Buffer.from(body)]) as IncomingMessage, query);
  /** As long as can be: fields of 500 bytes, and a last one. */
  const longest = (() => {
    const parts = Array.from({ length: 32 }, (_, n) => `f${n}=${'x'.repeat(500)}`).join('&');
    return `${parts}&last=${'x'.repeat(MAX_BODY_BYTES - parts.length - '&last='.length)}`;
  })();

  it('is read up to 16 KiB, and not a byte more', async () => {
    expect(longest).toHaveLength(16 * 1024);
    expect((await read(longest))?.fields.size).toBe(33);
    expect(await read(`${longest}x`)).toBeNull();
    expect(await read(longest.slice(1), '=')).not.toBeNull();
    expect(await read(longest, 'a')).toBeNull();
  });
});
