import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Audit, Ending } from '../audit/audit.js';
import type { OperationType } from '../audit/audit-event.js';
import { openAudit, type OpenAudit } from '../audit/open-audit.js';
import { systemClock } from '../clock.js';
import { readVaultKeys } from '../config.js';
import { AppError } from '../errors.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import { FileKeyProvider } from '../vault/file-key-provider.js';
import type { RootSeal } from '../vault/root-seal.js';
import { sealOf } from '../vault/seals.js';
import type { CommandIo } from './command.js';

/** Commands take turns: one that is at it is done within this time. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 100;

/** What an operator is about to do, and to what. `seal` opens the key file, where that is not what the settings say. */
export interface Deed<T> {
  type: OperationType;
  resource: string;
  /** What it was done to, when that is known only then. */
  made?: (result: T) => string;
  seal?: RootSeal;
}

/** Does what an operator asks for, once the intent is in the trail. Rejects like `withOperatorTrail`. */
export function audited<T>(
  io: Pick<CommandIo, 'env'>,
  { type, resource, made, seal }: Deed<T>,
  work: () => Promise<T>,
): Promise<T> {
  const ended = (result: T): Ending => (made === undefined ? {} : { resource: made(result) });
  return withOperatorTrail(io, (audit) => audit.operation(type, resource, work, ended), seal);
}

/**
 * Opens the operators' chain under DATA_DIR, in which they are who the machine says. Rejects with AppError
 * `config_invalid` when it can't be written, or its key be read.
 */
export async function withOperatorTrail<T>(
  { env }: Pick<CommandIo, 'env'>,
  work: (audit: Audit, keys: FileKeyProvider) => Promise<T>,
  seal?: RootSeal,
): Promise<T> {
  const settings = readVaultKeys(env);
  const shared = { clock: systemClock, log: silentLogger };
  const keys = await FileKeyProvider.open({
    ...{ path: settings.file, seal: seal ?? (await sealOf(settings.seal)), ...shared },
  });
  const trail = await inTurn({ dataDir: env['DATA_DIR'] || './data', keys });
  try {
    if (!trail.audit.ready) {
      throw new AppError(
        'config_invalid',
        'the audit trail can not be written: is the disk of DATA_DIR full?',
      );
    }
    const visitor = { actor: userInfo().username, origin: env['SSH_CLIENT']?.split(' ')[0] ?? 'terminal' };
    return await trail.audit.as(visitor, () => work(trail.audit, keys));
  } finally {
    await trail.close();
  }
}

async function inTurn(options: { dataDir: string; keys: FileKeyProvider }): Promise<OpenAudit> {
  const deadline = systemClock.monotonic() + PATIENCE_MS;
  const shared = { clock: systemClock, log: silentLogger, metrics: createMetrics() };
  for (;;) {
    try {
      return await openAudit({ ...options, writer: 'operator', ...shared });
    } catch (error) {
      const busy = error instanceof AppError && error.message.startsWith('DATA_DIR is in use');
      if (!busy) throw error;
      if (systemClock.monotonic() >= deadline) {
        throw new AppError(
          'config_invalid',
          'another tonewall command is at work: try again when it is done',
        );
      }
      await sleep(PAUSE_MS);
    }
  }
}
