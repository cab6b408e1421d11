import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brokenBuild, type Build } from '../support/build.js';
import { install, type Installation } from '../support/installation.js';
import { startProvider, type Provider } from '../support/provider.js';
import { until } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
/** What the service waits for before it believes that somebody is dead, and that the provider knows nothing: less. */
const HURRIED = [
  { file: 'call/records.js', find: 'NODE_TTL_SECONDS = 12', put: 'NODE_TTL_SECONDS = 5' },
  { file: 'call/recovery.js', find: 'BEAT_MS = 4_000', put: 'BEAT_MS = 1_000' },
  { file: 'charge/unsettled.js', find: 'GRACE_MS = 45_000', put: 'GRACE_MS = 12_000' },
];
const SETTLED_MS = 90_000;

describe('a service that is killed while the provider is at work on a card', () => {
  let build: Build;
  let provider: Provider;
  let service: Installation;
  beforeAll(async () => {
    build = await brokenBuild(HURRIED);
    provider = await startProvider();
    service = await install(build, provider.env);
  });
  afterAll(async () => {
    await service.close();
    await provider.close();
    await build.remove();
  });

  /** Keys a whole card; resolves with its capture when its request has reached the provider. */
  async function charging(): Promise<string> {
    const { caller } = await service.talk();
    const { id } = await service.arm(caller, { outcome: 'charge', amount: 1250, currency: 'EUR' });
    const before = provider.server.ledger.movements.length;
    provider.server.faults.next('done_then_silent', { verb: 'authorize' });
    for (const keys of ['4242424242424242', '1234', '123']) await caller.press(keys, FAST);
    await until(() => provider.server.ledger.movements.length > before);
    return id;
  }

  it('A35: has taken the money once, and its capture is completed by whoever comes after', async () => {
    const first = await service.start();
    const id = await charging();
    // Views change on the grid of the beeps.
    await until(async () => (await service.capture(id)).status === 'processing');
    expect(await service.capture(id)).toMatchObject({ token: null });
    first.signal('SIGKILL');
    await first.exited;

    await service.start();
    await until(async () => (await service.capture(id)).status === 'failed', SETTLED_MS);
    expect(await service.capture(id)).toMatchObject({ reason: 'service_restarted', token: null });
    await until(async () => (await service.capture(id)).status === 'completed', SETTLED_MS);
    const done = await service.capture(id);
    expect(done).toMatchObject({
      reason: null,
      charge: { status: 'approved', amount: 1250, token: done.token },
    });
    expect(provider.server.ledger.movements.map(({ kind, reference }) => [kind, reference])).toEqual([
      ['take', done.charge?.id],
    ]);
    expect(await service.api('GET', `/v1/tokens/${done.token}`)).toMatchObject({ card: { last4: '4242' } });
    const told = async (type: string) =>
      (await service.crm.event(type, ({ data }) => data['capture_id'] === id)).data;
    expect(await told('capture.failed')).toMatchObject({ reason: 'service_restarted' });
    expect(await told('capture.completed')).toMatchObject({ token: done.token, charge: done.charge });
  }, 240_000);
});
