import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startProvider, type Provider } from '../support/provider.js';
import { over, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const CARD = '4242424242424242';

let provider: Provider;
let service: Service;
beforeAll(async () => {
  provider = await startProvider();
  service = await startService({ env: { ...provider.env, MOTO_SUM_LIMIT: 'EUR:2000' } });
  provider.tell(service.url);
});
afterAll(async () => {
  await service.stop();
  await provider.close();
});

it('a card that has paid by telephone today is known again, and the agent told before its bank is asked', async () => {
  const { caller, agent } = await service.talk();
  const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
  const first = await service.arm(caller, money);
  await caller.press(`${CARD}1234123`, FAST);
  expect(await service.captureWhen(first.id, over)).toMatchObject({
    ...{ status: 'completed', advice: null },
    charge: { status: 'approved', amount: 1250 },
  });

  const second = await service.arm(caller, money);
  expect(second.advice).toBeNull();
  await caller.press(CARD, FAST);
  const foreseen = await service.captureWhen(second.id, ({ advice }) => advice !== null);
  expect(foreseen).toMatchObject({
    ...{ status: 'collecting', current_field: 'expiration-date' },
    advice: {
      code: 'likely_refused_by_phone',
      for_agent: expect.stringContaining('Offer a payment link'),
    },
  });
  caller.hangUp();
  await until(() => agent.over);
}, 60_000);
