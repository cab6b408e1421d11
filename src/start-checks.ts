import { readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { Config, VaultSeal } from './config.js';
import { AppError } from './errors.js';
import type { Logger } from './log.js';
import type { Environment } from './setting-reader.js';

/** How the process was started. */
export interface ProcessFacts {
  /** Flags of Node.js, as in `process.execArgv`. */
  flags: readonly string[];
  env: Environment;
  /** Whether the inspector is open: by a flag, or by SIGUSR1 before there was a listener for it. */
  inspected: boolean;
  /** `/proc/self/limits`; empty where there is none. */
  limits: string;
}

/** Flags of Node.js that let memory, or what is sent, out of the process. */
const UNSAFE_FLAGS = [
  { flag: /^--inspect/, why: 'opens all memory to a debugger' },
  { flag: /^--(heapsnapshot-|heap-prof)/, why: 'writes memory to a file' },
  { flag: /^--(experimental-)?report-(on-|uncaught)/, why: 'writes what the process holds to a file' },
  { flag: /^--abort-on-uncaught-exception/, why: 'writes memory to a core file' },
  { flag: /^--tls-keylog/, why: 'writes the keys of connections to a file' },
] as const;

/** Variables that do the same, or change the program. */
const UNSAFE_VARIABLES = {
  NODE_OPTIONS: 'changes how the program runs: give Node.js its flags on the command line',
  NODE_DEBUG: 'prints what is sent and received',
  DEBUG: 'prints what is sent to Redis',
  NODE_V8_COVERAGE: 'writes what the process does to files',
  NODE_TLS_REJECT_UNAUTHORIZED: 'turns the check of certificates off',
} as const;

/** proc(5): name, soft limit, hard limit, unit. */
const CORE_LIMIT = /^Max core file size\s+(?<soft>\S+)/m;

/** One line for each thing about the way a process was started that is unsafe for cards. */
export function unsafeFacts({ flags, env, inspected, limits }: ProcessFacts): string[] {
  const unsafe: string[] = [];
  for (const given of flags) {
    const found = UNSAFE_FLAGS.find(({ flag }) => flag.test(given));
    if (found !== undefined) unsafe.push(`${given} ${found.why}: start without it`);
  }
  if (inspected) unsafe.push('the inspector is open, and with it all memory: start again without it');
  for (const [name, why] of Object.entries(UNSAFE_VARIABLES)) {
    if ((env[name] ?? '') !== '') unsafe.push(`${name} ${why}. Leave it out`);
  }
  const soft = CORE_LIMIT.exec(limits)?.groups?.['soft'] ?? '0';
  if (soft !== '0') {
    unsafe.push(
      'core dumps are on and would hold cards: `ulimit -c 0` before the start, or LimitCORE=0 of systemd',
    );
  }
  return unsafe;
}

/** One line for a key of TLS that anybody on the machine may read. Files of the vault are refused where they are read. */
export async function readableKeys({ tls }: Pick<Config, 'tls'>): Promise<string[]> {
  const found = tls === null ? null : await stat(tls.keyFile).catch(() => null);
  return found !== null && (found.mode & 0o007) !== 0
    ? [`TLS_KEY_FILE can be read by others: chmod o= ${tls?.keyFile}`]
    : [];
}

/**
 * One line for each file with the vault's keys, or what opens them, that lies in `dir`, where the cards are: who gets
 * a copy of that folder has both. Links are followed.
 */
export async function keysBeside(
  dir: string,
  { vaultKeyFile, vaultSeal }: Pick<Config, 'vaultKeyFile' | 'vaultSeal'>,
): Promise<string[]> {
  const files = { VAULT_KEY_FILE: vaultKeyFile, ...filesOf(vaultSeal) };
  const data = join(await realpath(dir).catch(() => dir), sep);
  const beside: string[] = [];
  for (const [setting, path] of Object.entries(files)) {
    const real = await realpath(path).catch(() => resolve(path));
    if (real.startsWith(data))
      beside.push(`${setting} lies beside the cards, under ${dir}: keep it elsewhere`);
  }
  return beside;
}

/** Stops a live start with AppError `config_invalid`, a line for each; on loopback they are warnings. */
export function insistOnSafety(unsafe: readonly string[], options: { live: boolean; log: Logger }): void {
  if (options.live && unsafe.length > 0) throw new AppError('config_invalid', unsafe.join('\n'));
  for (const detail of unsafe) options.log.warn({ detail }, 'unsafe start: allowed on loopback only');
}

/** What the system allows this process; empty where it does not say. */
export function processLimits(): Promise<string> {
  return readFile('/proc/self/limits', 'utf8').catch(() => '');
}

function filesOf(seal: VaultSeal): Record<string, string> {
  if (seal.name === 'passphrase') return { VAULT_KEY_PASSPHRASE_FILE: seal.passphraseFile };
  if (seal.name === 'transit') return { VAULT_TRANSIT_TOKEN_FILE: seal.tokenFile };
  return {};
}
