import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readSecrets } from '../../src/sandbox/sandbox-secrets.js';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tonewall-secrets-'));
  file = join(dir, 'sandbox-secrets.json');
});
afterEach(() => rmSync(dir, { recursive: true }));

describe('the sandbox’s secrets', () => {
  it('are drawn once, and are for their owner alone', async () => {
    const secrets = await readSecrets(dir);
    expect(await readSecrets(dir)).toEqual(secrets);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(new Set(Object.values(secrets)).size).toBe(6);
  });

  it('of an older sandbox stay, and get what they lack', async () => {
    writeFileSync(file, '{"apiKey":"twk_of-before"}');
    const secrets = await readSecrets(dir);
    expect(secrets.apiKey).toBe('twk_of-before');
    expect(secrets.providerWebhookSecret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(secrets);
  });
});
