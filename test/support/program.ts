import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import type { SimulatorSettings } from '../../src/carrier/simulated/simulator-settings.js';
import { createKeyFile } from '../../src/vault/key-file.js';
import { brokenBuild, theBuild, type Sabotage } from './build.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from './carrier.js';
import { makeCertificate } from './certificate.js';
import { startCrmServer, type CrmServer } from './crm-server.js';
import { startTestRedis, type TestRedis } from './redis.js';
import { AGENT, API_KEY, freePorts, SERVICE_NUMBER, until } from './service.js';
import { startTap, type Tap } from './tap.js';

export interface ProgramOptions {
  /** Settings beyond the ordinary. */
  env?: Readonly<Record<string, string>>;
  /** `https` and `wss`, with a certificate made for this run. */
  tls?: boolean;
  /** Runs a copy that is broken on purpose. */
  sabotages?: readonly Sabotage[];
}

export interface Answer<Body> {
  status: number;
  /** The text itself where the answer is not JSON. */
  body: Body;
}

/** The built service as a process of its own; around it a carrier, a CRM and a Redis of the test's. */
export interface Program {
  readonly url: string;
  /** As the carrier sees it: through a tap, or the same. */
  readonly publicUrl: string;
  /** PEM of the authority to trust, with TLS. */
  readonly ca: string | null;
  readonly pid: number;
  readonly carrier: SimulatedCarrier;
  readonly crm: CrmServer;
  readonly redis: TestRedis;
  readonly dataDir: string;
  /** Everything that it wrote to standard output and standard error. */
  output(): Buffer;
  /** What it sent to the carrier as a server, connection by connection (without TLS only), to the carrier's REST, to the CRM. */
  readonly taps: { readonly carrier: Tap; readonly rest: Tap; readonly crm: Tap };
  /** A request with the API key; every answer is kept in `answers`. */
  api<Body = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer<Body>>;
  readonly answers: string[];
  /** Follows a stream of server-sent events until the program ends; what came is kept in `streams`. */
  follow(path: string, headers?: Record<string, string>): Promise<void>;
  readonly streams: string[];
  metrics(): Promise<string>;
  /** A caller of this number on the line with an agent. */
  talk(
    caller: string,
    settings?: Partial<SimulatorSettings>,
  ): Promise<{ caller: PhoneCall; agent: PhoneCall }>;
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

const WEBHOOK_SECRET = `whsec_${Buffer.from('a secret of 24 bytes ...').toString('base64')}`;

export async function startProgram(options: ProgramOptions = {}): Promise<Program> {
  const build = options.sabotages === undefined ? await theBuild() : await brokenBuild(options.sabotages);
  const dataDir = mkdtempSync(join(tmpdir(), 'tonewall-program-'));
  const redis = await startTestRedis();
  const crm = await startCrmServer(WEBHOOK_SECRET);
  const [port = 0, metricsPort = 0] = await freePorts(2);
  const tls = options.tls === true ? makeCertificate(dataDir) : null;
  const { carrier, url: carrierUrl } = await startCarrier(tls === null ? {} : { ca: tls.ca });
  const taps = {
    carrier: await startTap(port, 'server'),
    rest: await startTap(portOf(carrierUrl), 'client'),
    crm: await startTap(portOf(crm.url), 'client'),
  };
  const scheme = tls === null ? 'http' : 'https';
  const url = `${scheme}://127.0.0.1:${port}`;
  // Encrypted bytes tell a tap nothing: it is left out then.
  const publicUrl = tls === null ? `http://127.0.0.1:${taps.carrier.port}` : url;
  const vaultKeyFile = join(dataDir, 'keys.json');
  await createKeyFile(vaultKeyFile, new Date().toISOString());
  carrier.number(SERVICE_NUMBER, { voiceUrl: `${publicUrl}/twilio/voice` });
  carrier.phone(AGENT).policy = 'answer';

  const child = spawn(process.execPath, [join(build.root, 'dist/main.js')], {
    cwd: dataDir,
    env: {
      PATH: process.env['PATH'],
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      PUBLIC_URL: publicUrl,
      DATA_DIR: dataDir,
      REDIS_URL: redis.url,
      VAULT_KEY_FILE: vaultKeyFile,
      VAULT_KEY_SEAL: 'plain',
      TWILIO_ACCOUNT_SID: ACCOUNT_SID,
      TWILIO_AUTH_TOKEN: AUTH_TOKEN,
      TWILIO_API_URL: `http://127.0.0.1:${taps.rest.port}`,
      AGENT_DIAL_TO: AGENT,
      API_KEY,
      CRM_WEBHOOK_URL: `http://127.0.0.1:${taps.crm.port}/events`,
      CRM_WEBHOOK_SECRET: WEBHOOK_SECRET,
      LOG_LEVEL: 'trace',
      ...(tls === null ? {} : { TLS_CERT_FILE: tls.certFile, TLS_KEY_FILE: tls.keyFile }),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const written: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => written.push(chunk));

  const answers: string[] = [];
  const streams: string[] = [];
  const agents = [new HttpAgent({ keepAlive: true }), new HttpsAgent({ keepAlive: true })] as const;
  const ask = (base: string, method: string, path: string, headers: Record<string, string>, body?: string) =>
    new Promise<IncomingMessage>((resolve, reject) => {
      const secure = base.startsWith('https');
      const send = secure ? httpsRequest : httpRequest;
      const agent = agents[secure ? 1 : 0];
      const extra = tls === null ? {} : { ca: tls.ca };
      const request = send(base + path, { method, headers, agent, ...extra }, resolve);
      request.on('error', reject);
      request.end(body);
    });
  const authorization = `Bearer ${API_KEY}`;

  const program: Program = {
    ...{
      url,
      publicUrl,
      ca: tls?.ca ?? null,
      pid: child.pid ?? 0,
      carrier,
      crm,
      redis,
      dataDir,
      taps,
      answers,
      streams,
    },
    output: () => Buffer.concat(written),
    async api<Body>(
      method: string,
      path: string,
      body?: unknown,
      headers: Record<string, string> = {},
    ): Promise<Answer<Body>> {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const content = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
      const response = await ask(url, method, path, { authorization, ...json, ...headers }, content);
      const text = await textOf(response);
      answers.push(`${JSON.stringify(response.headers)}\n${text}`);
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      return { status: response.statusCode ?? 0, body: (isJson ? JSON.parse(text) : text) as Body };
    },
    async follow(path, headers = {}) {
      const response = await ask(url, 'GET', path, { authorization, ...headers });
      if (response.statusCode !== 200) throw new Error(`${path} answered ${response.statusCode}`);
      response.setEncoding('utf8').on('data', (text: string) => streams.push(text));
      response.on('error', () => {});
    },
    async metrics() {
      return textOf(await ask(`http://127.0.0.1:${metricsPort}`, 'GET', '/metrics', {}));
    },
    async talk(number, settings = {}) {
      const rung = new Promise<PhoneCall>((resolve) => {
        const stop = carrier.phone(AGENT).onRing((call) => {
          // To a SIP address the service dials with the caller's own number.
          if (call.with !== number) return;
          stop();
          resolve(call);
        });
      });
      const caller = carrier.phone(number).call(SERVICE_NUMBER, { settings });
      const agent = await rung;
      await until(async () => {
        const { body } = await program.api('GET', `/v1/calls/${caller.sid}`);
        return body['status'] === 'live';
      }, 30_000);
      return { caller, agent };
    },
    signal: (name) => void process.kill(child.pid ?? 0, name),
    async stop() {
      await carrier.close();
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
      for (const agent of agents) agent.destroy();
      await Promise.all(Object.values(taps).map((tap) => tap.close()));
      await crm.close();
      await redis.stop();
      await rm(dataDir, { recursive: true, force: true });
      await build.remove();
    },
  };

  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the program ended:\n${program.output().toString()}`);
      const ready = await ask(url, 'GET', '/readyz', {}).catch(() => null);
      ready?.resume();
      return ready?.statusCode === 200;
    }, 30_000);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return program;
}

function textOf(response: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => resolve(Buffer.concat(chunks).toString()));
  });
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
