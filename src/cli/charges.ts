import type { Audit } from '../audit/audit.js';
import { CaptureSettlements } from '../call/capture-settlements.js';
import { RedisRecords } from '../call/redis-records.js';
import { Registry } from '../call/registry.js';
import { holdsCardNumber } from '../card/card-like.js';
import { ChargeBook } from '../charge/charge-book.js';
import { isOpen, isUnsettled, openRefunds, type Answer } from '../charge/charge-steps.js';
import { ChargeStore } from '../charge/charge-store.js';
import type { ChargeRecord } from '../charge/charge.js';
import { systemClock, timestamp } from '../clock.js';
import { readPublicUrl, readVaultDurability } from '../config.js';
import { AppError } from '../errors.js';
import { MotoSums } from '../fraud/moto-sums.js';
import { silentLogger } from '../log.js';
import { createMetrics } from '../metrics.js';
import type { Durability } from '../redis/durability-level.js';
import type { RedisClient } from '../redis/redis-client.js';
import { isLoopback } from '../setting-reader.js';
import { AuditedVault } from '../vault/audited-vault.js';
import { CardVault } from '../vault/card-vault.js';
import type { KeyProvider } from '../vault/key-provider.js';
import { RedisTokenStore } from '../vault/redis-token-store.js';
import type { Command, CommandIo } from './command.js';
import { withOperatorTrail } from './operator-trail.js';
import { withServiceRedis } from './service-redis.js';
import { table } from './table.js';

/** More than this many unknown charges are a provider that is away: the first of them tell as much. */
const MAX_LISTED = 1_000;

const USAGE = `usage: npx tonewall charges unknown [--merchant NAME]
       npx tonewall charges show ID [--merchant NAME]
       npx tonewall charges settle ID --approved | --declined --reason TEXT [--merchant NAME]
`;

export const charges: Command = {
  name: 'charges',
  summary: 'shows charges that nobody knows the outcome of, and settles them',
  help: `
${USAGE}
  unknown           charges and refunds that are not settled yet, those in progress included; and charges of which the
                    provider is still to be asked whether more was given back
  show ID           all that is kept of one charge and its refunds, as JSON
  settle ID         writes the outcome of an unknown charge down, once you have looked it up at the provider
    --approved      the money was taken
    --declined      it was not, and never will be: void it at the provider first
    --reason TEXT   how you know; it goes to the audit trail with your name
  --merchant NAME   whose charges (default: default; for unknown: everybody's)

The service settles charges by itself, within a minute of the provider's return, and tries for a day. Only what is
left then is for you. An outcome that is written down can not be taken back.

Works on the Redis of REDIS_URL, or on the private one under DATA_DIR while the service runs.`,
  async run(args, io) {
    const words = [...args];
    const merchant = taken(words, '--merchant');
    const reason = taken(words, '--reason');
    const [action, id, outcome, ...rest] = words;
    if (rest.length > 0) return misused(io);
    if (action === 'unknown' && id === undefined) return unknown(io, merchant);
    if (action === 'show' && id !== undefined && outcome === undefined)
      return show(io, merchant ?? 'default', id);
    if (action === 'settle' && id !== undefined && reason !== undefined) {
      if (outcome === '--approved' || outcome === '--declined') {
        return settle(io, { merchant: merchant ?? 'default', id, outcome, reason });
      }
    }
    return misused(io);
  },
};

/** The word after an option, both taken out. */
function taken(words: string[], option: string): string | undefined {
  const at = words.indexOf(option);
  return at < 0 ? undefined : words.splice(at, 2)[1];
}

function misused({ stderr }: CommandIo): number {
  stderr.write(USAGE);
  return 2;
}

async function unknown(io: CommandIo, merchant: string | undefined): Promise<number> {
  return withServiceRedis(io, async (redis) => {
    const store = storeOf(redis, io.env);
    const names = (await store.unsettled.list(MAX_LISTED)).filter(
      (name) => merchant === undefined || name.merchant === merchant,
    );
    const records = await Promise.all(
      names.map((name) => store.get(name.merchant, name.id).catch(() => null)),
    );
    const rows = names.flatMap(({ refunds = false }, at) => {
      const record = records[at] ?? null;
      // What is listed for both is shown once.
      return record === null || (refunds && isUnsettled(record)) ? [] : [rowOf(record)];
    });
    if (rows.length === 0) io.stdout.write('every charge is settled\n');
    else io.stdout.write(table(HEADINGS, rows));
    return 0;
  });
}

const HEADINGS = ['charge', 'state', 'since', 'amount', 'reference', 'provider reference', 'merchant'];

function rowOf(record: ChargeRecord): string[] {
  const { merchant, state, since, view } = record;
  const giving = openRefunds(record).length;
  const told = isUnsettled(record) ? state : `${state}, refunds to be compared`;
  return [
    view.id,
    giving > 0 ? `${state}, ${giving} refunds unknown` : told,
    timestamp(since),
    `${view.amount} ${view.currency}`,
    view.reference ?? '-',
    view.provider_reference ?? '-',
    merchant,
  ];
}

async function show(io: CommandIo, merchant: string, id: string): Promise<number> {
  return withServiceRedis(io, async (redis) => {
    const { idempotency: _digest, refunds, ...record } = await storeOf(redis, io.env).get(merchant, id);
    const shown = { ...record, refunds: refunds.map(({ idempotency: _asked, ...refund }) => refund) };
    io.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
    return 0;
  });
}

interface Settling {
  merchant: string;
  id: string;
  outcome: '--approved' | '--declined';
  reason: string;
}

async function settle(io: CommandIo, { merchant, id, outcome, reason }: Settling): Promise<number> {
  return withServiceRedis(io, (redis) =>
    withOperatorTrail(io, async (audit, keys) => {
      const store = storeOf(redis, io.env);
      if (holdsCardNumber(reason))
        throw new AppError('bad_request', '--reason: card numbers are not taken here');
      const record = await store.get(merchant, id);
      if (!isOpen(record)) throw new AppError('bad_request', `this charge is settled: ${record.state}`);
      if (record.state !== 'unknown') {
        throw new AppError(
          'bad_request',
          'this charge is in progress, or about to be looked up: wait a minute',
        );
      }
      const answer = answerOf(record, outcome);
      const live = !isLoopback(readPublicUrl(io.env));
      const durability = readVaultDurability(io.env);
      await audit.operation('charge.settle', `${merchant}/${id} ${outcome.slice(2)}: ${reason}`, () =>
        writeDown(record, answer, { redis, store, keys, audit, live, durability }),
      );
      io.stdout.write(`${id} is ${outcome.slice(2)}\n`);
      return 0;
    }),
  );
}

function answerOf({ view }: ChargeRecord, outcome: Settling['outcome']): Answer {
  const providerReference = view.provider_reference ?? '';
  if (outcome === '--declined')
    return { status: 'declined', code: 'processing_error', providerReference: null };
  return {
    ...{ status: 'approved', providerReference, networkTransactionId: null, codeCheck: null },
    ...{ networks: null, network: null, money: null, card: null, stored: null },
  };
}

interface Means {
  redis: RedisClient;
  store: ChargeStore;
  keys: KeyProvider;
  audit: Audit;
  live: boolean;
  durability: Durability;
}

/** As the service would: with its capture, its card and its event, at once. The service's relay sends the event. */
async function writeDown(record: ChargeRecord, answer: Answer, means: Means): Promise<void> {
  const { store, audit, ...rest } = means;
  const shared = { ...rest, clock: systemClock, log: silentLogger, metrics: createMetrics() };
  const tokens = new RedisTokenStore(shared);
  const vault = new AuditedVault(new CardVault({ ...shared, store: tokens, ttlDays: 1 }), audit);
  const sums = new MotoSums({ ...shared, limits: {} });
  const records = new RedisRecords(means.redis, 'operator');
  const settlements = new CaptureSettlements({ ...shared, records, registry: new Registry(systemClock) });
  // An operator's word is no bank's: it counts against nobody.
  const limits = { declined: () => Promise.resolve() };
  const outbox = { nudge: () => {} };
  const book = new ChargeBook({ ...shared, sums, limits, settlements, store, vault, outbox });
  try {
    const { merchant, captureId, token: name } = record;
    const inCapture = captureId !== null;
    const kept = inCapture && answer.status === 'approved' ? name : null;
    const token = kept === null ? null : await vault.token(merchant, kept);
    await book.close(record, answer, (charge) => (inCapture ? settlements.conclude(charge, token) : null));
  } finally {
    tokens.close();
  }
}

function storeOf(redis: RedisClient, env: CommandIo['env']): ChargeStore {
  return new ChargeStore({ redis, durability: readVaultDurability(env), clock: systemClock });
}
