import { url as inspectorUrl } from 'node:inspector';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApp, type App } from './app.js';
import { systemClock } from './clock.js';
import { readConfig, type Config } from './config.js';
import { AppError, codeOf } from './errors.js';
import { createLogger, type Logger } from './log.js';
import { createMetrics, type Metrics } from './metrics.js';
import { lockDataDir } from './redis/data-dir-lock.js';
import { startPrivateRedis } from './redis/private-redis.js';
import { findRedisServer } from './redis/redis-server.js';
import { startSandbox, type Sandbox } from './sandbox/sandbox.js';
import type { Environment } from './setting-reader.js';
import { insistOnSafety, keysBeside, processLimits, readableKeys, unsafeFacts } from './start-checks.js';

/** The project's folder: the built program is in `dist/`. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What was started, to be stopped in the opposite order. */
const started: (() => Promise<void>)[] = [];
let ending = false;

/** Node opens its inspector, and with it all memory, to whoever sends this signal; a listener prevents that. */
process.on('SIGUSR1', () => {});
/** Whoever read what we print may go (`npm start | head`): calls go on. */
for (const out of [process.stdout, process.stderr]) out.on('error', () => {});
process.on('SIGINT', () => void end(0));
/** What SIGTERM does: before there are calls, and the second time, it ends at once. */
let terminate = (): Promise<void> => end(0);
process.on('SIGTERM', () => void terminate());

try {
  loadEnvFile();
  await start(process.env);
} catch (error) {
  console.error(error instanceof AppError ? error.message : `Tonewall could not start (${codeOf(error)})`);
  if (!(error instanceof AppError) && process.env['LOG_LEVEL'] === 'debug') console.error(error);
  await end(1);
}

async function start(environment: Environment): Promise<void> {
  const clock = systemClock;
  const metrics = createMetrics();
  const sandboxed = process.argv.includes('--or-sandbox') && !environment['TWILIO_ACCOUNT_SID'];
  const sandbox = sandboxed ? await openSandbox(environment) : null;
  const { config, warnings } = readConfig(sandbox?.env ?? environment);
  const log = logger(config.logLevel, metrics);
  for (const detail of warnings) log.warn({ detail }, 'unsafe setting: allowed on loopback only');
  if (sandbox === null) await checkStart(environment, config, log);
  const redisUrl = config.redisUrl ?? (await privateRedis(config, log, sandbox !== null));
  const softphoneUrl = sandbox?.softphoneUrl ?? null;
  const app = await createApp({ config, redisUrl, root: ROOT, clock, log, metrics, softphoneUrl });
  started.push(() => app.close());
  // The outside world goes first, or it would complain that the service is gone.
  if (sandbox !== null) started.push(() => sandbox.close());
  terminate = () => drain(app, log);
  log.info({ port: app.port, status: config.live ? 'live' : 'loopback' }, 'listening');
  if (sandbox !== null) console.log(await sandbox.announce());
  await app.sound;
  log.info({ status: config.vaultDurability }, 'redis is durable: ready');
}

async function checkStart(env: Environment, config: Config, log: Logger): Promise<void> {
  const unsafe = [
    ...unsafeFacts({
      flags: process.execArgv,
      env,
      inspected: inspectorUrl() !== undefined,
      limits: await processLimits(),
    }),
    ...(await readableKeys(config)),
    ...(await keysBeside(config.dataDir, config)),
  ];
  insistOnSafety(unsafe, { live: config.live, log });
}

async function openSandbox(environment: Environment): Promise<Sandbox> {
  // The keys that the sandbox makes open no real card.
  const env = { ...environment, DATA_DIR: environment['DATA_DIR'] || './data', VAULT_KEY_SEAL: 'plain' };
  const lock = await lockDataDir(env.DATA_DIR);
  started.push(() => lock.release());
  const log = logger('warn', createMetrics());
  const sandbox = await startSandbox({ env, root: ROOT, clock: systemClock, log });
  started.push(() => sandbox.close());
  return sandbox;
}

async function privateRedis(config: Config, log: Logger, locked: boolean): Promise<string> {
  if (!locked) {
    const lock = await lockDataDir(config.dataDir);
    started.push(() => lock.release());
  }
  const server = findRedisServer({
    configured: process.env['REDIS_SERVER'],
    path: process.env['PATH'] ?? '',
    root: ROOT,
  });
  const redis = await startPrivateRedis({ dir: join(config.dataDir, 'redis'), server, log });
  started.push(() => redis.stop());
  return redis.url;
}

function logger(level: string, metrics: Metrics): Logger {
  return createLogger({ level, onBlanked: () => metrics.logBlanked.inc() });
}

/** No new calls; live ones may finish. */
async function drain(app: App, log: Logger): Promise<void> {
  terminate = () => end(0);
  log.info({}, 'draining: no new calls are taken');
  await app.drain();
  await end(0);
}

/** Stops everything that was started, last first. */
async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  for (const stop of started.toReversed()) {
    await stop().catch((error: unknown) => console.error(`could not be stopped (${codeOf(error)})`));
  }
  process.exit(code);
}

function loadEnvFile(): void {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw new AppError('config_invalid', '.env could not be read');
  }
}
