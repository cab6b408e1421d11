import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import type { CaptureView } from '../../src/capture/view.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { brokenBuild, type Build } from '../support/build.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../support/carrier.js';
import { startCrmServer, type CrmServer } from '../support/crm-server.js';
import { run, type Running } from '../support/process.js';
import { startProvider, type Provider } from '../support/provider.js';
import { AGENT, API_KEY, CALLER, freePorts, SERVICE_NUMBER, until } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;
/** What the service waits for before it believes that somebody is dead, and that the provider knows nothing: less. */
const HURRIED = [
  { file: 'call/records.js', find: 'NODE_TTL_SECONDS = 12', put: 'NODE_TTL_SECONDS = 5' },
  { file: 'call/recovery.js', find: 'BEAT_MS = 4_000', put: 'BEAT_MS = 1_000' },
  { file: 'charge/unsettled.js', find: 'GRACE_MS = 45_000', put: 'GRACE_MS = 12_000' },
];
const SETTLED_MS = 90_000;

describe('a service that is killed while the provider is at work on a card', () => {
  let build: Build;
  let dir: string;
  let carrier: SimulatedCarrier;
  let crm: CrmServer;
  let provider: Provider;
  let env: Record<string, string>;
  let url: string;
  const running: Running[] = [];

  beforeAll(async () => {
    build = await brokenBuild(HURRIED);
    dir = await mkdtemp(join(tmpdir(), 'tonewall-killed-'));
    crm = await startCrmServer(WEBHOOK_SECRET);
    provider = await startProvider();
    const [port, metricsPort] = await freePorts(2);
    url = `http://127.0.0.1:${port}`;
    const started = await startCarrier();
    carrier = started.carrier;
    carrier.number(SERVICE_NUMBER, { voiceUrl: `${url}/twilio/voice` });
    carrier.phone(AGENT).policy = 'answer';
    env = {
      ...{ HOST: '127.0.0.1', PORT: String(port), METRICS_PORT: String(metricsPort) },
      ...{ DATA_DIR: join(dir, 'data'), VAULT_KEY_FILE: join(dir, 'keys.json'), VAULT_KEY_SEAL: 'plain' },
      ...{ TWILIO_ACCOUNT_SID: ACCOUNT_SID, TWILIO_AUTH_TOKEN: AUTH_TOKEN, TWILIO_API_URL: started.url },
      ...{ AGENT_DIAL_TO: AGENT, API_KEY, CRM_WEBHOOK_URL: crm.url, CRM_WEBHOOK_SECRET: WEBHOOK_SECRET },
      ...provider.env,
    };
    await createKeyFile(join(dir, 'keys.json'), new Date().toISOString());
  });
  afterAll(async () => {
    for (const service of running) service.signal('SIGINT');
    await Promise.all(running.map(({ exited }) => exited));
    await carrier.close();
    await crm.close();
    await provider.close();
    await build.remove();
    await rm(dir, { recursive: true, force: true });
  });

  async function start(): Promise<Running> {
    const service = run(build.root, dir, env);
    running.push(service);
    await service.says('redis is durable: ready');
    return service;
  }

  async function api<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return (await response.json()) as T;
  }
  const capture = (id: string) => api<CaptureView>('GET', `/v1/captures/${id}`);

  /** Keys a whole card; resolves when its request has reached the provider. */
  async function charging(): Promise<{ id: string; caller: PhoneCall }> {
    const caller = carrier.phone(CALLER).call(SERVICE_NUMBER);
    await until(async () => {
      const call = await api<{ status: string }>('GET', `/v1/calls/${caller.sid}`).catch(() => null);
      return call?.status === 'live';
    });
    const money = { outcome: 'charge', amount: 1250, currency: 'EUR' };
    const { id } = await api<CaptureView>('POST', '/v1/captures', { call: caller.sid, ...money });
    const before = provider.server.ledger.movements.length;
    provider.server.faults.next('done_then_silent', { verb: 'authorize' });
    for (const keys of ['4242424242424242', '1234', '123']) await caller.press(keys, FAST);
    await until(() => provider.server.ledger.movements.length > before);
    return { id, caller };
  }

  it('A35: has taken the money once, and its capture is completed by whoever comes after', async () => {
    const first = await start();
    const { id } = await charging();
    expect(await capture(id)).toMatchObject({ status: 'processing', token: null });
    first.signal('SIGKILL');
    await first.exited;

    await start();
    await until(async () => (await capture(id)).status === 'failed', SETTLED_MS);
    expect(await capture(id)).toMatchObject({ reason: 'service_restarted', token: null });
    await until(async () => (await capture(id)).status === 'completed', SETTLED_MS);
    const done = await capture(id);
    expect(done).toMatchObject({
      reason: null,
      charge: { status: 'approved', amount: 1250, token: done.token },
    });
    expect(provider.server.ledger.movements.map(({ kind, reference }) => [kind, reference])).toEqual([
      ['take', done.charge?.id],
    ]);
    expect(await api('GET', `/v1/tokens/${done.token}`)).toMatchObject({ card: { last4: '4242' } });
    const told = async (type: string) =>
      (await crm.event(type, ({ data }) => data['capture_id'] === id)).data;
    expect(await told('capture.failed')).toMatchObject({ reason: 'service_restarted' });
    expect(await told('capture.completed')).toMatchObject({ token: done.token, charge: done.charge });
  }, 240_000);
});
