import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallView } from '../../src/call/calls.js';
import type { CaptureView } from '../../src/capture/view.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import type { Build } from './build.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from './carrier.js';
import { startCrmServer, type CrmServer } from './crm-server.js';
import { run, type Running } from './process.js';
import { AGENT, API_KEY, CALLER, freePorts, SERVICE_NUMBER, until } from './service.js';

const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

/** Where the built service lives one life after another: its folder with keys and Redis, a carrier, a CRM. */
export interface Installation {
  readonly url: string;
  readonly dir: string;
  readonly carrier: SimulatedCarrier;
  readonly crm: CrmServer;
  /** Starts what is built, or lies under `root`, with these settings beyond its own. */
  launch(more?: Readonly<Record<string, string>>, root?: string): Running;
  /** Resolves once it takes calls. */
  start(): Promise<Running>;
  api<T>(method: string, path: string, body?: object): Promise<T>;
  call(party: PhoneCall): Promise<CallView>;
  capture(id: string): Promise<CaptureView>;
  arm(party: PhoneCall, more?: object): Promise<CaptureView>;
  /** A caller on the line with an agent, and the sentences that the caller hears. */
  talk(): Promise<{ caller: PhoneCall; agent: PhoneCall; heard: string[] }>;
  /** Ends every life that a test may have left, and removes the folder. */
  close(): Promise<void>;
}

export async function install(
  build: Build,
  more: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const dir = await mkdtemp(join(tmpdir(), 'tonewall-installation-'));
  const crm = await startCrmServer(WEBHOOK_SECRET);
  const [port, metricsPort] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const { carrier, url: carrierUrl } = await startCarrier();
  carrier.number(SERVICE_NUMBER, { voiceUrl: `${url}/twilio/voice` });
  carrier.phone(AGENT).policy = 'answer';
  const env = {
    ...{ HOST: '127.0.0.1', PORT: String(port), METRICS_PORT: String(metricsPort) },
    ...{ DATA_DIR: join(dir, 'data'), VAULT_KEY_FILE: join(dir, 'keys.json'), VAULT_KEY_SEAL: 'plain' },
    ...{ TWILIO_ACCOUNT_SID: ACCOUNT_SID, TWILIO_AUTH_TOKEN: AUTH_TOKEN, TWILIO_API_URL: carrierUrl },
    ...{ AGENT_DIAL_TO: AGENT, API_KEY, CRM_WEBHOOK_URL: crm.url, CRM_WEBHOOK_SECRET: WEBHOOK_SECRET },
    ...more,
  };
  await createKeyFile(env.VAULT_KEY_FILE, new Date().toISOString());
  const lives: Running[] = [];

  const installation: Installation = {
    ...{ url, dir, carrier, crm },
    launch(more = {}, root = build.root) {
      const life = run(root, dir, { ...env, ...more });
      lives.push(life);
      return life;
    },
    async start() {
      const life = installation.launch();
      await life.says('redis is durable: ready');
      return life;
    },
    async api<T>(method: string, path: string, body?: object): Promise<T> {
      const response = await fetch(url + path, {
        method,
        headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(`${path} answered ${response.status}`);
      return (await response.json()) as T;
    },
    call: ({ sid }) => installation.api('GET', `/v1/calls/${sid}`),
    capture: (id) => installation.api('GET', `/v1/captures/${id}`),
    arm: ({ sid }, more = {}) => installation.api('POST', '/v1/captures', { call: sid, ...more }),
    async talk() {
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
      await until(async () => (await installation.call(caller)).status === 'live');
      return { caller, agent, heard };
    },
    async close() {
      for (const life of lives) life.signal('SIGINT');
      await Promise.all(lives.map(({ exited }) => exited));
      await carrier.close();
      await crm.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return installation;
}
