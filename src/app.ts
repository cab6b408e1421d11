import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiKeyList } from './access/api-key-list.js';
import { apiKeysOf } from './access/api-keys.js';
import { RedisApiKeys } from './access/redis-api-keys.js';
import { SCOPES } from './access/scope.js';
import { Alerts } from './audit/alert.js';
import { ChainShipper } from './audit/chain-shipper.js';
import { CrossedHeads } from './audit/crossed-heads.js';
import { auditDir, openAudit, WRITERS, type Writer } from './audit/open-audit.js';
import { OutcomeFollower } from './audit/outcome-follower.js';
import { PatternWatch } from './audit/pattern.js';
import { CaptureDesk } from './call/capture-desk.js';
import { CaptureLinks } from './call/capture-links.js';
import { CaptureSettlements } from './call/capture-settlements.js';
import { Recovery } from './call/recovery.js';
import { RedisRecords } from './call/redis-records.js';
import { Registry } from './call/registry.js';
import { Switchboard } from './call/switchboard.js';
import { OUTCOMES } from './capture/view.js';
import { createTwilioControl } from './carrier/twilio/call-control.js';
import { createSmsWay } from './carrier/twilio/sms-way.js';
import { createTwilioDoors } from './carrier/twilio/twilio.js';
import { openCharges } from './charge/open-charges.js';
import { checkProvider } from './charge/provider-checks.js';
import type { Clock } from './clock.js';
import type { Config } from './config.js';
import { createConsole } from './console/console.js';
import { createCrm } from './crm/crm.js';
import { AppError, codeOf, type MemberError } from './errors.js';
import { loadFlows } from './flow/flows.js';
import { loadPrompts } from './flow/prompts.js';
import { Limits } from './fraud/limits.js';
import { MotoSums } from './fraud/moto-sums.js';
import { createHttp } from './http/http.js';
import { startListening, type UpgradeHandler } from './http/listening.js';
import { startMetricsServer } from './http/metrics-server.js';
import { createLinkPages } from './http/link-pages.js';
import { createPspWebhook } from './http/psp-webhook.js';
import { newId } from './id.js';
import { MailWay } from './message/mail-way.js';
import { PostedMessages, type PostedMessagesOptions } from './message/posted-messages.js';
import { LinkCodes } from './link/link-codes.js';
import type { Logger } from './log.js';
import type { Metrics } from './metrics.js';
import type { Psp } from './psp/psp.js';
import { SimulatedPsp } from './psp/simulated-psp.js';
import { StripePsp } from './psp/stripe/stripe-psp.js';
import { ReceiptDesk } from './receipts/receipt-desk.js';
import { loadReceiptTexts } from './receipts/receipt-texts.js';
import { checkAddress, checkDurability } from './redis/durability.js';
import { checkLevel } from './redis/durability-level.js';
import { dataDirs, plainPeers, unsafeRedis } from './redis/exposure.js';
import { parseRedisUrl, type RedisAddress } from './redis/redis-address.js';
import { RedisClient } from './redis/redis-client.js';
import { insistOnSafety, keysBeside } from './start-checks.js';
import { AuditedVault } from './vault/audited-vault.js';
import { CardVault } from './vault/card-vault.js';
import { FileKeyProvider } from './vault/file-key-provider.js';
import { Forgetter } from './vault/forgetter.js';
import { pinKeys } from './vault/key-pins.js';
import { RedisTokenStore } from './vault/redis-token-store.js';
import { Rewrapper } from './vault/rewrapper.js';
import { Sweeper } from './vault/sweeper.js';
import { sealOf } from './vault/seals.js';

export interface AppOptions {
  config: Config;
  /** Of the service's own Redis, where the settings name none. */
  redisUrl: string;
  /** The project's folder: flows and built pages are under it. */
  root: string;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  /** The agent's telephone in the sandbox. */
  softphoneUrl: string | null;
}

export interface App {
  readonly port: number;
  /** Rejects with AppError `config_invalid` when Redis turns out not to be durable: the service must then stop. */
  readonly sound: Promise<void>;
  /** No new calls; resolves when the live ones are over. */
  drain(): Promise<void>;
  /** Ends what is left, and everything that was started here. */
  close(): Promise<void>;
}

/** The merchant that the key of the settings and the console belong to. */
const MERCHANT = 'default';

const CONNECTING_MS = 1_000;
const CHECK_PAUSE_MS = 1_000;

/** Wires the service: the only place that names concrete adapters. Rejects with AppError `config_invalid`. */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, root, clock, log, metrics } = options;
  const { live } = config;
  const flows = await loadFlows(join(root, 'ivr-flows'));
  const prompts = await loadPrompts(join(root, 'ivr-flows/prompts'));
  const texts = await loadReceiptTexts(join(root, 'ivr-flows/receipts'));
  const flowFor = (number: string) => flows.forNumber(number, config.defaultFlow);
  const fallback = flowFor('');
  // In the sandbox nobody is written to.
  const writes = (config.smsFrom !== null || config.mail !== null) && options.softphoneUrl === null;
  insistOnSafety(writes ? texts.examples : [], { live, log });
  const seal = await sealOf(config.vaultSeal);
  const keys = await FileKeyProvider.open({ path: config.vaultKeyFile, seal, clock, log });
  const address = parseRedisUrl(options.redisUrl);
  checkAddress(address, { live, log });

  const trail = await openAudit({ dataDir: config.dataDir, writer: 'service', keys, clock, log, metrics });
  const { audit } = trail;
  // Under a key: whoever reads the trail can't try secrets out by it.
  const settings = await keys.mac('audit', '', Buffer.from(`settings ${JSON.stringify(config)}`));
  audit.fact('service.start', `flows ${flows.digest} settings ${settings.toString('base64url', 0, 16)}`);
  keys.watch((version) => audit.fact('key.active', version));
  const alerts = new Alerts({ audit, log, metrics });
  const patterns = new PatternWatch(config.auditQuietHours);
  trail.log.watch((note, at) => {
    for (const { pattern, who, count } of patterns.take(note, at)) alerts.raise(pattern, `by ${who}`, count);
  });

  const redis = new RedisClient({ address, clock, log, metrics });
  const heads = new CrossedHeads({ log: trail.log, redis, clock, logger: log });
  const { auditShip } = config;
  const shippers = auditShip === null ? [] : WRITERS.map((writer) => shipperOf(writer, auditShip));
  const { merchants } = flows;
  const outcomes = new OutcomeFollower({
    ...{ audit, log: trail.log, redis, merchants, alerts },
    ...{ clock, logger: log },
  });
  const crm = createCrm({
    redis,
    address,
    webhook: config.crm,
    merchants,
    follow: (event) => receipts.follow(event),
    clock,
    log,
    metrics,
  });
  const durability = config.vaultDurability;
  const store = new RedisTokenStore({
    ...{ redis, clock, log, durability },
    destroyed: (place) => provider?.forgetter.gone(place),
  });
  const cards = new CardVault({ keys, store, clock, log, metrics, ttlDays: config.tokenTtlDays });
  const vault = new AuditedVault(cards, audit);
  const registry = new Registry(clock);
  const node = newId('node_');
  const records = new RedisRecords(redis, node);
  const control = createTwilioControl({ ...config, apiUrl: config.carrierApiUrl, clock, log, metrics });
  const ways = waysOf(config, { clock, log, metrics });
  const messages = new PostedMessages({ redis, address, ways, clock, log, metrics });
  const receipts = new ReceiptDesk({
    ...{ redis, messages, texts, outbox: crm.outbox, live, log },
    lastFourOf: async (merchant, id) => (await records.capture(merchant, id))?.view.card?.last4 ?? null,
  });
  const shared = { receipts, registry, records, outbox: crm.outbox, audit, live, clock, log, metrics };
  const switchboard = new Switchboard({ ...shared, control, flowFor, settings: config, prompts });
  const limits = new Limits({ settings: config.limits, redis, keys, audit, clock, log, metrics });
  const sums = new MotoSums({ limits: config.motoSumLimits, redis, keys, clock, log });
  const psp = await pspOf(config.psp, clock);
  if (psp !== null) {
    const missingWebhookSetting = unheard(config.psp) ? 'STRIPE_WEBHOOK_SECRET' : null;
    checkProvider(psp, { storeCards: config.storeCards, missingWebhookSetting, log });
  }
  const knowing = { redis, keys, audit, worker: node, clock, log, metrics };
  const provider = psp === null ? null : { psp, forgetter: new Forgetter({ ...knowing, keeper: psp }) };
  const { till, charges, pages, settler } = openCharges({
    ...shared,
    ...{ limits, sums },
    ...{ provider, storeCards: config.storeCards, redis, durability, vault, merchants },
    settlements: new CaptureSettlements(shared),
  });
  const links = new CaptureLinks({
    ...{
      ...shared,
      pages,
      limits,
      messages,
      codes: new LinkCodes(redis, clock),
      publicUrl: config.publicUrl,
    },
    languageOf: (flow) => flows.byName(flow)?.language ?? fallback.language,
  });
  messages.watch((message) => links.delivered(message));
  const desk = new CaptureDesk({ ...shared, till, links, limits, sums, redis, testCards: config.testCards });
  const recovery = new Recovery(shared);
  const rewrapper = new Rewrapper({ redis, keys, node, audit, clock, log, metrics });
  const sweeper = new Sweeper({
    ...{ redis, store, keys, audit, worker: node, everyHours: config.sweepHours, clock, log, metrics },
  });

  let checked = false;
  const opened = (): void => {
    checked = true;
    keys.start((checks) => pinKeys(redis, checks, log));
    rewrapper.start();
    sweeper.start();
    provider?.forgetter.start();
    heads.start();
    outcomes.start();
    messages.start();
  };
  const sound = soundRedis({ redis, address, keys, config, clock, log }).then(opened);
  // Whoever starts the service waits for it, a little later: until then a rejection is nobody's.
  sound.catch(() => {});

  const apology = { sentence: fallback.sentences.something_wrong, language: fallback.language };
  const refused = (origin: string): void =>
    audit.as({ actor: 'unknown', origin }, () => audit.fact('access.signature', 'carrier', 'refused'));
  const reported = messages.reported.bind(messages);
  const doorsOf = { ...config, apology, refused, reported, clock, log, metrics };
  const carrier = createTwilioDoors(doorsOf, switchboard);
  const console = createConsole({
    ...{ calls: desk, links, merchant: MERCHANT, clock, live },
    outcomes: OUTCOMES.filter((outcome) => till.can(outcome)),
    ...{ softphoneUrl: options.softphoneUrl, webRoot: join(root, 'dist/web') },
  });
  const client = { principal: 'API_KEY', merchant: MERCHANT, scopes: new Set(SCOPES) };
  const configured = apiKeyList(config.apiKey === null ? [] : [{ key: config.apiKey, client }]);
  const app = createHttp({
    ...{ calls: desk, vault, charges, links, events: crm.log, receipts, audit, redis, metrics, log, clock },
    apiKeys: apiKeysOf(configured, new RedisApiKeys({ redis, clock, log })),
    health: { missing: () => missing(checked && redis.ready, audit.ready, switchboard.draining) },
    mounts: [
      { path: '/twilio', router: carrier.router },
      { path: '/console', router: console },
      { path: '/l', router: createLinkPages(links) },
      ...(psp === null || settler === null
        ? []
        : [{ path: '/psp', router: createPspWebhook({ psp, settler, audit, log, metrics }) }]),
    ],
  });

  const { host, port, tls } = config;
  const upgrades: UpgradeHandler[] = [(...upgrade) => carrier.upgrade(...upgrade)];
  const doors = await startListening({ host, port, tls, app, upgrades, log });
  const metricsDoor = await startMetricsServer({
    host,
    port: config.metricsPort,
    registry: metrics.registry,
    log,
  });
  recovery.start();
  crm.start();
  settler?.start();
  for (const shipper of shippers) shipper.start();

  return {
    port: doors.port,
    sound,
    drain: () => switchboard.drain(config.drainSeconds),
    async close() {
      await switchboard.close();
      recovery.stop();
      carrier.close();
      await doors.close();
      await metricsDoor.close();
      keys.stop();
      await rewrapper.stop();
      await sweeper.stop();
      await settler?.stop();
      await provider?.forgetter.stop();
      await psp?.close();
      await messages.close();
      for (const way of Object.values(ways)) await way.close();
      await crm.stop();
      await heads.stop();
      await outcomes.stop();
      await redis.close();
      await trail.close();
      for (const shipper of shippers) await shipper.stop();
    },
  };

  function shipperOf(chain: Writer, { url, token }: NonNullable<Config['auditShip']>): ChainShipper {
    return new ChainShipper({
      ...{ dir: join(auditDir(config.dataDir), chain), url, token, clock, logger: log },
      lag: (entries) => metrics.auditUnshipped.set({ chain }, entries),
    });
  }
}

/** How payers can be written to, as far as it is set up. */
function waysOf(
  { smsFrom, mail, ...config }: Config,
  { clock, log, metrics }: Pick<AppOptions, 'clock' | 'log' | 'metrics'>,
): PostedMessagesOptions['ways'] {
  const sms = { ...config, apiUrl: config.carrierApiUrl, log, metrics };
  if (smsFrom === null) log.info({ setting: 'SMS_FROM' }, 'not set: no short messages are sent');
  if (mail === null) log.info({ setting: 'SMTP_URL' }, 'not set: no mails are sent');
  return {
    ...(smsFrom !== null && { sms: createSmsWay({ ...sms, from: smsFrom }) }),
    ...(mail !== null && { email: new MailWay({ server: mail, from: mail.from, clock, log }) }),
  };
}

async function pspOf(settings: Config['psp'], clock: Clock): Promise<Psp | null> {
  if (settings.name === 'none') return null;
  if (settings.name === 'stripe') {
    const { apiUrl, ...rest } = settings;
    return new StripePsp({ ...rest, clock, ...(apiUrl !== null && { apiUrl }) });
  }
  const { caFile, webhookSecret, ...rest } = settings;
  return new SimulatedPsp({ ...rest, ca: await pemOf(caFile), webhookSecrets: [webhookSecret], clock });
}

function unheard(settings: Config['psp']): boolean {
  return settings.name === 'stripe' && settings.webhookSecrets.length === 0;
}

async function pemOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw new AppError(
      'config_invalid',
      'SIMULATED_PSP_CA_FILE can not be read: name a PEM file of the simulator',
    );
  }
}

function missing(redisReady: boolean, audited: boolean, draining: boolean): MemberError[] {
  return [
    ...(redisReady ? [] : [{ path: 'redis', message: 'Redis does not answer' }]),
    ...(audited ? [] : [{ path: 'audit', message: 'the audit trail can not be written' }]),
    ...(draining ? [{ path: 'draining', message: 'no new calls are taken' }] : []),
  ];
}

interface Sounding {
  redis: RedisClient;
  address: RedisAddress;
  keys: FileKeyProvider;
  config: Config;
  clock: Clock;
  log: Logger;
}

/**
 * Waits for Redis and checks it: what it promises, and that our keys are those it was filled with. While it is away
 * the service talks, but takes no card.
 */
async function soundRedis({ redis, address, keys, config, clock, log }: Sounding): Promise<void> {
  for (;;) {
    await becomeReady(redis, clock, log);
    try {
      await checkDurability(redis, { declared: config.redisDurability === 'declared', log });
      await checkLevel(redis, config.vaultDurability, log);
      const unsafe = [...plainPeers(redis.peers, address), ...(await unsafeRedis(redis))];
      for (const dir of await dataDirs(redis, address)) unsafe.push(...(await keysBeside(dir, config)));
      insistOnSafety(unsafe, { live: config.live, log });
      return await pinKeys(redis, keys.checks, log);
    } catch (error) {
      if (error instanceof AppError && error.code === 'config_invalid') throw error;
      log.warn({ code: codeOf(error) }, 'redis could not be checked: trying again');
      await new Promise<void>((resolve) => clock.after(CHECK_PAUSE_MS, resolve));
    }
  }
}

/** Resolves once Redis answers; says that it waits when that takes longer than a connection does. */
async function becomeReady(redis: RedisClient, clock: Clock, log: Logger): Promise<void> {
  if (redis.ready) return;
  const quiet = clock.after(CONNECTING_MS, () => log.warn({}, 'waiting for redis: not ready'));
  await new Promise<void>((resolve) => {
    const stop = redis.watch((ready) => {
      if (!ready) return;
      stop();
      resolve();
    });
  });
  quiet();
}
