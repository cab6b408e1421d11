import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readText, writePrivate } from './private-file.js';

/** What the sandbox's parts know each other by. */
export interface SandboxSecrets {
  accountSid: string;
  authToken: string;
  apiKey: string;
  /** Of the CRM. */
  webhookSecret: string;
  /** Of the payment provider: what its customer shows, and what its notices are signed with. */
  providerSecret: string;
  providerWebhookSecret: string;
}

/**
 * Made at the first start, kept in `DATA_DIR/sandbox-secrets.json`: none is ever the same on two machines. One that an
 * older sandbox did not need is added.
 */
export async function readSecrets(dataDir: string): Promise<SandboxSecrets> {
  const path = join(dataDir, 'sandbox-secrets.json');
  const kept = JSON.parse((await readText(path)) ?? '{}') as Partial<SandboxSecrets>;
  const secrets = { ...drawSecrets(), ...kept };
  if (Object.keys(secrets).length > Object.keys(kept).length)
    await writePrivate(path, JSON.stringify(secrets, null, 2));
  return secrets;
}

function drawSecrets(): SandboxSecrets {
  const signing = () => `whsec_${randomBytes(24).toString('base64')}`;
  return {
    accountSid: `AC${randomBytes(16).toString('hex')}`,
    authToken: randomBytes(16).toString('hex'),
    apiKey: `twk_${randomBytes(24).toString('base64url')}`,
    webhookSecret: signing(),
    providerSecret: `sk_${randomBytes(24).toString('base64url')}`,
    providerWebhookSecret: signing(),
  };
}
