import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import { SimulatedPsp } from '../../../src/psp/simulated-psp.js';
import { FAULTS, MAX_PLANNED_FAULTS, VERBS } from '../../../src/psp/simulated/fault.js';
import { SimulatedProvider } from '../../../src/psp/simulated/simulated-provider.js';
import { ManualClock } from '../../support/manual-clock.js';
import { WEBHOOK_SECRET } from '../../support/provider-notice.js';
import { until } from '../../support/service.js';
import { charge, named } from './requests.js';

const SECRET = 'sk_simulated';
const SLOW_MS = 3_000;

/** The provider's: what is late waits for it. */
let clock: ManualClock;
let door: Server;
/** References that webhooks told of. */
let told: string[];
let provider: SimulatedProvider;
let psp: SimulatedPsp;

beforeEach(async () => {
  told = [];
  const take = async (notice: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { data } = (await json(notice)) as { data: { reference: string } };
    told.push(data.reference);
    response.writeHead(204).end();
  };
  door = createServer((notice, response) => void take(notice, response));
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', () => resolve()));
  clock = new ManualClock(Date.now());
  provider = await SimulatedProvider.start({
    ...{ secret: SECRET, webhookSecret: WEBHOOK_SECRET, clock, slowMs: SLOW_MS },
    webhookUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}/`,
  });
  const { url, ca } = provider;
  const shared = { url, ca, secret: SECRET, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock };
  psp = new SimulatedPsp({ ...shared, timeoutMs: 1_000 });
});

afterEach(async () => {
  await psp.close();
  await provider.close();
  door.closeAllConnections();
  door.close();
});

describe('a fault', () => {
  it('A32: late: nothing is known of the payment while it is on its way; then the money is taken', async () => {
    const asked = charge({ amount: 990_022 });
    expect(await psp.authorize(asked)).toMatchObject({ status: 'unknown', why: 'timed_out' });
    expect(await psp.lookUp(named(asked.reference))).toEqual({ status: 'absent' });
    expect(provider.ledger.movements).toEqual([]);
    clock.advance(SLOW_MS - 1);
    expect(await psp.lookUp(named(asked.reference))).toEqual({ status: 'absent' });
    clock.advance(1);
    await until(async () => (await psp.lookUp(named(asked.reference))).status === 'approved');
    expect(provider.ledger.of(asked.reference, 'take')).toEqual({ times: 1, amount: 990_022 });
  });

  it('A31: notice_lost: no webhook tells of the payment, and the next is told', async () => {
    const [lost, next] = [charge({ amount: 990_045 }), charge()];
    for (const asked of [lost, next]) {
      expect(await psp.authorize(asked)).toMatchObject({ status: 'approved' });
    }
    await until(() => told.length > 0);
    expect(told).toEqual([next.reference]);
    expect(await psp.lookUp(named(lost.reference))).toMatchObject({ status: 'approved' });
  });

  it.each([
    ['nothing_then_silent', 'timed_out'],
    ['nothing_then_cut', 'cut_off'],
  ] as const)('A32: %s: the outcome is unknown, and nothing was taken', async (fault, why) => {
    provider.faults.next(fault);
    const asked = charge();
    expect(await psp.authorize(asked)).toMatchObject({ status: 'unknown', why });
    expect(await psp.lookUp(named(asked.reference))).toEqual({ status: 'absent' });
    expect(provider.ledger.movements).toEqual([]);
  });
});

/** What the provider answers a program that runs elsewhere. */
async function control(method: string, path: string, body = '', secret = SECRET) {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/x-www-form-urlencoded' };
  return new Promise<{ status: number; body: unknown }>((resolve, reject) => {
    const sent = request(provider.url + path, { method, headers, ca: provider.ca }, (answer) => {
      json(answer).then((said) => resolve({ status: answer.statusCode ?? 0, body: said }), reject);
    });
    sent.on('error', reject).end(body);
  });
}

describe('the control door', () => {
  it('plans faults for the next requests of a kind', async () => {
    expect(await control('POST', '/simulator/faults', 'fault=busy&verb=authorize&times=2')).toEqual({
      status: 200,
      body: { planned: 'busy', verb: 'authorize', times: 2 },
    });
    expect(await psp.lookUp(named('chg_never'))).toEqual({ status: 'absent' });
    for (let n = 0; n < 2; n++) {
      await expect(psp.authorize(charge())).rejects.toMatchObject({ code: 'psp_unavailable' });
    }
    expect(await psp.authorize(charge())).toMatchObject({ status: 'approved' });
  });

  it('shows the money that moved', async () => {
    const asked = charge();
    await psp.authorize(asked);
    expect(await control('GET', '/simulator/ledger')).toEqual({
      status: 200,
      body: { movements: [{ kind: 'take', reference: asked.reference, amount: 1250, currency: 'EUR' }] },
    });
  });

  it('gives money back as the provider’s own people would, up to what is left', async () => {
    const asked = charge();
    await psp.authorize(asked);
    const { reference } = asked;
    const back = (body: string) => control('POST', '/simulator/refunds', `reference=${reference}&${body}`);
    expect(await back('amount=1000')).toEqual({ status: 200, body: { reference, refunded: true } });
    for (const body of ['amount=251', 'amount=0', 'amount=1.5', 'amount=x', '']) {
      expect(await back(body)).toEqual({ status: 409, body: { reference, refunded: false } });
    }
    expect(await psp.lookUp(named(reference))).toMatchObject({ status: 'approved', refunded: 1000 });
  });

  it.each(['fault=rain', 'fault=busy&times=0', 'fault=busy&times=1.5', ''])(
    'refuses what it does not know, and says what there is: %j',
    async (body) => {
      expect(await control('POST', '/simulator/faults', body)).toEqual({
        status: 400,
        body: { faults: FAULTS, verbs: VERBS },
      });
    },
  );

  it('refuses more faults than it keeps', async () => {
    const plan = (times: number) => control('POST', '/simulator/faults', `fault=busy&times=${times}`);
    expect((await plan(MAX_PLANNED_FAULTS)).status).toBe(200);
    expect(await plan(1)).toEqual({ status: 409, body: { planned: 'too many' } });
  });

  it('is shut to strangers', async () => {
    expect((await control('GET', '/simulator/ledger', '', 'sk_other')).status).toBe(401);
    expect((await control('POST', '/simulator/faults', 'fault=busy', 'sk_other')).status).toBe(401);
    expect(await psp.authorize(charge())).toMatchObject({ status: 'approved' });
  });

  it('answers no body of more than 16 KiB', async () => {
    expect(await control('POST', '/simulator/faults', `fault=busy&${'x=1&'.repeat(4096)}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'malformed' } },
    });
  });
});
