import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { SimulatedProvider } from '../psp/simulated/simulated-provider.js';
import type { Environment } from '../setting-reader.js';
import { writePrivate } from './private-file.js';
import type { SandboxSecrets } from './sandbox-secrets.js';

/** A payment provider that the sandbox has started, and the settings by which the service finds it. */
export interface SandboxProvider {
  readonly provider: SimulatedProvider;
  readonly env: Environment;
}

/** Null where the settings name another provider, or none. Its ledger begins anew with each start. */
export async function startProvider(
  named: string | undefined,
  from: {
    dataDir: string;
    serviceUrl: string;
    secrets: Pick<SandboxSecrets, 'providerSecret' | 'providerWebhookSecret'>;
    clock: Clock;
  },
): Promise<SandboxProvider | null> {
  if ((named || 'simulated') !== 'simulated') return null;
  const { dataDir, serviceUrl, secrets, clock } = from;
  const provider = await SimulatedProvider.start({
    secret: secrets.providerSecret,
    webhookSecret: secrets.providerWebhookSecret,
    webhookUrl: `${serviceUrl}/psp/simulated/webhook`,
    clock,
  });
  const caFile = join(dataDir, 'sandbox-provider.pem');
  await writePrivate(caFile, provider.ca);
  return {
    provider,
    env: {
      PSP: 'simulated',
      SIMULATED_PSP_URL: provider.url,
      SIMULATED_PSP_SECRET: secrets.providerSecret,
      SIMULATED_PSP_WEBHOOK_SECRET: secrets.providerWebhookSecret,
      SIMULATED_PSP_CA_FILE: caFile,
    },
  };
}
