import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import type { Audit } from './audit.js';
import { PATTERNS, type PatternName } from './pattern.js';

/** Why somebody has to look at the audit trail: a pattern of entries, or a change that none announced. */
export type AlertName = PatternName | 'unexplained';

export interface AlertsOptions {
  audit: Audit;
  log: Logger;
  metrics: Metrics;
}

/** Tells people that they have to look: by the log, a metric, and an entry, so that it can't be made unsaid. */
export class Alerts {
  readonly #options: AlertsOptions;

  constructor(options: AlertsOptions) {
    this.#options = options;
  }

  raise(name: AlertName, detail: string, count: number): void {
    const { audit, log, metrics } = this.#options;
    metrics.auditAlerts.inc({ alert: name });
    if (name === 'unexplained')
      log.error({ detail, count }, 'a change in redis has no intent in the audit trail');
    else
      log.warn(
        { reason: name, detail, count },
        'the audit trail shows a pattern that somebody should look at',
      );
    const type = name === 'unexplained' ? 'alert.unexplained' : PATTERNS[name].alert;
    audit.as({ actor: 'service', origin: 'here' }, () => audit.fact(type, `${count} ${detail}`));
  }
}
