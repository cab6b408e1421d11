import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readConfig, SETTING_NAMES } from '../src/config.js';
import { isLoopback } from '../src/setting-reader.js';
import { BEEP_LEVEL } from '../src/dsp/beeper.js';
import { NOISE_LEVEL } from '../src/dsp/comfort-noise.js';

const GOOD = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0123456789abcdef0123456789abcdef',
  VAULT_KEY_FILE: '/keys.json',
  VAULT_KEY_SEAL: 'passphrase',
  VAULT_KEY_PASSPHRASE_FILE: '/passphrase',
};

function linesOf(env: Record<string, string>): string[] {
  try {
    readConfig({ ...GOOD, ...env });
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

describe('settings', () => {
  it('have the defaults of the documentation', () => {
    expect(readConfig(GOOD).config).toMatchObject({
      host: '0.0.0.0',
      port: 8080,
      publicUrl: 'http://127.0.0.1:8080',
      nodeUrl: 'http://127.0.0.1:8080',
      live: false,
      redisUrl: null,
      vaultDurability: 'local',
      agentRingSeconds: 60,
      defaultFlow: 'agent-assisted-card',
      guardHoldMs: 20,
      beepLevel: -13,
      comfortNoiseLevel: -55,
      tokenTtlDays: 15,
      sweepHours: 24,
      testCards: 'allow',
      crm: null,
      metricsPort: 9464,
      drainSeconds: 600,
      logLevel: 'info',
    });
  });

  it('take Sentinels, and a level of durability that has replicas', () => {
    const REDIS_URL = 'rediss+sentinel://me:secret@a:1,b:2/cards?sentinel_user=you';
    expect(readConfig({ ...GOOD, REDIS_URL, VAULT_DURABILITY: 'replica-fsync' }).config).toMatchObject({
      redisUrl: REDIS_URL,
      vaultDurability: 'replica-fsync',
    });
  });

  it('are all told of at once, a line each, with an example', () => {
    const lines = linesOf({
      PORT: 'http',
      GUARD_HOLD_MS: '19',
      AGENT_DIAL_TO: 'Bob',
      TWILIO_ACCOUNT_SID: '',
    });
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'PORT',
      'TWILIO_ACCOUNT_SID',
      'AGENT_DIAL_TO',
      'GUARD_HOLD_MS',
    ]);
    for (const line of lines) expect(line).toMatch(/Example: [A-Z_]+=\S+/);
  });

  it.each([
    ['PUBLIC_URL', 'http://voice.example.com'],
    ['PUBLIC_URL', 'https://voice.example.com/path'],
    ['NODE_URL', 'ftp://x'],
    ['CRM_WEBHOOK_URL', 'https://crm.example.com/hook'],
    ['CRM_WEBHOOK_SECRET', 'hunter2'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'redis+sentinel://a:26379'],
    ['VAULT_DURABILITY', 'paper'],
    ['VAULT_DURABILITY', 'replica'],
    ['TLS_CERT_FILE', '/cert.pem'],
    ['STORE_CARDS', 'false'],
    ['PSP', 'stripe'],
    ['AUDIT_SHIP_URL', 'http://logs.example.com/tonewall'],
    ['AUDIT_SHIP_TOKEN', 'two words'],
    ['AUDIT_QUIET_HOURS', '22-24'],
    ['AUDIT_QUIET_HOURS', '6-6'],
    ['PSP', 'paypal'],
    ['LOG_LEVEL', 'loud'],
    ['TWILIO_AUTH_TOKEN', 'a,b'],
  ])('refuse %s=%s', (name, value) => {
    expect(linesOf({ [name]: value })).toHaveLength(1);
  });

  it.each([
    ['BEEP_LEVEL_DBM0', 'beepLevel', BEEP_LEVEL],
    ['COMFORT_NOISE_DBM0', 'comfortNoiseLevel', NOISE_LEVEL],
  ] as const)('take %s within the bounds of the guard, and no other', (name, member, bounds) => {
    expect(readConfig(GOOD).config[member]).toBe(bounds.usual);
    for (const level of [bounds.least, bounds.most]) {
      expect(readConfig({ ...GOOD, [name]: String(level) }).config[member]).toBe(level);
    }
    for (const level of [bounds.least - 1, bounds.most + 1, '-20.5', 'loud']) {
      expect(linesOf({ [name]: String(level) })).toEqual([
        `${name} is not a whole number from ${bounds.least} to ${bounds.most}. Example: ${name}=${bounds.usual}`,
      ]);
    }
  });

  it('never repeat what was set', () => {
    expect(linesOf({ CRM_WEBHOOK_SECRET: 'hunter2', TWILIO_AUTH_TOKEN: 's3cret' }).join()).not.toMatch(
      /hunter2|s3cret/,
    );
  });

  it('are live when the public URL is not loopback, and then refuse what is unsafe', () => {
    const live = { PUBLIC_URL: 'https://voice.example.com' };
    expect(readConfig({ ...GOOD, ...live }).config.live).toBe(true);
    expect(linesOf({ ...live, API_KEY: 'short' })).toHaveLength(1);
    expect(readConfig({ ...GOOD, API_KEY: 'short' }).warnings).toHaveLength(1);
  });

  it('refuse unsealed vault keys where the service is live, and warn of them elsewhere', () => {
    const plain = { VAULT_KEY_SEAL: '' };
    expect(linesOf({ ...plain, PUBLIC_URL: 'https://voice.example.com' })).toEqual([
      'VAULT_KEY_SEAL leaves the vault keys unsealed in their file: seal them with `npx tonewall keys reseal`. Example: VAULT_KEY_SEAL=passphrase',
    ]);
    expect(readConfig({ ...GOOD, ...plain }).warnings).toHaveLength(1);
    expect(readConfig({ ...GOOD, VAULT_KEY_SEAL: 'plain' }).warnings).toEqual([]);
  });

  it('know how the vault keys are sealed', () => {
    const keyUrl = 'https://bao.example.com:8200/v1/transit/keys/tonewall';
    const sealOf = (env: Record<string, string>) => readConfig({ ...GOOD, ...env }).config.vaultSeal;
    expect(sealOf({})).toEqual({ name: 'passphrase', passphraseFile: '/passphrase' });
    expect(
      sealOf({
        VAULT_KEY_SEAL: 'transit',
        VAULT_TRANSIT_KEY_URL: keyUrl,
        VAULT_TRANSIT_TOKEN_FILE: '/token',
      }),
    ).toEqual({ name: 'transit', keyUrl, tokenFile: '/token' });
    expect(sealOf({ VAULT_KEY_SEAL: 'aws-kms', VAULT_KMS_KEY_ID: 'alias/tonewall' })).toEqual({
      name: 'aws-kms',
      keyId: 'alias/tonewall',
    });
  });

  it.each([
    ['transit', 'https://bao.example.com/v1/transit/encrypt/tonewall'],
    ['transit', 'http://bao.example.com/v1/transit/keys/tonewall'],
    ['passphrase', ''],
    ['aws-kms', ''],
  ])('refuse the seal %s with what does not lead to it: %s', (name, url) => {
    const env = { VAULT_KEY_SEAL: name, VAULT_KEY_PASSPHRASE_FILE: '', VAULT_TRANSIT_TOKEN_FILE: '/token' };
    expect(linesOf({ ...env, VAULT_TRANSIT_KEY_URL: url })).toHaveLength(1);
  });

  it('take limits against the trying out of cards, or none', () => {
    const limited = { LIMIT_DECLINES_PER_CALLER: '3/15m', LIMIT_DECLINES_PER_RANGE: 'off' };
    expect(readConfig({ ...GOOD, ...limited }).config.limits).toMatchObject({
      declinesPerCaller: { most: 3, seconds: 900 },
      declinesPerRange: null,
      declinesPerMerchant: { most: 300, seconds: 3_600 },
    });
    for (const wrong of ['0/1h', '3', '3/1w', '3/0m', '3/8d', '100001/1h', '-1/1h', 'none']) {
      expect(linesOf({ LIMIT_CAPTURES_PER_CALLER: wrong })).toEqual([
        'LIMIT_CAPTURES_PER_CALLER is neither `off` nor up to 100000 within up to 7d. Example: LIMIT_CAPTURES_PER_CALLER=100/1h',
      ]);
    }
  });

  it('take what a card may pay by telephone in a day, by currency', () => {
    expect(readConfig(GOOD).config.motoSumLimits).toEqual({});
    const MOTO_SUM_LIMIT = 'EUR:50000,CHF:60000';
    expect(readConfig({ ...GOOD, MOTO_SUM_LIMIT }).config.motoSumLimits).toEqual({
      EUR: 50_000,
      CHF: 60_000,
    });
    for (const wrong of ['50000', 'EUR:500.00', 'eur:1', 'EUR:1;CHF:1']) {
      expect(linesOf({ MOTO_SUM_LIMIT: wrong })).toEqual([
        'MOTO_SUM_LIMIT is not of the right form. Example: MOTO_SUM_LIMIT=EUR:50000,CHF:50000',
      ]);
    }
  });

  it('take hours in which nobody works, over midnight too', () => {
    expect(readConfig(GOOD).config.auditQuietHours).toBeNull();
    expect(readConfig({ ...GOOD, AUDIT_QUIET_HOURS: '22-6' }).config.auditQuietHours).toEqual({
      from: 22,
      to: 6,
    });
    expect(readConfig({ ...GOOD, AUDIT_QUIET_HOURS: '2-22' }).config.auditQuietHours).toEqual({
      from: 2,
      to: 22,
    });
  });

  it('know the mail server, and demand TLS of it off this machine', () => {
    const MAIL_FROM = 'Example Shop <receipts@example.com>';
    const mailOf = (SMTP_URL: string) => readConfig({ ...GOOD, SMTP_URL, MAIL_FROM }).config.mail;
    expect(readConfig(GOOD).config.mail).toBeNull();
    expect(mailOf('smtps://shop:p%40ss@mail.example.com')).toEqual({
      ...{ host: 'mail.example.com', port: 465, tls: 'always', from: MAIL_FROM },
      user: { name: 'shop', password: 'p@ss' },
    });
    expect(mailOf('smtp://mail.example.com')).toMatchObject({ port: 587, tls: 'starttls', user: null });
    expect(mailOf('smtp://127.0.0.1:1025')).toMatchObject({ port: 1025, tls: 'none' });
    expect(mailOf('smtp://[::1]:25')).toMatchObject({ host: '::1', tls: 'none' });
    expect(linesOf({ SMTP_URL: 'smtp://mail.example.com' })[0]).toMatch(/^MAIL_FROM is missing/);
    for (const url of [
      'mail.example.com',
      'http://mail.example.com',
      'smtp://a%zz@b.example',
      'smtp://b.example/x',
    ]) {
      expect(linesOf({ MAIL_FROM, SMTP_URL: url })[0]).toMatch(/^SMTP_URL is not an smtp or smtps URL/);
    }
  });

  it('take what short messages can come from', () => {
    for (const SMS_FROM of ['+33123456789', 'Shop 24', `MG${'0'.repeat(32)}`]) {
      expect(readConfig({ ...GOOD, SMS_FROM }).config.smsFrom).toBe(SMS_FROM);
    }
    for (const SMS_FROM of ['0123456789', 'A name too long', '+0123456789', 'Shop <24>']) {
      expect(linesOf({ SMS_FROM })).toEqual([expect.stringMatching(/^SMS_FROM is not of the right form/)]);
    }
  });

  it('take two secrets while one is rotated', () => {
    const { config } = readConfig({ ...GOOD, TWILIO_AUTH_TOKEN: 'new-token-1, old-token-2' });
    expect(config.authTokens).toEqual(['new-token-1', 'old-token-2']);
  });

  it('are all in .env.example, and nothing else is', () => {
    const example = readFileSync('.env.example', 'utf8');
    const names = [...example.matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect(new Set(names)).toEqual(new Set(SETTING_NAMES));
  });
});

describe('loopback', () => {
  it.each(['http://127.0.0.1:8080', 'http://localhost', 'https://[::1]:1', 'http://127.9.9.9', 'unix:///x'])(
    '%s is',
    (url) => expect(isLoopback(url)).toBe(true),
  );
  it.each(['http://10.0.0.1', 'https://localhost.example.com', 'http://127.0.0.1.example.com', 'nonsense'])(
    '%s is not',
    (url) => expect(isLoopback(url)).toBe(false),
  );
});
