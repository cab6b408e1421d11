import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Metrics } from '../metrics.js';
import { lockDataDir } from '../redis/data-dir-lock.js';
import { AuditLog } from './audit-log.js';
import { AuditTrail } from './audit-trail.js';
import type { AuditKeys } from './chain-key.js';

/** Who writes a chain. A process has its chain for itself; commands take turns. */
export const WRITERS = ['service', 'operator'] as const;
export type Writer = (typeof WRITERS)[number];

export interface OpenAuditOptions {
  dataDir: string;
  writer: Writer;
  keys: AuditKeys;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
}

export interface OpenAudit {
  readonly audit: AuditTrail;
  readonly log: AuditLog;
  close(): Promise<void>;
}

/** Where the chains of a machine are. */
export function auditDir(dataDir: string): string {
  return join(dataDir, 'audit');
}

/**
 * Opens the chain of a writer, for this process alone. Rejects with AppError `config_invalid` when another process has
 * it, or it can't be gone on with.
 */
export async function openAudit(options: OpenAuditOptions): Promise<OpenAudit> {
  const dir = join(auditDir(options.dataDir), options.writer);
  const lock = await lockDataDir(dir).catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    throw new AppError('config_invalid', `the audit trail can not be written to ${dir} (${codeOf(error)})`);
  });
  try {
    const log = await AuditLog.open({ ...options, dir });
    const audit = new AuditTrail({ ...options, log });
    // What commands do is told by nobody else; what the service did, Redis may know.
    if (options.writer === 'operator') audit.giveUp();
    return {
      ...{ audit, log },
      async close() {
        await log.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
