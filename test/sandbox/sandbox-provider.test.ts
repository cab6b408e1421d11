import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { startProvider } from '../../src/sandbox/sandbox-provider.js';
import { readSecrets } from '../../src/sandbox/sandbox-secrets.js';

const SERVICE = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0123456789',
  VAULT_KEY_FILE: '/nowhere/keys.json',
};

let dataDir: string;
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'tonewall-provider-'))));
afterEach(() => rmSync(dataDir, { recursive: true }));

const start = async (named: string | undefined) =>
  startProvider(named, {
    dataDir,
    serviceUrl: 'http://127.0.0.1:8080',
    secrets: await readSecrets(dataDir),
    clock: systemClock,
  });

describe('the sandbox’s payment provider', () => {
  it('is found by the service through settings that it takes, and tells it what happens', async () => {
    const started = await start(undefined);
    if (started === null) throw new Error('no provider');
    const { provider, env } = started;
    const { config } = readConfig({ ...SERVICE, ...env });
    expect(config.psp).toEqual({
      name: 'simulated',
      url: provider.url,
      secret: env['SIMULATED_PSP_SECRET'],
      webhookSecret: env['SIMULATED_PSP_WEBHOOK_SECRET'],
      caFile: join(dataDir, 'sandbox-provider.pem'),
    });
    expect(provider.notices.url).toBe('http://127.0.0.1:8080/psp/simulated/webhook');
    await provider.close();
  });

  it('stays away where the settings name another, or none', async () => {
    expect([await start('none'), await start('stripe')]).toEqual([null, null]);
  });
});
