import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { SimulatedCarrier } from '../carrier/simulated/simulated-carrier.js';
import type { Clock } from '../clock.js';
import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import { isLoopback, type Environment } from '../setting-reader.js';
import { createKeyFile } from '../vault/key-file.js';
import { wavFile } from '../recording/wav.js';
import { MailCatcher } from './mail-catcher.js';
import { readText, writePrivate } from './private-file.js';
import { createSandboxPages } from './sandbox-pages.js';
import { startProvider } from './sandbox-provider.js';
import { readSecrets } from './sandbox-secrets.js';

/** The number that the service answers, the caller's and the agent's telephones: numbers for fiction (ARCEP, E.164). */
const SERVICE_NUMBER = '+33199000001';
const CALLER = '+33639980001';
const AGENT = 'sip:agent@sandbox.invalid';
const MAIL_FROM = 'Example Shop <shop@sandbox.invalid>';

/** What the sandbox tells the operator's tool, in `DATA_DIR/sandbox.json`. */
export interface SandboxFile {
  service_url: string;
  carrier_url: string;
  api_key: string;
  number: string;
  agent_address: string;
  recordings_dir: string;
}

export interface Sandbox {
  /** The settings that the service is started with. */
  readonly env: Environment;
  readonly softphoneUrl: string;
  /** Says that the service is up: the operator's tool finds it from now on. Returns what to print. */
  announce(): Promise<string>;
  close(): Promise<void>;
}

export interface SandboxOptions {
  env: Environment;
  root: string;
  clock: Clock;
  log: Logger;
}

/** Starts what plays the outside world: the carrier, the caller's phone and mail box, the CRM and the payment provider. */
export async function startSandbox({ env, root, clock, log }: SandboxOptions): Promise<Sandbox> {
  const host = env['HOST'] || '127.0.0.1';
  // What is no port is told by the service, which reads the same setting.
  const asked = Number(env['PORT']);
  const port = asked > 0 && asked <= 65_535 ? asked : 8080;
  const serviceUrl = env['PUBLIC_URL'] || `http://127.0.0.1:${port}`;
  if (!isLoopback(serviceUrl)) {
    throw new AppError(
      'config_invalid',
      'PUBLIC_URL is not loopback, and the sandbox is for this machine alone: leave it out, or set TWILIO_ACCOUNT_SID',
    );
  }
  const dataDir = resolve(env['DATA_DIR'] || './data');
  const recordingsDir = join(dataDir, 'recordings');
  await mkdir(recordingsDir, { recursive: true, mode: 0o700 });
  const secrets = await readSecrets(dataDir);
  const keyFile = env['VAULT_KEY_FILE'] || join(dataDir, 'vault-keys.json');
  if ((await readText(keyFile)) === null) await createKeyFile(keyFile, new Date(clock.now()).toISOString());

  const { accountSid, authToken, webhookSecret } = secrets;
  const apiKey = env['API_KEY'] || secrets.apiKey;
  const psp = await startProvider(env['PSP'], { dataDir, serviceUrl, secrets, clock });
  const mails = env['SMTP_URL'] ? null : await MailCatcher.start(clock);
  const carrier = new SimulatedCarrier({
    ...{ accountSid, authToken, clock, log },
    recordings: { dir: recordingsDir, encode: wavFile },
  });
  carrier.number(SERVICE_NUMBER, { voiceUrl: `${serviceUrl}/twilio/voice` });
  carrier.phone(CALLER);
  carrier.phone(AGENT);
  const pages = createSandboxPages({
    start: {
      ...{ number: SERVICE_NUMBER, caller: CALLER },
      ...{ agent_page_url: `${serviceUrl}/console/`, docs_url: `${serviceUrl}/docs` },
      ...{ code_page_url: `${serviceUrl}/l`, simulates_payments: psp !== null },
    },
    ...{ serviceUrl, apiKey, movements: psp === null ? null : () => psp.provider.ledger.movements },
    ...{ messages: carrier.messages, mails },
    ...{ webhookSecrets: [webhookSecret], clock, webRoot: join(root, 'dist/web') },
  });
  const carrierUrl = await carrier.listen(await freePort(port === 65_535 ? 0 : port + 1), '127.0.0.1', pages);

  const file: SandboxFile = {
    ...{ service_url: serviceUrl, carrier_url: carrierUrl, api_key: apiKey },
    ...{ number: SERVICE_NUMBER, agent_address: AGENT, recordings_dir: recordingsDir },
  };
  const path = join(dataDir, 'sandbox.json');
  return {
    softphoneUrl: `${carrierUrl.replace('http', 'ws')}/simulator/phones/${encodeURIComponent(AGENT)}`,
    env: {
      ...{
        AGENT_DIAL_TO: AGENT,
        SMS_FROM: SERVICE_NUMBER,
        CRM_WEBHOOK_URL: `${carrierUrl}/inbox/events`,
        CRM_WEBHOOK_SECRET: webhookSecret,
      },
      LOG_LEVEL: 'warn',
      ...env,
      ...psp?.env,
      ...(mails !== null && { SMTP_URL: mails.url, MAIL_FROM: env['MAIL_FROM'] || MAIL_FROM }),
      ...{ HOST: host, DATA_DIR: dataDir, VAULT_KEY_FILE: keyFile, API_KEY: apiKey },
      ...{ TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: authToken, TWILIO_API_URL: carrierUrl },
    },
    async announce() {
      await writePrivate(path, JSON.stringify(file, null, 2));
      return banner(file);
    },
    async close() {
      await rm(path, { force: true });
      await carrier.close();
      await psp?.provider.close();
      await mails?.close();
    },
  };
}

function banner({ service_url, carrier_url, api_key }: SandboxFile): string {
  return `
  Tonewall sandbox: everything below is on this machine, nobody is really called, no money moves.

    Start here      ${carrier_url}/
    Agent page      ${service_url}/console/
    Phone page      ${carrier_url}/phone
    CRM inbox       ${carrier_url}/inbox
    API             ${service_url}/docs
    API key         ${api_key}

  A scripted call in the terminal:  npx tonewall demo
  Ctrl-C ends it all.
`;
}

/** `wanted`, or any when somebody has it. */
async function freePort(wanted: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(0));
    probe.listen(wanted, '127.0.0.1', () => probe.close(() => resolve(wanted)));
  });
}
