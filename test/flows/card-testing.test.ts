import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadPrompts } from '../../src/flow/prompts.js';
import { record } from '../support/carrier.js';
import { startProvider, type Provider } from '../support/provider.js';
import { CALLER, over, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
/** See `scenarios.ts` of the simulated provider. */
const WRONG_CODE = '4000000000000127';
const PATIENCE_MS = 30_000;

describe('a caller who tries cards out', () => {
  let provider: Provider;
  let service: Service;
  beforeAll(async () => {
    provider = await startProvider();
    service = await startService({ env: { ...provider.env, LIMIT_DECLINES_PER_CALLER: '1/10m' } });
  });
  afterAll(async () => {
    await service.stop();
    await provider.close();
  });

  it('is stopped in the capture, hears a sentence, and is not asked for another card', async () => {
    const { caller, agent } = await service.talk();
    const { id } = await service.arm(caller, { outcome: 'verify' });
    await caller.press(`${WRONG_CODE}1234999`, FAST);
    await service.captureWhen(id, ({ decline }) => decline?.code === 'incorrect_cvc');
    const heard = record(caller);
    // Keys are dropped until a second has passed without one.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    await caller.press('998', FAST);
    expect(await service.captureWhen(id, over)).toMatchObject({
      ...{ status: 'failed', reason: 'verification_failed', token: null, charge: null },
      decline: { code: 'limit_reached', next: 'stop' },
    });
    const { declined_limit_reached: sentence } = (await loadPrompts('ivr-flows/prompts')).en;
    const words = Buffer.from(sentence).subarray(8_000, 8_320);
    await until(() => heard.bytes().includes(words), PATIENCE_MS);

    const refused = await service.api('POST', '/v1/captures', { call: caller.sid, outcome: 'verify' });
    expect(refused).toMatchObject({
      status: 429,
      body: {
        code: 'limit_reached',
        detail: expect.stringMatching(
          /^too many cards of this caller were declined: 1 within 10 min; try again in (10|9) min$/,
        ),
      },
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(400);

    const lines = service.logged('too many cards are being tried: one was not taken');
    expect(lines).toMatchObject(Array.from({ length: 2 }, () => ({ reason: 'declinesPerCaller', count: 1 })));
    expect(service.lines.filter((line) => line.includes(CALLER) && line.includes('too many'))).toEqual([]);
    expect(
      (await service.crm.event('capture.failed', ({ data }) => data['capture_id'] === id)).data,
    ).toMatchObject({
      decline: { code: 'limit_reached' },
    });
    caller.hangUp();
    await until(() => agent.over);
  }, 60_000);
});
