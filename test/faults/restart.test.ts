import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallView } from '../../src/call/calls.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import type { CaptureView } from '../../src/capture/view.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { brokenBuild, theBuild, type Build } from '../support/build.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../support/carrier.js';
import { startCrmServer, type CrmServer } from '../support/crm-server.js';
import { isRunning, run, type Running } from '../support/process.js';
import { AGENT, API_KEY, CALLER, freePorts, over, SERVICE_NUMBER, until } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };
const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

let build: Build;
let dir: string;
let carrier: SimulatedCarrier;
let crm: CrmServer;
let env: Record<string, string>;
let url: string;
/** Whatever a failed test may have left. */
const running: Running[] = [];

beforeAll(async () => {
  build = await theBuild();
  dir = await mkdtemp(join(tmpdir(), 'tonewall-restart-'));
  crm = await startCrmServer(WEBHOOK_SECRET);
  const [port, metricsPort] = await freePorts(2);
  url = `http://127.0.0.1:${port}`;
  const started = await startCarrier();
  carrier = started.carrier;
  carrier.number(SERVICE_NUMBER, { voiceUrl: `${url}/twilio/voice` });
  carrier.phone(AGENT).policy = 'answer';
  env = {
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    DATA_DIR: join(dir, 'data'),
    VAULT_KEY_FILE: join(dir, 'keys.json'),
    VAULT_KEY_SEAL: 'plain',
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_API_URL: started.url,
    AGENT_DIAL_TO: AGENT,
    API_KEY,
    CRM_WEBHOOK_URL: crm.url,
    CRM_WEBHOOK_SECRET: WEBHOOK_SECRET,
  };
  await createKeyFile(join(dir, 'keys.json'), new Date().toISOString());
});
afterAll(async () => {
  for (const service of running) service.signal('SIGINT');
  await Promise.all(running.map(({ exited }) => exited));
  await carrier.close();
  await crm.close();
  await rm(dir, { recursive: true, force: true });
});

/** Starts what is built, in the folder of this test. */
function launch(more: Record<string, string> = {}, root = build.root): Running {
  const service = run(root, dir, { ...env, ...more });
  running.push(service);
  return service;
}

async function start(): Promise<Running> {
  const service = launch();
  await service.says('redis is durable: ready');
  return service;
}

async function api(method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

const call = async ({ sid }: PhoneCall) => (await api('GET', `/v1/calls/${sid}`)) as CallView;
const capture = async (id: string) => (await api('GET', `/v1/captures/${id}`)) as CaptureView;
const arm = async ({ sid }: PhoneCall) => (await api('POST', '/v1/captures', { call: sid })) as CaptureView;

async function talk(): Promise<{ caller: PhoneCall; agent: PhoneCall; heard: string[] }> {
  const rung = new Promise<PhoneCall>((resolve) => {
    const stop = carrier.phone(AGENT).onRing((ringing) => {
      stop();
      resolve(ringing);
    });
  });
  const caller = carrier.phone(CALLER).call(SERVICE_NUMBER);
  const heard: string[] = [];
  caller.on('said', (text) => heard.push(text));
  const agent = await rung;
  await until(async () => (await call(caller)).status === 'live');
  return { caller, agent, heard };
}

async function redisPid(): Promise<number> {
  return Number(await readFile(join(dir, 'data/redis/redis.pid'), 'utf8'));
}

describe('the service as a process', () => {
  it('A35: that was killed: its captures fail, its calls end, its tokens stay, and a new capture can be armed at once', async () => {
    const first = await start();
    const done = await talk();
    const sealed = await arm(done.caller);
    await done.caller.press('42424242424242421234', FAST);
    await until(async () => (await capture(sealed.id)).status === 'completed');
    const { token } = await capture(sealed.id);
    const broken = await talk();
    const collecting = await arm(broken.caller);
    await broken.caller.press('4242', FAST);

    first.signal('SIGKILL');
    expect(await first.exited).toBe('SIGKILL');
    const second = await start();
    const up = Date.now();
    const next = await talk();
    const again = await arm(next.caller);
    await next.caller.press('42424242424242421234', FAST);
    await until(async () => (await capture(again.id)).status === 'completed');

    // Meanwhile a third one sees that the folder is taken, and leaves it alone.
    const third = launch();
    expect(await third.exited).toBe(1);
    expect(third.output()).toMatch(new RegExp(`^DATA_DIR.*${second.pid}`));
    expect(third.output().trim().split('\n')).toHaveLength(1);
    expect((await call(next.caller)).status).toBe('live');

    await until(async () => over(await capture(collecting.id)), 30_000);
    expect(Date.now() - up).toBeLessThan(30_000);
    expect(await capture(collecting.id)).toMatchObject({ status: 'failed', reason: 'service_restarted' });
    const failed = await crm.event('capture.failed', ({ data }) => data['capture_id'] === collecting.id);
    expect(failed.data).toMatchObject({ reason: 'service_restarted', call_sid: broken.caller.sid });
    for (const { caller } of [done, broken]) {
      await until(async () => (await call(caller)).status === 'ended');
      await crm.event('call.ended', ({ data }) => data['call_sid'] === caller.sid);
      const told = crm.deliveries.filter(({ data }) => data['call_sid'] === caller.sid);
      expect(new Set(told.map(({ sequence }) => sequence)).size).toBe(told.length);
    }
    // The living one was not touched, and its token and the older one stand.
    expect((await call(next.caller)).status).toBe('live');
    expect(await api('GET', `/v1/tokens/${token}`)).toMatchObject({ token });

    // SIGTERM: no new calls, the live one may finish, then it ends by itself with all that it started.
    const redis = await redisPid();
    second.signal('SIGTERM');
    await second.says('draining: no new calls are taken');
    const refused = carrier.phone(CALLER).call(SERVICE_NUMBER);
    const sentence = new Promise((resolve) => refused.on('said', resolve));
    expect(await sentence).toMatch(/^We cannot take your call at the moment/);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect((await call(next.caller)).status).toBe('live');
    next.agent.hangUp();
    expect(await second.exited).toBe(0);
    expect(next.heard).toEqual(['The other party has left the call. Goodbye.']);
    expect(isRunning(redis)).toBe(false);
  }, 70_000);

  it('ends at once with SIGINT: both hear a sentence, and nothing is left', async () => {
    const service = await start();
    const { agent, heard } = await talk();
    const said = new Promise((resolve) => agent.on('said', resolve));
    const redis = await redisPid();
    service.signal('SIGINT');
    expect(await service.exited).toBe(0);
    expect(heard).toEqual([expect.stringMatching(/^We cannot take your call at the moment/)]);
    expect(await said).toBe(heard[0]);
    expect(isRunning(redis)).toBe(false);
    await until(() => agent.over);
  }, 30_000);

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'without carrier settings, and starts no sandbox',
      { TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '' },
      /^TWILIO_ACCOUNT_SID is missing.*\nTWILIO_AUTH_TOKEN is missing.*\n$/,
    ],
    [
      'with settings that are wrong, one line each',
      { PORT: 'eighty', GUARD_HOLD_MS: '25', PUBLIC_URL: 'http://voice.example.com' },
      /^PORT is .*\nPUBLIC_URL is not https.*\nGUARD_HOLD_MS is none of 15, 20, 40.*\n$/,
    ],
    [
      'with a flow that does not exist',
      { DEFAULT_FLOW: 'nobody' },
      /^DEFAULT_FLOW.*agent-assisted-card.*\n$/,
    ],
    [
      'without a key file',
      { VAULT_KEY_FILE: '/nowhere/keys.json' },
      /^VAULT_KEY_FILE.*tonewall keys create.*\n$/,
    ],
  ])('does not start %s', async (_, wrong, output) => {
    const service = launch({ LOG_LEVEL: 'error', ...wrong });
    expect(await service.exited).toBe(1);
    expect(service.output()).toMatch(output);
  });

  it('does not start with a broken flow: file, line and reason', async () => {
    const broken = await brokenBuild([]);
    try {
      const flows = join(broken.root, 'ivr-flows');
      await rm(flows);
      await cp(join(build.root, 'ivr-flows'), flows, { recursive: true });
      const file = join(flows, 'agent-assisted-card.yaml');
      await writeFile(file, 'name: agent-assisted-card\ncapture:\n  atempts: 3\n');
      const service = launch({ LOG_LEVEL: 'error' }, broken.root);
      expect(await service.exited).toBe(1);
      expect(service.output()).toMatch(/agent-assisted-card\.yaml:3:.*unknown member atempts/);
    } finally {
      await broken.remove();
    }
  });
});
