import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.js';
import {
  SimulatedProvider,
  type SimulatedProviderOptions,
} from '../../src/psp/simulated/simulated-provider.js';

const SECRET = 'sk_for-tests-and-nothing-else';
/** Of quick tests. */
const ACQUIRER_MS = 30;
const WEBHOOK_SECRET = `whsec_${Buffer.from('another of 24 bytes .....').toString('base64')}`;

/** A payment provider on a port of its own, and the settings by which a service finds it. */
export interface Provider {
  readonly server: SimulatedProvider;
  readonly env: Readonly<Record<string, string>>;
  /** From now on webhooks go to this service. */
  tell(serviceUrl: string): void;
  close(): Promise<void>;
}

export async function startProvider(
  options: Partial<Pick<SimulatedProviderOptions, 'takes' | 'clock' | 'acquirerMs' | 'slowMs'>> = {},
): Promise<Provider> {
  const secrets = { secret: SECRET, webhookSecret: WEBHOOK_SECRET };
  const server = await SimulatedProvider.start({
    ...{ clock: systemClock, acquirerMs: ACQUIRER_MS, ...options, ...secrets, webhookUrl: null },
  });
  const dir = await mkdtemp(join(tmpdir(), 'tonewall-provider-'));
  const caFile = join(dir, 'ca.pem');
  await writeFile(caFile, server.ca);
  return {
    server,
    env: {
      PSP: 'simulated',
      SIMULATED_PSP_URL: server.url,
      SIMULATED_PSP_SECRET: SECRET,
      SIMULATED_PSP_WEBHOOK_SECRET: WEBHOOK_SECRET,
      SIMULATED_PSP_CA_FILE: caFile,
    },
    tell: (serviceUrl) => void (server.notices.url = `${serviceUrl}/psp/simulated/webhook`),
    async close() {
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
