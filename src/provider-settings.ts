import type { SettingReader } from './setting-reader.js';

/** Who moves money. */
export type PspSettings =
  | { name: 'none' }
  | { name: 'simulated'; url: string; secret: string; webhookSecret: string; caFile: string }
  | { name: 'stripe'; secretKey: string; webhookSecrets: readonly string[]; apiUrl: string | null };

export const PROVIDER_SETTING_NAMES = [
  'PSP',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'STRIPE_API_URL',
  'SIMULATED_PSP_URL',
  'SIMULATED_PSP_SECRET',
  'SIMULATED_PSP_WEBHOOK_SECRET',
  'SIMULATED_PSP_CA_FILE',
] as const;

type ProviderSettingName = (typeof PROVIDER_SETTING_NAMES)[number];

/** Reads which payment provider is set up; `secretExample` is a webhook's. */
export function pspSettings<Name extends string>(
  read: SettingReader<Name | ProviderSettingName>,
  live: boolean,
  secretExample: string,
): PspSettings {
  const name = read.choice('PSP', ['none', 'simulated', 'stripe'], 'none');
  if (name === 'none') return { name };
  if (name === 'simulated') {
    if (live) read.wrong('PSP', 'is a toy: where PUBLIC_URL is not loopback it takes no money', 'stripe');
    return {
      name,
      url: read.required('SIMULATED_PSP_URL', /^https:/, 'https://127.0.0.1:8443'),
      secret: read.required('SIMULATED_PSP_SECRET', /^\S+$/, 'sk_simulated'),
      webhookSecret: read.required('SIMULATED_PSP_WEBHOOK_SECRET', /^\S+$/, secretExample),
      caFile: read.required('SIMULATED_PSP_CA_FILE', /./, './data/simulated-psp-ca.pem'),
    };
  }
  const secretKey = read.required('STRIPE_SECRET_KEY', /^(sk|rk)_(test|live)_\w{10,250}$/, 'sk_test_…');
  if (!live && /^.._live_/.test(secretKey)) {
    read.wrong('STRIPE_SECRET_KEY', 'takes real money, and PUBLIC_URL is loopback', 'sk_test_…');
  }
  const webhookSecrets = read.list('STRIPE_WEBHOOK_SECRET', /^whsec_[\w+/=]{10,250}$/, 'whsec_…');
  return { name, secretKey, webhookSecrets, apiUrl: read.url('STRIPE_API_URL', true) };
}
