import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { SimulatedPsp } from '../../../src/psp/simulated-psp.js';
import { SimulatedProvider } from '../../../src/psp/simulated/simulated-provider.js';
import { WEBHOOK_SECRET } from '../../support/provider-notice.js';
import { charge, keyed, named } from './requests.js';

/** What a merchant's webhook door got: which notice, and whether it was believed. */
interface Delivery {
  id: string;
  believed: boolean;
  charge: string;
}

let provider: SimulatedProvider;
let psp: SimulatedPsp;
let door: Server;
let deliveries: Delivery[];
let doorStatus: number[];

beforeEach(async () => {
  deliveries = [];
  doorStatus = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const notice = psp.webhook(Buffer.from(body), request.headers);
    const { data } = JSON.parse(body) as { data: { reference: string } };
    const id = String(request.headers['webhook-id']);
    deliveries.push({ id, believed: notice !== null, charge: data.reference });
    response.writeHead(doorStatus.shift() ?? 204).end();
  };
  door = createServer((request, response) => void take(request, response));
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', () => resolve()));
  provider = await SimulatedProvider.start({
    secret: 'sk_simulated',
    webhookSecret: WEBHOOK_SECRET,
    webhookUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}/`,
    clock: systemClock,
    slowMs: 150,
  });
  psp = account('sk_simulated');
});

afterEach(async () => {
  await psp.close();
  await provider.close();
  door.closeAllConnections();
  door.close();
});

describe('webhooks', () => {
  it('tell of a payment', async () => {
    const reference = await pay(1250);
    await until(() => deliveries.length === 1);
    expect(deliveries).toEqual([{ id: expect.any(String), believed: true, charge: reference }]);
  });

  it('A31: may come before the answer', async () => {
    provider.faults.next('notice_first');
    await pay(1250);
    expect(deliveries).toHaveLength(1);
  });

  it('A31: may come twice, under one name', async () => {
    await pay(990_042);
    await until(() => deliveries.length === 2);
    expect(new Set(deliveries.map(({ id }) => id)).size).toBe(1);
  });

  it('A31: may come out of order', async () => {
    provider.faults.next('notices_reversed');
    const [first, second] = [await pay(1250), await pay(1250)];
    await until(() => deliveries.length === 2);
    expect(deliveries.map(({ charge }) => charge)).toEqual([second, first]);
  });

  it('A31: may be forged, and are not believed then', async () => {
    await pay(990_044);
    await until(() => deliveries.length === 2);
    expect(deliveries.map(({ believed }) => believed)).toEqual([false, true]);
  });

  it('are sent again when they were not taken', async () => {
    doorStatus.push(500);
    await pay(1250);
    await until(() => deliveries.length === 2);
    expect(deliveries[0]).toEqual(deliveries[1]);
  });
});

describe('cards', () => {
  it('are published test cards alone', async () => {
    const outcome = await psp.authorize(charge({ card: '4111111111111112' }));
    expect(outcome).toMatchObject({
      status: 'declined',
      code: 'incorrect_number',
      providerCode: 'test_cards_only',
    });
    expect(provider.ledger.movements).toEqual([]);
  });

  it('are approved with a wrong code where the issuer does not mind', async () => {
    expect(await psp.authorize(charge({ card: '4000000000001091' }))).toMatchObject({
      ...{ status: 'approved', codeCheck: 'mismatch' },
    });
  });

  it('may be charged as the brand that the payer chose', async () => {
    const asked = charge({ card: '4000002500001001', network: 'visa' });
    expect(await psp.authorize(asked)).toMatchObject({
      ...{ status: 'approved', networks: ['cartes_bancaires', 'visa'], network: 'visa' },
    });
  });

  it('are refused as a brand that they do not have', async () => {
    expect(await psp.authorize(charge({ card: '4000002500001001', network: 'mastercard' }))).toMatchObject({
      ...{ status: 'declined', code: 'unsupported', providerCode: 'network_not_on_card' },
    });
  });

  it('are kept as keyed or typed, never the one for the other', async () => {
    const asked = charge({ entry: 'moto' });
    await psp.authorize(asked);
    await expect(
      psp.authorize({ ...asked, entry: 'ecommerce', instrument: keyed('4242424242424242') }),
    ).resolves.toMatchObject({
      ...{ status: 'declined', providerCode: 'reference_used' },
    });
  });
});

describe('the API', () => {
  it('knows its customers', async () => {
    const stranger = account('sk_other');
    await expect(stranger.authorize(charge())).rejects.toMatchObject({ code: 'psp_misconfigured' });
    await stranger.close();
    expect(provider.ledger.movements).toEqual([]);
  });

  it('answers that a request is under way, and takes the money once', async () => {
    const asked = charge({ amount: 990_021 });
    const first = psp.authorize(asked);
    await until(async () => (await psp.lookUp(named(asked.reference))).status === 'unknown');
    expect(await psp.authorize({ ...asked, instrument: keyed('4242424242424242') })).toMatchObject({
      ...{ status: 'unknown', why: 'still_running' },
    });
    expect(await first).toMatchObject({ status: 'approved' });
    expect(provider.ledger.of(asked.reference, 'take')).toEqual({ times: 1, amount: 990_021 });
  });

  it('fails once where the amount asks for it, and answers when it is asked again', async () => {
    const asked = charge({ amount: 990_025 });
    expect(await psp.authorize(asked)).toMatchObject({ status: 'unknown', why: 'server_error' });
    expect(await psp.authorize({ ...asked, instrument: keyed('4242424242424242') })).toMatchObject({
      status: 'approved',
    });
    expect(provider.ledger.of(asked.reference, 'take').times).toBe(1);
  });

  it('says when it is too busy to do anything', async () => {
    provider.faults.next('busy', { verb: 'refund' });
    const reference = await pay(1250);
    const payment = named(reference);
    const refund = { reference: 'rfd_1', payment, money: { amount: 1250, currency: 'EUR' } };
    await expect(psp.refund(refund)).rejects.toMatchObject({ code: 'psp_unavailable' });
    expect(await psp.refund(refund)).toMatchObject({ status: 'succeeded' });
  });
});

function account(secret: string): SimulatedPsp {
  const { url, ca } = provider;
  return new SimulatedPsp({ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock });
}

async function pay(amount: number): Promise<string> {
  const asked = charge({ amount });
  expect(await psp.authorize(asked)).toMatchObject({ status: 'approved' });
  return asked.reference;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => void setTimeout(resolve, 5));
}
