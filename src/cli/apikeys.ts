import { isMerchant, isPrincipal, MAX_UNUSED_DAYS, stateOf } from '../access/api-key-record.js';
import { ApiKeyRegister, type Grant, type IssuedApiKey } from '../access/api-key-register.js';
import { isScope, SCOPE_MEANINGS, SCOPES, type Scope } from '../access/scope.js';
import { systemClock, timestamp } from '../clock.js';
import { AppError } from '../errors.js';
import { commandWords } from './command-words.js';
import type { Command, CommandIo } from './command.js';
import { audited } from './operator-trail.js';
import { withServiceRedis } from './service-redis.js';
import { table } from './table.js';

const USAGE = `usage: npx tonewall apikeys create --principal NAME --scopes A,B [--merchant NAME] [--expires WHEN]
       npx tonewall apikeys list [--json]
       npx tonewall apikeys rotate | revoke | enable ID
`;

export const apikeys: Command = {
  name: 'apikeys',
  summary: 'gives out, rotates and revokes the keys of the API',
  help: `
${USAGE}
  create        a key for a person or a program. It is written to standard output, this once and nothing else:
                only its hash is kept
  list          every key: its id, whose it is, what it may do, when it was last used (to the hour)
  rotate ID     a second key with the same rights. The first stays valid: give the second to who uses it, wait until
                list shows no more use of the first, then revoke that. A principal has two valid keys at most
  revoke ID     refused from the next request on, by every node, for good
  enable ID     takes a key back into use that was disabled: ${MAX_UNUSED_DAYS} days without use do that

  --principal NAME   who uses it: a-z, 0-9 and . @ + _ -, 64 at most
  --merchant NAME    whose calls, captures, tokens and events it sees (default: default)
  --scopes A,B       what it may do:
${SCOPES.map((scope) => `                       ${scope.padEnd(16)}${SCOPE_MEANINGS[scope]}`).join('\n')}
  --expires WHEN     days from now (90d), a date (2027-06-30), or a time in RFC 3339; never when left out
  --json             for programs

Works on the Redis of REDIS_URL, or on the private one under DATA_DIR while the service runs. Each change is an entry
of the audit trail under DATA_DIR, which needs VAULT_KEY_FILE.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.

example: npx tonewall apikeys create --principal crm --scopes captures:write,captures:read > crm.key`,
  async run(args, io) {
    const asked = parsed(args);
    if (asked === null) return misused(io);
    const { action, id } = asked;
    if ((id !== null) !== ['rotate', 'revoke', 'enable'].includes(action)) return misused(io);
    switch (action) {
      case 'create': {
        const grant = grantOf(asked);
        const { principal, merchant } = grant;
        const deed = { type: 'apikey.create', resource: `${merchant}/${principal}`, made } as const;
        return withRegister(io, async (register) =>
          issued(await audited(io, deed, () => register.create(grant)), io),
        );
      }
      case 'list':
        return withRegister(io, (register) => list(register, asked.json, io));
      case 'rotate':
        return withRegister(io, async (register) => {
          const code = issued(
            await audited(io, { ...of('apikey.rotate', id), made }, () => register.rotate(id ?? '')),
            io,
          );
          io.stderr.write(`Next: once nothing uses the old one, npx tonewall apikeys revoke ${id}\n`);
          return code;
        });
      case 'revoke':
        return withRegister(io, async (register) => {
          const revoked = await audited(io, of('apikey.revoke', id), () => register.revoke(id ?? ''));
          return done(revoked, 'is revoked', io);
        });
      case 'enable':
        return withRegister(io, async (register) => {
          const enabled = await audited(io, of('apikey.enable', id), () => register.enable(id ?? ''));
          return done(enabled, 'is active', io);
        });
      default:
        return misused(io);
    }
  },
};

function of<Type extends string>(type: Type, id: string | null): { type: Type; resource: string } {
  return { type, resource: id ?? '' };
}

function made({ record }: IssuedApiKey): string {
  return `${record.merchant}/${record.principal} ${record.id}`;
}

interface Asked {
  action: string;
  id: string | null;
  json: boolean;
  principal: string;
  merchant: string;
  scopes: string;
  expires: string | null;
}

function parsed(args: readonly string[]): Asked | null {
  const words = commandWords(args, {
    principal: { type: 'string' },
    merchant: { type: 'string' },
    scopes: { type: 'string' },
    expires: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (words === null) return null;
  const { action, word: id, values } = words;
  const { json = false, ...grant } = values;
  if (json && action !== 'list') return null;
  if (action !== 'create' && Object.keys(grant).length > 0) return null;
  const { principal = '', merchant = 'default', scopes = '', expires = null } = grant;
  return { action, id, json, principal, merchant, scopes, expires };
}

/** Throws AppError `bad_request` that says which word is wrong. */
function grantOf({ principal, merchant, scopes, expires }: Asked): Grant {
  if (!isPrincipal(principal)) {
    throw wrong('--principal is needed: a-z, 0-9 and . @ + _ -, 64 at most, as in --principal crm');
  }
  if (!isMerchant(merchant)) {
    throw wrong('--merchant takes the name that flows give it: a-z, 0-9, - and _, 64 at most');
  }
  return { principal, merchant, scopes: scopesOf(scopes), expires: expires === null ? null : endOf(expires) };
}

function scopesOf(text: string): Scope[] {
  const words = text.split(',').map((word) => word.trim());
  const scopes = words.filter(isScope);
  if (scopes.length < words.length) throw wrong(`--scopes takes one or more of ${SCOPES.join(',')}`);
  return SCOPES.filter((scope) => scopes.includes(scope));
}

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** When a key ends, in ms. A date alone is midnight UTC at its beginning. */
function endOf(text: string): number {
  const days = /^(\d{1,4})d$/.exec(text)?.[1];
  const end = days === undefined ? (DATE.test(text) ? Date.parse(text) : Number.NaN) : Number(days) * DAY_MS;
  const at = days === undefined ? end : systemClock.now() + end;
  if (!(at > systemClock.now())) {
    throw wrong('--expires is a time to come: 90d, a date as 2027-06-30, or a time as 2027-06-30T12:00:00Z');
  }
  return at;
}

/** The key alone goes to standard output: it can be sent into a file or a secret store. */
function issued({ apiKey, record }: IssuedApiKey, { stdout, stderr }: CommandIo): number {
  const { id, principal, merchant, scopes, expires } = record;
  const end = expires === null ? '' : `, until ${timestamp(expires)}`;
  stdout.write(`${apiKey}\n`);
  stderr.write(
    `${id} for ${principal} of merchant ${merchant}: ${scopes.join(', ')}${end}.\n` +
      'The key is shown this once. Keep it as you would a password.\n',
  );
  return 0;
}

function done(
  { id, principal, merchant }: Grant & { id: string },
  what: string,
  { stderr }: CommandIo,
): number {
  stderr.write(`${id} of ${principal}, merchant ${merchant}, ${what}.\n`);
  return 0;
}

const HEADINGS = ['ID', 'PRINCIPAL', 'MERCHANT', 'STATE', 'CREATED', 'LAST USED', 'EXPIRES', 'SCOPES'];

async function list(register: ApiKeyRegister, json: boolean, { stdout }: CommandIo): Promise<number> {
  const shown = (await register.list()).map((record) => {
    const { id, principal, merchant, scopes, created, used, expires } = record;
    return {
      ...{ id, principal, merchant, state: stateOf(record, systemClock.now()), scopes },
      ...{ created: timestamp(created), last_used: timeOf(used), expires: timeOf(expires) },
    };
  });
  if (json) stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else {
    const rows = shown.map(({ id, principal, merchant, state, scopes, created, last_used, expires }) => [
      ...[id, principal, merchant, state, minute(created)],
      ...[last_used === null ? 'never' : minute(last_used), expires === null ? 'never' : minute(expires)],
      scopes.join(','),
    ]);
    stdout.write(table(HEADINGS, rows));
  }
  return 0;
}

function timeOf(ms: number | null): string | null {
  return ms === null ? null : timestamp(ms);
}

/** `2026-11-22 10:15Z`: as much of a time as a table has room for. */
function minute(time: string): string {
  return `${time.slice(0, 16).replace('T', ' ')}Z`;
}

function withRegister(io: CommandIo, work: (register: ApiKeyRegister) => Promise<number>): Promise<number> {
  return withServiceRedis(io, async (redis) => work(new ApiKeyRegister(redis, systemClock)));
}

function misused({ stderr }: CommandIo): number {
  stderr.write(USAGE);
  return 2;
}

function wrong(message: string): AppError {
  return new AppError('bad_request', message);
}
