import { rm } from 'node:fs/promises';
import { systemClock, timestamp } from '../clock.js';
import { readVaultKeys } from '../config.js';
import { AppError } from '../errors.js';
import { PassphraseSeal } from '../vault/passphrase-seal.js';
import { changeKey, resealKeys, rotateKeys } from '../vault/key-changes.js';
import { createKeyFile, readKeyDocument, readKeyFile } from '../vault/key-file.js';
import { changed, nextId, preparedKey, sealKey, type KeyChange } from '../vault/key-lifecycle.js';
import { RewrapLedger } from '../vault/rewrap-ledger.js';
import { countByVersion, nodesSealingWith } from '../vault/sealed-rows.js';
import { sealOf } from '../vault/seals.js';
import { commandWords } from './command-words.js';
import type { Command, CommandIo } from './command.js';
import { keyTable, rewrapLine } from './key-table.js';
import { audited, withOperatorTrail } from './operator-trail.js';
import { withServiceRedis } from './service-redis.js';

const USAGE = `usage: npx tonewall keys create FILE
       npx tonewall keys status
       npx tonewall keys rotate [--prepare] [--dry-run]
       npx tonewall keys retire | reinstate | destroy VERSION [--dry-run]
       npx tonewall keys reseal [--old-passphrase-file FILE] [--dry-run]
`;

export const keys: Command = {
  name: 'keys',
  summary: 'makes, rotates and retires the vault keys',
  help: `
${USAGE}
  create FILE   a key file, mode 0600, with fresh random keys. A file that exists is never overwritten
  status        the keys, their states, and how many cards each one seals
  rotate        a new version seals new cards. Running services take it over within seconds, and bring the cards
                that they have under it. With --prepare it is made and waits: where each node has its own copy of
                the file, copy it to all of them, then rotate
  retire        takes a version out of use; refused while it still seals a card
  reinstate     takes that back: a restored backup may need it
  destroy       takes the secret of a retired version out of the file, for good
  reseal        puts the keys under the seal that VAULT_KEY_SEAL names

  --dry-run     says what would be done, and does nothing
  --old-passphrase-file FILE   what opens the file now, when the passphrase is what changes

Works on VAULT_KEY_FILE, or vault-keys.json under DATA_DIR, sealed as the settings say; and on the Redis of REDIS_URL,
or the private one under DATA_DIR while the service runs. Each change is an entry of the audit trail under DATA_DIR.
Who has an unsealed file, or a file and what opens it, and the Redis data has every card: keep them apart, from each
other's backups too. Keep a copy of the file in a safe place: without it no stored card can be opened again.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

example: npx tonewall keys create /etc/tonewall/vault-keys.json`,
  async run(args, io) {
    const asked = parsed(args);
    if (asked === null) return misused(io);
    const { action, word, dry } = asked;
    if ((word !== null) !== ['create', 'retire', 'reinstate', 'destroy'].includes(action)) return misused(io);
    switch (action) {
      case 'create':
        return create(word ?? '', io);
      case 'status':
        return status(io);
      case 'rotate':
        return rotate(asked, io);
      case 'retire':
      case 'reinstate':
      case 'destroy':
        return change(action, word ?? '', dry, io);
      case 'reseal':
        return reseal(asked, io);
      default:
        return misused(io);
    }
  },
};

interface Asked {
  action: string;
  /** A file or a version. */
  word: string | null;
  dry: boolean;
  prepare: boolean;
  oldPassphraseFile: string | null;
}

function parsed(args: readonly string[]): Asked | null {
  const words = commandWords(args, {
    'dry-run': { type: 'boolean' },
    prepare: { type: 'boolean' },
    'old-passphrase-file': { type: 'string' },
  });
  if (words === null) return null;
  const { action, word, values } = words;
  const { 'dry-run': dry = false, prepare = false, 'old-passphrase-file': oldPassphraseFile = null } = values;
  return { action, word, dry, prepare, oldPassphraseFile };
}

async function create(file: string, { env, stdout }: CommandIo): Promise<number> {
  const { seal } = readVaultKeys(env);
  await createKeyFile(file, now(), await sealOf(seal));
  try {
    await withOperatorTrail({ env: { ...env, VAULT_KEY_FILE: file } }, (audit) => {
      audit.fact('key.create', file);
      return Promise.resolve();
    });
  } catch (error) {
    // No entry, no operation: nobody is to use keys whose making was not written down.
    await rm(file);
    throw error;
  }
  stdout.write(`${file} is made. Next: set VAULT_KEY_FILE=${file}, and put a copy in a safe place.\n`);
  if (seal.name === 'plain')
    stdout.write('Its keys are in clear. A live service wants them sealed: see VAULT_KEY_SEAL.\n');
  return 0;
}

async function status(io: CommandIo): Promise<number> {
  const { file, seal } = readVaultKeys(io.env);
  // Opened, so that a wrong passphrase or a damaged key shows here and not at the next start.
  const opened = await readKeyFile(file, await sealOf(seal));
  io.stdout.write(`${file}, seal: ${seal.name}\n\n`);
  try {
    await withServiceRedis(io, async (redis) => {
      const counts = await countByVersion(redis, counting(io));
      io.stdout.write(keyTable(opened, counts));
      io.stdout.write(rewrapLine(await new RewrapLedger(redis).read()));
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    io.stdout.write(keyTable(opened, null));
    io.stderr.write(`cards were not counted: ${error.message}\n`);
  }
  return 0;
}

async function rotate({ dry, prepare }: Asked, io: CommandIo): Promise<number> {
  const { env, stdout } = io;
  const { file, seal } = readVaultKeys(env);
  const { keys } = await readKeyDocument(file);
  const active = keys.find(({ use, state }) => use === 'seal' && state === 'active')?.id ?? '';
  const waiting = preparedKey(keys);
  if (prepare && waiting !== null) {
    throw new AppError(
      'bad_request',
      `${waiting.id} is prepared already: copy ${file} to every node, then rotate`,
    );
  }
  if (dry) {
    const id = waiting?.id ?? nextId(keys);
    stdout.write(
      `${id} would ${prepare ? 'be made, and wait' : `seal new cards, and ${active} open what it sealed`}.\n`,
    );
    return 0;
  }
  const deed = { type: 'key.rotate', resource: prepare ? 'prepare' : '', made: (id: string) => id } as const;
  const id = await audited(io, deed, async () => rotateKeys(file, await sealOf(seal), now(), { prepare }));
  stdout.write(
    prepare
      ? `${id} is made, and waits. Copy ${file} to every node, then: npx tonewall keys rotate\n`
      : `${id} seals new cards from now on; ${active} opens what it sealed.\n` +
          'Running services take it over within seconds, and rewrap the cards that they have.\n' +
          `Next: put a copy of ${file} in a safe place, and see: npx tonewall keys status\n`,
  );
  return 0;
}

/** What was done, and what to do next. */
const DONE: Readonly<Record<KeyChange, string>> = {
  retire: 'is retired. Once no backup of Redis is left that needs it: npx tonewall keys destroy',
  reinstate: 'opens again what it sealed.',
  destroy:
    'is destroyed. Remove it from the copies of the file, too: what it sealed is then gone everywhere.',
};

async function change(action: KeyChange, id: string, dry: boolean, io: CommandIo): Promise<number> {
  const { file } = readVaultKeys(io.env);
  const { keys } = await readKeyDocument(file);
  changed(keys, action, id, now());
  if (action !== 'reinstate') await refuseWhileUsed(sealKey(keys, id).id, io);
  if (dry) {
    io.stdout.write(`${id} can be ${action}${action.endsWith('e') ? 'd' : 'ed'}: nothing needs it.\n`);
    return 0;
  }
  await audited(io, { type: `key.${action}`, resource: id }, () => changeKey(file, action, id, now()));
  io.stdout.write(`${id} ${DONE[action]}\n`);
  return 0;
}

/** Throws AppError `bad_request` while a version seals a card, or a running node seals with it. */
async function refuseWhileUsed(id: string, io: CommandIo): Promise<void> {
  await withServiceRedis(io, async (redis) => {
    const nodes = await nodesSealingWith(redis, id);
    if (nodes > 0) {
      throw new AppError(
        'bad_request',
        `${nodes} running nodes seal with ${id}: give them the new key file first`,
      );
    }
    const cards = (await countByVersion(redis, counting(io))).get(id) ?? 0;
    if (cards === 0) return;
    const ledger = new RewrapLedger(redis);
    const { target } = await ledger.read();
    if (target !== null) await ledger.request(target);
    throw new AppError(
      'bad_request',
      `${id} still seals ${cards} cards. A running service rewraps them: see npx tonewall keys status, and try again`,
    );
  });
}

async function reseal({ dry, oldPassphraseFile }: Asked, io: CommandIo): Promise<number> {
  const { env, stdout } = io;
  const { file, seal } = readVaultKeys(env);
  const document = await readKeyDocument(file);
  const from =
    oldPassphraseFile === null
      ? await sealOf(readVaultKeys({ ...env, VAULT_KEY_SEAL: document.seal }).seal)
      : new PassphraseSeal({ path: oldPassphraseFile });
  const to = await sealOf(seal);
  // All that can go wrong while it is opened goes wrong now.
  await readKeyFile(file, from);
  const change = `${file}: seal ${from.name} → ${to.name}`;
  if (dry) {
    stdout.write(`${change} can be done.\n`);
    return 0;
  }
  const deed = { type: 'key.reseal', resource: `${from.name} to ${to.name}`, seal: from } as const;
  await audited(io, deed, () => resealKeys(file, from, to));
  stdout.write(
    `${change}. Restart the services with the new settings, and replace the copies of the file.\n`,
  );
  return 0;
}

const PROGRESS_STEP = 100_000;

/** Says on standard error how far a count is. */
function counting({ stderr }: CommandIo): (rows: number) => void {
  let next = PROGRESS_STEP;
  return (rows) => {
    if (rows < next) return;
    stderr.write(`${rows} cards counted …\n`);
    next = rows + PROGRESS_STEP;
  };
}

function now(): string {
  return timestamp(systemClock.now());
}

function misused({ stderr }: CommandIo): number {
  stderr.write(USAGE);
  return 2;
}
