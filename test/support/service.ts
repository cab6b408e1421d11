import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp, type App } from '../../src/app.js';
import type { CallView } from '../../src/call/calls.js';
import type { CaptureView } from '../../src/capture/view.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import type { SimulatorSettings } from '../../src/carrier/simulated/simulator-settings.js';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { createLogger } from '../../src/log.js';
import { createMetrics, type Metrics } from '../../src/metrics.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from './carrier.js';
import { startCrmServer, type CrmServer } from './crm-server.js';
import { startTestRedis, type TestRedis } from './redis.js';

export const SERVICE_NUMBER = '+33199000001';
export const CALLER = '+33639980001';
export const AGENT = 'sip:agent@sandbox.invalid';
export const API_KEY = 'twk_for-tests-and-nothing-else';
const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

/** An answer of the native API. */
export interface ApiAnswer {
  status: number;
  headers: Headers;
  /** What its JSON holds; null when there is none. */
  body: unknown;
}

export interface ServiceOptions {
  /** Switches of the simulated carrier. */
  carrier?: Partial<SimulatorSettings>;
  /** Settings beyond the ordinary. */
  env?: Readonly<Record<string, string>>;
  redis?: TestRedis;
  /** Where `ivr-flows/` is, if not in this project. */
  root?: string;
  /** That of the machine unless given. */
  clock?: Clock;
  /** Whether to wait for Redis; true unless given. */
  ready?: boolean;
}

/** The whole service on real sockets and a real Redis, with a simulated carrier and a CRM that listens. */
export interface Service {
  readonly url: string;
  readonly carrier: SimulatedCarrier;
  readonly redis: TestRedis;
  readonly crm: CrmServer;
  readonly metrics: Metrics;
  readonly app: App;
  /** Every log line so far. */
  readonly lines: string[];
  /** A request to the native API, with the key unless `headers` say otherwise; text is sent as it is. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  call(idOrSid: string): Promise<CallView>;
  capture(id: string): Promise<CaptureView>;
  /** The capture once it has got somewhere. */
  captureWhen(id: string, there: (capture: CaptureView) => boolean): Promise<CaptureView>;
  arm(call: { sid: string }, more?: Record<string, unknown>): Promise<CaptureView>;
  /** Log lines that say this, read. */
  logged(message: string): Record<string, unknown>[];
  /** A caller on the line with an agent; `to`: the number called, which has to lead here, `from`: his own. */
  talk(to?: string, from?: string): Promise<{ caller: PhoneCall; agent: PhoneCall }>;
  stop(): Promise<void>;
}

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const redis = options.redis ?? (await startTestRedis());
  const dir = await mkdtemp(join(tmpdir(), 'tonewall-service-'));
  const vaultKeyFile = join(dir, 'keys.json');
  await createKeyFile(vaultKeyFile, new Date().toISOString());
  const crm = await startCrmServer(WEBHOOK_SECRET);
  const [port, metricsPort] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const { carrier, url: carrierUrl } = await startCarrier({ settings: options.carrier ?? {} });
  carrier.number(SERVICE_NUMBER, { voiceUrl: `${url}/twilio/voice` });
  carrier.phone(CALLER);
  carrier.phone(AGENT).policy = 'answer';
  const { config } = readConfig({
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    DATA_DIR: dir,
    VAULT_KEY_FILE: vaultKeyFile,
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_API_URL: carrierUrl,
    AGENT_DIAL_TO: AGENT,
    API_KEY,
    CRM_WEBHOOK_URL: crm.url,
    CRM_WEBHOOK_SECRET: WEBHOOK_SECRET,
    ...options.env,
  });
  const lines: string[] = [];
  const metrics = createMetrics();
  const app = await createApp({
    config,
    redisUrl: redis.url,
    root: options.root ?? process.cwd(),
    clock: options.clock ?? systemClock,
    log: createLogger({
      level: 'trace',
      destination: { write: (line) => lines.push(line) },
      onBlanked: () => metrics.logBlanked.inc(),
    }),
    metrics,
    softphoneUrl: null,
  });
  if (options.ready !== false) await app.sound;

  const service: Service = {
    ...{ url, carrier, redis, crm, metrics, app, lines },
    async api(method, path, body, headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${API_KEY}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        body: text === '' ? null : JSON.parse(text),
      };
    },
    call: async (id) => (await good(service.api('GET', `/v1/calls/${id}`))) as CallView,
    capture: async (id) => (await good(service.api('GET', `/v1/captures/${id}`))) as CaptureView,
    async captureWhen(id, there) {
      let capture = await service.capture(id);
      await until(async () => there((capture = await service.capture(id))));
      return capture;
    },
    arm: async (call, more = {}) =>
      (await good(service.api('POST', '/v1/captures', { call: call.sid, ...more }))) as CaptureView,
    logged: (message) =>
      lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ msg }) => msg === message),
    async talk(to = SERVICE_NUMBER, from = CALLER) {
      const rung = new Promise<PhoneCall>((resolve) => {
        const stop = carrier.phone(AGENT).onRing((call) => {
          stop();
          resolve(call);
        });
      });
      const caller = carrier.phone(from).call(to);
      const agent = await rung;
      await until(() => agent.status === 'in-progress');
      await until(async () => (await service.call(caller.sid)).status === 'live');
      return { caller, agent };
    },
    async stop() {
      await carrier.close();
      await app.close();
      await crm.close();
      if (options.redis === undefined) await redis.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return service;
}

/** Whether a capture has come to its end. */
export function over({ status }: CaptureView): boolean {
  return status !== 'collecting' && status !== 'processing';
}

async function good(answer: Promise<ApiAnswer>): Promise<unknown> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Looks again and again, each time after `every` ms, until `condition` holds. Rejects after `ms`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms = 30_000,
  every = 10,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

/** Systems give out ports from 32768 on by themselves: a free one of those may be gone a moment later. */
const OWN_PORTS = { from: 20_000, below: 32_000 };

export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(OWN_PORTS.from, OWN_PORTS.below);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
