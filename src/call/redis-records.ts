import { createHash } from 'node:crypto';
import { AppError } from '../errors.js';
import { isId } from '../id.js';
import { KEY_PREFIX, slotOf, type SlotWrite } from '../redis/keys.js';
import type { Redis, RedisReply, Script } from '../redis/redis.js';
import { SLOT_ENTRY_LUA, slotEntryArguments, slotEntryKeys } from '../redis/slot-entry.js';
import type { Consent } from '../vault/vault.js';
import type { CaptureQuery } from './calls.js';
import type { CallRecord, CaptureRecord } from './events.js';
import { NODE_TTL_SECONDS, type CaptureStep, type Orphan, type Records } from './records.js';

/** 13 months: what a dispute may need (`single` cards are gone long before). */
const KEEP_SECONDS = 400 * 86_400;
/** How many of the newest calls can be listed. */
const RECENT_CALLS = 500;

/** The carrier's name of a leg. */
const CALL_SID = /^CA[0-9a-f]{32}$/;

/** Those who change one capture at once are few: its link's pages, messages, provider. */
const MAX_RACES = 20;

/**
 * KEYS: the slot entry's, of which the record is the first. ARGV: the slot entry's, the record as it was read, as it
 * becomes. Gives 1 once it is so; 0 when it was changed by somebody else.
 */
const CHANGE: Script = {
  name: 'record-change',
  lua: `${SLOT_ENTRY_LUA}
local now = redis.call('GET', KEYS[appends + 1])
if now == ARGV[more_args + 1] then return 1 end
if now ~= ARGV[more_args] then return 0 end
announce()
return 1`,
};

const NODES = `${KEY_PREFIX}n:nodes`;

/** Calls and captures as JSON under the slot of their id; indexes per merchant stand apart and are written first. */
export class RedisRecords implements Records {
  readonly #redis: Redis;
  readonly #node: string;

  constructor(redis: Redis, node: string) {
    this.#redis = redis;
    this.#node = node;
  }

  writeOf(record: CallRecord | CaptureRecord): SlotWrite {
    return write(record.merchant, record.view.id, record);
  }

  async keepCall(record: CallRecord): Promise<void> {
    const { merchant, view } = record;
    const { key, value, ttlSeconds } = this.writeOf(record);
    const calls = index(merchant, 'calls');
    const legs = [view.caller, view.agent].filter((leg) => leg !== null);
    // All at once: one connection carries them in this order, and a later state of the call comes later.
    await Promise.all([
      this.#redis.command('SET', key, value, 'EX', ttlSeconds),
      this.#redis.command('ZADD', calls, Date.parse(view.started_at), view.id),
      this.#redis.command('ZREMRANGEBYRANK', calls, 0, -RECENT_CALLS - 1),
      this.#owner(merchant, view.id),
      ...legs.map(({ call_sid }) =>
        this.#redis.command('SET', sidKey(merchant, call_sid), view.id, 'EX', KEEP_SECONDS),
      ),
    ]);
  }

  async openCapture({ merchant, view }: CaptureRecord): Promise<void> {
    const created = Date.parse(view.created_at);
    for (const key of [index(merchant, 'captures'), referenceIndex(merchant, view.reference)]) {
      if (key === null) continue;
      await this.#redis.command('ZADD', key, 0, dated(created, view.id));
      await this.#redis.command('ZREMRANGEBYLEX', key, '-', `(${dated(created - KEEP_SECONDS * 1000, '')}`);
      await this.#redis.command('EXPIRE', key, KEEP_SECONDS);
    }
    await this.#owner(merchant, view.id);
  }

  consentWrites(merchant: string, captureId: string, consent: Consent | null): SlotWrite[] {
    if (consent === null) return [];
    const key = consentKey(merchant, captureId);
    return [{ key, value: JSON.stringify(consent), ttlSeconds: KEEP_SECONDS }];
  }

  async consent(merchant: string, captureId: string): Promise<Consent | null> {
    const text = await this.#redis.command('GET', consentKey(merchant, captureId));
    return typeof text === 'string' ? (JSON.parse(text) as Consent) : null;
  }

  async close(merchant: string, id: string): Promise<void> {
    await this.#redis.command('SREM', ownedKey(this.#node), `${merchant} ${id}`);
  }

  async call(merchant: string, idOrSid: string): Promise<CallRecord | null> {
    const id = CALL_SID.test(idOrSid) ? await this.#redis.command('GET', sidKey(merchant, idOrSid)) : idOrSid;
    return this.#read<CallRecord>(merchant, 'call_', id);
  }

  async recentCalls(merchant: string, limit: number): Promise<CallRecord[]> {
    const ids = strings(await this.#redis.command('ZREVRANGE', index(merchant, 'calls'), 0, limit - 1));
    const records = await Promise.all(ids.map((id) => this.#read<CallRecord>(merchant, 'call_', id)));
    return records.filter((record) => record !== null);
  }

  async capture(merchant: string, id: string): Promise<CaptureRecord | null> {
    return this.#read<CaptureRecord>(merchant, 'cap_', id);
  }

  async changeCapture(merchant: string, id: string, step: CaptureStep): Promise<CaptureRecord | null> {
    for (let race = 0; race < MAX_RACES; race++) {
      const before = await this.capture(merchant, id);
      if (before === null) return null;
      const change = step(before);
      if (change === null) return before;
      const { record, events = [], writes = [] } = change;
      const own = this.writeOf(record);
      const entry = { slot: slotOf(merchant, id), events, writes: [own, ...writes] };
      const args = [...slotEntryArguments(entry), this.writeOf(before).value, own.value];
      if ((await this.#redis.run(CHANGE, slotEntryKeys(entry), args)) === 1) return record;
    }
    throw new AppError('redis_unavailable', 'too many change this capture at once; try again');
  }

  /** Newest first. The cursor is the last member of the page before. */
  async captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureRecord[]; cursor: string | null }> {
    const key = referenceIndex(merchant, query.reference) ?? index(merchant, 'captures');
    const newest = query.cursor === null ? '+' : `(${memberOf(query.cursor)}`;
    const oldest = query.since === null ? '-' : `[${dated(Date.parse(query.since), '')}`;
    const page = await this.#redis.command(
      'ZREVRANGEBYLEX',
      key,
      newest,
      oldest,
      'LIMIT',
      0,
      query.limit + 1,
    );
    const members = strings(page);
    const shown = members.slice(0, query.limit);
    const records = await Promise.all(
      shown.map((member) => this.#read<CaptureRecord>(merchant, 'cap_', idOf(member))),
    );
    const last = members.length > query.limit ? shown.at(-1) : undefined;
    return {
      captures: records.filter((record) => record !== null),
      cursor: last === undefined ? null : Buffer.from(last).toString('base64url'),
    };
  }

  async beat(): Promise<void> {
    await this.#redis.command('SADD', NODES, this.#node);
    await this.#redis.command('SET', aliveKey(this.#node), 1, 'EX', NODE_TTL_SECONDS);
  }

  async orphans(): Promise<Orphan[]> {
    const orphans: Orphan[] = [];
    for (const node of strings(await this.#redis.command('SMEMBERS', NODES))) {
      if (node === this.#node || (await this.#redis.command('EXISTS', aliveKey(node))) === 1) continue;
      const members = strings(await this.#redis.command('SMEMBERS', ownedKey(node)));
      if (members.length === 0) await this.#redis.command('SREM', NODES, node);
      for (const member of members) {
        const [merchant = '', id = ''] = member.split(' ');
        orphans.push({ node, merchant, id });
      }
    }
    return orphans;
  }

  async buried({ node, merchant, id }: Orphan): Promise<void> {
    await this.#redis.command('SREM', ownedKey(node), `${merchant} ${id}`);
  }

  /** A node is known, and lives, from the first thing that it owns: it may die before its first beat. */
  async #owner(merchant: string, id: string): Promise<void> {
    await Promise.all([
      this.#redis.command('SET', aliveKey(this.#node), 1, 'EX', NODE_TTL_SECONDS, 'NX'),
      this.#redis.command('SADD', NODES, this.#node),
      this.#redis.command('SADD', ownedKey(this.#node), `${merchant} ${id}`),
    ]);
  }

  /** Only what is an id of ours is looked up: any other text, a card number perhaps, would stand in a key. */
  async #read<T>(merchant: string, prefix: 'call_' | 'cap_', id: RedisReply): Promise<T | null> {
    if (typeof id !== 'string' || !isId(prefix, id)) return null;
    const text = await this.#redis.command('GET', recordKey(merchant, id));
    return typeof text === 'string' ? (JSON.parse(text) as T) : null;
  }
}

function write(merchant: string, id: string, record: CallRecord | CaptureRecord): SlotWrite {
  return { key: recordKey(merchant, id), value: JSON.stringify(record), ttlSeconds: KEEP_SECONDS };
}

function recordKey(merchant: string, id: string): string {
  return `${KEY_PREFIX}c:${slotOf(merchant, id)}:${id}`;
}

function consentKey(merchant: string, captureId: string): string {
  return `${recordKey(merchant, captureId)}:consent`;
}

function index(merchant: string, what: 'calls' | 'captures'): string {
  return `${KEY_PREFIX}i:{${merchant}}:${what}`;
}

/** A reference is the CRM's text: its hash stands in the key's name. */
function referenceIndex(merchant: string, reference: string | null): string | null {
  if (reference === null) return null;
  const hash = createHash('sha256').update(reference).digest('base64url');
  return `${KEY_PREFIX}i:{${merchant}}:ref:${hash}`;
}

function sidKey(merchant: string, sid: string): string {
  return `${KEY_PREFIX}i:{${merchant}}:sid:${sid}`;
}

function aliveKey(node: string): string {
  return `${KEY_PREFIX}n:alive:${node}`;
}

function ownedKey(node: string): string {
  return `${KEY_PREFIX}n:owned:${node}`;
}

/** Members of an index sort by time, then id: with one score they page without gaps or doubles. */
function dated(ms: number, id: string): string {
  return `${String(Math.max(ms, 0)).padStart(15, '0')} ${id}`;
}

function idOf(member: string): string {
  return member.slice(member.indexOf(' ') + 1);
}

/** Throws AppError `bad_request` for what can't be a cursor of ours. */
function memberOf(cursor: string): string {
  const member = Buffer.from(cursor, 'base64url').toString();
  if (/^00\d{13} /.test(member) && isId('cap_', idOf(member))) return member;
  throw new AppError('bad_request', 'cursor is not one that this list gave');
}

function strings(reply: RedisReply): string[] {
  return Array.isArray(reply) ? reply.filter((item) => typeof item === 'string') : [];
}
