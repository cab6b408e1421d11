import type { Redis as Client } from 'ioredis';
import { readConfig, type Limits } from '../../src/config.js';
import { ACCOUNT_SID, AUTH_TOKEN } from './carrier.js';

/** As many as come. */
export const UNLIMITED: Limits = {
  ...{ capturesPerCaller: null, capturesPerMerchant: null, cardsPerRange: null, chargesPerClient: null },
  ...{ declinesPerCaller: null, declinesPerRange: null, declinesPerMerchant: null },
};

/** As a service has them that sets none. */
export const DEFAULT_LIMITS: Limits = readConfig({
  ...{ TWILIO_ACCOUNT_SID: ACCOUNT_SID, TWILIO_AUTH_TOKEN: AUTH_TOKEN, VAULT_KEY_FILE: 'keys.json' },
}).config.limits;

/** The windows in which limits count are over: Redis ends them by its own clock. */
export async function endWindows(admin: Client): Promise<void> {
  const windows = await admin.keys('tw:limit:*');
  if (windows.length > 0) await admin.del(windows);
}
