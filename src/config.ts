import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { pspSettings, PROVIDER_SETTING_NAMES, type PspSettings } from './provider-settings.js';
import { isLoopback, SettingReader, type Environment, type Limit } from './setting-reader.js';

/** Every setting, checked. `INTERFACE` names are those of the environment; a test holds `.env.example` to this list. */
export interface Config {
  host: string;
  port: number;
  tls: { certFile: string; keyFile: string } | null;
  /** Origin that the carrier sees, without a trailing slash. */
  publicUrl: string;
  /** This node's own origin: media stream URLs are made from it. */
  nodeUrl: string;
  /** Not loopback: unsafe settings stop the start. */
  live: boolean;
  redisUrl: string | null;
  redisDurability: 'checked' | 'declared';
  vaultDurability: 'local' | 'replica' | 'replica-fsync';
  dataDir: string;
  accountSid: string;
  /** The first is used for calls; all of them check signatures. */
  authTokens: readonly string[];
  carrierApiUrl: string | null;
  callerId: string | null;
  agentDialTo: string | null;
  agentRingSeconds: number;
  defaultFlow: string;
  guardHoldMs: 15 | 20 | 40;
  /** dBm0. */
  beepLevel: number;
  comfortNoiseLevel: number;
  vaultKeyFile: string;
  vaultSeal: VaultSeal;
  tokenTtlDays: number;
  sweepHours: number;
  psp: PspSettings;
  /** False: the payment provider keeps cards, and the vault none. */
  storeCards: boolean;
  testCards: 'allow' | 'refuse';
  /** Who short messages come from; null: none are sent. */
  smsFrom: string | null;
  /** Null: no mails are sent. */
  mail: MailSettings | null;
  limits: Limits;
  /** Minor units by currency; none: nothing is foreseen but by what banks have said. */
  motoSumLimits: Readonly<Record<string, number>>;
  apiKey: string | null;
  crm: { url: string; secrets: readonly string[] } | null;
  /** Hours of the day, UTC, in which an operation is an alert. */
  auditQuietHours: { from: number; to: number } | null;
  /** Where the audit trail is copied to. */
  auditShip: { url: string; token: string | null } | null;
  metricsPort: number;
  drainSeconds: number;
  logLevel: string;
}

/** Against the trying out of cards; null: no limit. */
export interface Limits {
  capturesPerCaller: Limit | null;
  capturesPerMerchant: Limit | null;
  cardsPerRange: Limit | null;
  declinesPerCaller: Limit | null;
  declinesPerRange: Limit | null;
  declinesPerMerchant: Limit | null;
  chargesPerClient: Limit | null;
}

/** How the root keys in the key file are sealed, and what opens them. */
export type VaultSeal =
  | { name: 'plain' }
  | { name: 'passphrase'; passphraseFile: string }
  | { name: 'transit'; keyUrl: string; tokenFile: string }
  | { name: 'aws-kms'; keyId: string };

/** Where mails are handed over, and who they come from. */
export interface MailSettings {
  host: string;
  port: number;
  /** From the first byte on, by STARTTLS, or not at all (loopback). */
  tls: 'always' | 'starttls' | 'none';
  user: { name: string; password: string } | null;
  from: string;
}

/** Names of all settings, for `.env.example` and for spotting typing errors. */
export const SETTING_NAMES = [
  'HOST',
  'PORT',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'PUBLIC_URL',
  'NODE_URL',
  'REDIS_URL',
  'REDIS_DURABILITY',
  'VAULT_DURABILITY',
  'DATA_DIR',
  'TWILIO_ACCOUNT_SID',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_API_URL',
  'TWILIO_CALLER_ID',
  'AGENT_DIAL_TO',
  'AGENT_RING_SECONDS',
  'DEFAULT_FLOW',
  'GUARD_HOLD_MS',
  'BEEP_LEVEL_DBM0',
  'COMFORT_NOISE_DBM0',
  'VAULT_KEY_FILE',
  'VAULT_KEY_SEAL',
  'VAULT_KEY_PASSPHRASE_FILE',
  'VAULT_TRANSIT_KEY_URL',
  'VAULT_TRANSIT_TOKEN_FILE',
  'VAULT_KMS_KEY_ID',
  'TOKEN_TTL_DAYS',
  'SWEEP_HOURS',
  'STORE_CARDS',
  ...PROVIDER_SETTING_NAMES,
  'TEST_CARDS',
  'SMS_FROM',
  'SMTP_URL',
  'MAIL_FROM',
  'LIMIT_CAPTURES_PER_CALLER',
  'LIMIT_CAPTURES_PER_MERCHANT',
  'LIMIT_CARDS_PER_RANGE',
  'LIMIT_DECLINES_PER_CALLER',
  'LIMIT_DECLINES_PER_RANGE',
  'LIMIT_DECLINES_PER_MERCHANT',
  'LIMIT_CHARGES_PER_CLIENT',
  'MOTO_SUM_LIMIT',
  'API_KEY',
  'CRM_WEBHOOK_URL',
  'CRM_WEBHOOK_SECRET',
  'AUDIT_QUIET_HOURS',
  'AUDIT_SHIP_URL',
  'AUDIT_SHIP_TOKEN',
  'METRICS_PORT',
  'DRAIN_SECONDS',
  'LOG_LEVEL',
] as const;

export type SettingName = (typeof SETTING_NAMES)[number];
type Reader = SettingReader<SettingName>;

/** The settings and what is unsafe about them: each line says the name, what is wrong and an example. */
export interface ReadConfig {
  config: Config;
  /** Unsafe, but allowed on loopback. */
  warnings: readonly string[];
}

/**
 * Reads and checks the environment.
 * Throws AppError `config_invalid` whose message has one line for each setting that is wrong.
 */
export function readConfig(env: Environment): ReadConfig {
  const read = new SettingReader<SettingName>(env);
  const port = read.integer('PORT', 8080, 1, 65_535);
  const publicUrl = read.origin('PUBLIC_URL', `http://127.0.0.1:${port}`);
  const live = !isLoopback(publicUrl);
  const certFile = read.text('TLS_CERT_FILE');
  const keyFile = read.text('TLS_KEY_FILE');
  if ((certFile === null) !== (keyFile === null)) {
    read.wrong(
      certFile === null ? 'TLS_CERT_FILE' : 'TLS_KEY_FILE',
      'is missing: set both or neither',
      '/etc/tonewall/tls.pem',
    );
  }
  const dataDir = resolve(read.text('DATA_DIR') ?? './data');
  const crmUrl = read.url('CRM_WEBHOOK_URL', live);
  const crmSecrets = read.list('CRM_WEBHOOK_SECRET', /^whsec_[A-Za-z0-9+/=]{24,}$/, exampleSecret());
  if (crmUrl !== null && crmSecrets.length === 0) {
    read.wrong('CRM_WEBHOOK_SECRET', 'is missing: events are never sent unsigned', exampleSecret());
  }
  const psp = pspSettings(read, live, exampleSecret());
  const storeCards = read.choice('STORE_CARDS', ['true', 'false'], 'true') === 'true';
  if (!storeCards && psp.name === 'none') {
    read.wrong('STORE_CARDS', "can't be false without a payment provider that keeps cards: set PSP", 'true');
  }

  const shipUrl = read.url('AUDIT_SHIP_URL', true);
  const shipToken = read.matching(
    'AUDIT_SHIP_TOKEN',
    /^[\w~.+/-]+=*$/,
    randomBytes(24).toString('base64url'),
  );

  const config: Config = {
    host: read.text('HOST') ?? '0.0.0.0',
    port,
    tls: certFile !== null && keyFile !== null ? { certFile, keyFile } : null,
    publicUrl,
    nodeUrl: read.origin('NODE_URL', publicUrl),
    live,
    redisUrl: read.redisUrl('REDIS_URL'),
    redisDurability: read.choice('REDIS_DURABILITY', ['checked', 'declared'], 'checked'),
    vaultDurability: vaultDurability(read),
    dataDir,
    accountSid: read.required(
      'TWILIO_ACCOUNT_SID',
      /^AC[0-9a-fA-F]{32}$/,
      `AC${'0123456789abcdef'.repeat(2)}`,
    ),
    authTokens: read.requiredList('TWILIO_AUTH_TOKEN', /^\S{8,}$/, '0123456789abcdef0123456789abcdef'),
    carrierApiUrl: read.url('TWILIO_API_URL', false),
    callerId: read.matching('TWILIO_CALLER_ID', ADDRESS, '+33123456789'),
    agentDialTo: read.matching('AGENT_DIAL_TO', ADDRESS, 'sip:agent@example.com'),
    agentRingSeconds: read.integer('AGENT_RING_SECONDS', 60, 1, 600),
    defaultFlow: read.text('DEFAULT_FLOW') ?? 'agent-assisted-card',
    guardHoldMs: Number(read.choice('GUARD_HOLD_MS', ['15', '20', '40'], '20')) as 15 | 20 | 40,
    beepLevel: read.integer('BEEP_LEVEL_DBM0', -13, -40, -3),
    comfortNoiseLevel: read.integer('COMFORT_NOISE_DBM0', -55, -65, -40),
    vaultKeyFile: resolve(
      read.required(
        'VAULT_KEY_FILE',
        /./,
        '/etc/tonewall/vault-keys.json (npx tonewall keys create makes one)',
      ),
    ),
    vaultSeal: vaultSeal(read),
    tokenTtlDays: read.integer('TOKEN_TTL_DAYS', 15, 1, 400),
    sweepHours: read.integer('SWEEP_HOURS', 24, 1, 168),
    ...{ psp, storeCards },
    testCards: read.choice('TEST_CARDS', ['allow', 'refuse'], 'allow'),
    limits: {
      capturesPerCaller: read.limit('LIMIT_CAPTURES_PER_CALLER', '100/1h'),
      capturesPerMerchant: read.limit('LIMIT_CAPTURES_PER_MERCHANT', '5000/1h'),
      cardsPerRange: read.limit('LIMIT_CARDS_PER_RANGE', '1000/1h'),
      declinesPerCaller: read.limit('LIMIT_DECLINES_PER_CALLER', '20/1h'),
      declinesPerRange: read.limit('LIMIT_DECLINES_PER_RANGE', '50/1h'),
      declinesPerMerchant: read.limit('LIMIT_DECLINES_PER_MERCHANT', '300/1h'),
      chargesPerClient: read.limit('LIMIT_CHARGES_PER_CLIENT', '5000/1h'),
    },
    motoSumLimits: motoSumLimits(read),
    smsFrom: read.matching('SMS_FROM', SMS_SENDER, '+33123456789'),
    mail: mailSettings(read),
    apiKey: read.text('API_KEY'),
    crm: crmUrl !== null ? { url: crmUrl, secrets: crmSecrets } : null,
    auditQuietHours: quietHours(read),
    auditShip: shipUrl === null ? null : { url: shipUrl, token: shipToken },
    metricsPort: read.integer('METRICS_PORT', 9464, 0, 65_535),
    drainSeconds: read.integer('DRAIN_SECONDS', 600, 0, 86_400),
    logLevel: read.choice(
      'LOG_LEVEL',
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      'info',
    ),
  };

  if (config.vaultDurability !== 'local' && config.redisUrl === null) {
    read.wrong('VAULT_DURABILITY', 'needs REDIS_URL: a private Redis has no replica', 'local');
  }
  if (config.vaultSeal.name === 'plain' && (live || read.text('VAULT_KEY_SEAL') === null)) {
    read.unsafe(
      live,
      'VAULT_KEY_SEAL',
      'leaves the vault keys unsealed in their file: seal them with `npx tonewall keys reseal`',
      'passphrase',
    );
  }
  if (config.apiKey !== null && config.apiKey.length < 24) {
    read.unsafe(
      live,
      'API_KEY',
      'is short enough to guess: use 24 characters or more',
      randomBytes(24).toString('base64url'),
    );
  }
  read.finish();
  return { config, warnings: read.warnings };
}

/**
 * The part of the settings that commands need as well. Throws AppError `config_invalid` like `readConfig`.
 * The key file is the sandbox's where none is named.
 */
export function readVaultKeys(env: Environment): { file: string; seal: VaultSeal } {
  const read = new SettingReader<SettingName>(env);
  const file = resolve(read.text('VAULT_KEY_FILE') ?? `${read.text('DATA_DIR') ?? './data'}/vault-keys.json`);
  const seal = vaultSeal(read);
  read.finish();
  return { file, seal };
}

/** How durably commands are to write what the service would write. Throws AppError `config_invalid`. */
export function readVaultDurability(env: Environment): Config['vaultDurability'] {
  const read = new SettingReader<SettingName>(env);
  const level = vaultDurability(read);
  read.finish();
  return level;
}

/** The base URL that the carrier sees, for commands that need to know whether the service is live. */
export function readPublicUrl(env: Environment): string {
  const read = new SettingReader<SettingName>(env);
  const url = read.origin('PUBLIC_URL', 'http://127.0.0.1');
  read.finish();
  return url;
}

/** TLS is demanded of every server but one on this machine. */
function mailSettings(read: Reader): MailSettings | null {
  const text = read.text('SMTP_URL');
  if (text === null) return null;
  const from = read.required('MAIL_FROM', MAIL_SENDER, 'Example Shop <receipts@example.com>');
  const url = URL.canParse(text) ? new URL(text) : null;
  const always = url?.protocol === 'smtps:';
  const bare = url !== null && /^\/?$/.test(url.pathname) && url.search === '' && url.hash === '';
  const [name = null, password = null] = [url?.username ?? '', url?.password ?? ''].map(percentDecoded);
  const readable = bare && url.hostname !== '' && name !== null && password !== null;
  if (!readable || !(always || url.protocol === 'smtp:')) {
    read.wrong('SMTP_URL', 'is not an smtp or smtps URL', 'smtps://user:password@mail.example.com:465');
    return null;
  }
  const plain = isLoopback(text) ? 'none' : 'starttls';
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (always ? 465 : 587) : Number(url.port),
    tls: always ? 'always' : plain,
    user: name === '' ? null : { name, password },
    from,
  };
}

function vaultSeal(read: Reader): VaultSeal {
  const name = read.choice('VAULT_KEY_SEAL', ['plain', 'passphrase', 'transit', 'aws-kms'], 'plain');
  if (name === 'passphrase') {
    const example = '/run/secrets/vault-passphrase';
    return { name, passphraseFile: read.required('VAULT_KEY_PASSPHRASE_FILE', /./, example) };
  }
  if (name === 'transit') {
    const example = 'https://bao.example.com:8200/v1/transit/keys/tonewall';
    read.required('VAULT_TRANSIT_KEY_URL', /\/v1\/.+\/keys\/[^/?#]+$/, example);
    const keyUrl = read.url('VAULT_TRANSIT_KEY_URL', true) ?? '';
    const tokenFile = read.required('VAULT_TRANSIT_TOKEN_FILE', /./, '/run/bao/token');
    return { name, keyUrl, tokenFile };
  }
  if (name === 'aws-kms') {
    return { name, keyId: read.required('VAULT_KMS_KEY_ID', /^[\w:/-]+$/, 'alias/tonewall') };
  }
  return { name };
}

function vaultDurability(read: Reader): Config['vaultDurability'] {
  return read.choice('VAULT_DURABILITY', ['local', 'replica', 'replica-fsync'], 'local');
}

function motoSumLimits(read: Reader): Config['motoSumLimits'] {
  const text = read.matching('MOTO_SUM_LIMIT', SUMS, 'EUR:50000,CHF:50000');
  const sums = (text ?? '').split(',').filter((sum) => sum !== '');
  return Object.fromEntries(sums.map((sum) => [sum.slice(0, 3), Number(sum.slice(4))]));
}

/** Currencies, each with an amount in its minor unit. */
const SUMS = /^[A-Z]{3}:\d{1,12}(,[A-Z]{3}:\d{1,12})*$/;

function quietHours(read: Reader): Config['auditQuietHours'] {
  const [from, to] = (read.matching('AUDIT_QUIET_HOURS', QUIET_HOURS, '22-6') ?? '').split('-').map(Number);
  return from === undefined || to === undefined ? null : { from, to };
}

/** Two hours from 0 to 23 that differ. */
const QUIET_HOURS = /^(\d|1\d|2[0-3])-(?!\1$)(\d|1\d|2[0-3])$/;

/** E.164, a SIP address or a client of the carrier's. */
const ADDRESS = /^(\+[1-9]\d{1,14}|sips?:[^\s@]+@[^\s@]+|client:[\w.+-]{1,121})$/;

/** Null for what is no percent-encoding. */
function percentDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** A number of the account, a name of up to 11 characters, or a messaging service of the carrier's. */
const SMS_SENDER = /^(\+[1-9]\d{5,14}|MG[0-9a-f]{32}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/;
/** `Name <address>` or an address alone. */
const MAIL_SENDER = /^([^<>"\p{Cc}]{1,64} <[^<>\s@]{1,64}@[\w.-]{3,250}>|[^<>\s@]{1,64}@[\w.-]{3,250})$/u;

function exampleSecret(): string {
  return `whsec_${randomBytes(24).toString('base64')}`;
}
