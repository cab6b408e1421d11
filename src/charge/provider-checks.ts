import { AppError } from '../errors.js';
import type { Logger } from '../log.js';
import { ABILITIES, type Psp } from '../psp/psp.js';

export interface ProviderFacts {
  storeCards: boolean;
  /** The setting that lets its webhooks be believed, where it is missing. */
  missingWebhookSetting: string | null;
  log: Logger;
}

/**
 * Says at the start what the provider can't do, and what follows. Throws AppError `config_invalid` when it can't do what
 * the settings ask for.
 */
export function checkProvider(
  { name, abilities }: Pick<Psp, 'name' | 'abilities'>,
  { storeCards, missingWebhookSetting, log }: ProviderFacts,
): void {
  if (!storeCards && !abilities.has('tokenize')) {
    throw new AppError('config_invalid', `STORE_CARDS can't be false with PSP=${name}, which keeps no cards`);
  }
  const lacking = ABILITIES.filter((ability) => !abilities.has(ability));
  log.info({ status: name, detail: lacking.join(', ') || 'nothing' }, 'what the payment provider can not do');
  if (missingWebhookSetting !== null) {
    log.warn(
      { setting: missingWebhookSetting },
      'no webhook of the payment provider is believed: what became of a payment is known by look-ups alone, later',
    );
  }
}
