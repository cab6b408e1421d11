import type { Audit } from '../audit/audit.js';
import { codeOf } from '../errors.js';
import type { Redis, RedisNode } from '../redis/redis.js';
import { parseRecord, type CardRecord } from './card-record.js';
import type { CardSealer } from './card-sealer.js';
import { NO_RECORD } from './envelope.js';
import { NAME_FIELDS, nameOf } from './name-fields.js';
import { LONGEST_S, recordEnds } from './retention.js';
import { keptAt, OPENED_S, rowKeys } from './row-keys.js';
import { DESTROY } from './token-scripts.js';
import type { Place, TokenStore } from './token-store.js';

/** What should never be found, and what becomes of it. */
export const FAULTS = {
  overdue: 'past its date: it is shredded',
  misdated: 'without an end, or with one after its date: it gets the right one',
  orphaned: 'a seal without the record that it is bound to: it is shredded',
  altered:
    'a record or a name that is not as it was sealed, or can not be read: it opens nothing, and is left',
  unknown: 'a key that nothing of ours has made: it is left',
} as const;
export type Fault = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as Fault[];

/** What was looked at; `unforgotten` are those `names` whose tokens have gone, of cards that a provider still keeps. */
export const KINDS = ['seals', 'records', 'fingerprints', 'names', 'unforgotten'] as const;
export type Findings = Record<(typeof KINDS)[number] | Fault, number>;

export const NOTHING_FOUND: Readonly<Findings> = {
  ...{ seals: 0, records: 0, fingerprints: 0, names: 0, unforgotten: 0 },
  ...{ overdue: 0, misdated: 0, orphaned: 0, altered: 0, unknown: 0 },
};

/** How many keys they are. */
export function seen({ seals, records, fingerprints, names }: Findings): number {
  return seals + records + fingerprints + names;
}

/** As an operator reads it. */
export function seenText({ seals, records, fingerprints, names, unforgotten }: Findings): string {
  const kept = `${seals} seals, ${records} records, ${fingerprints} fingerprints`;
  return names === 0 ? kept : `${kept}, ${names} cards at a provider (${unforgotten} to be forgotten)`;
}

/** Ends are set in whole seconds, and in layout 1 from when a put began. */
const SLACK_MS = 60_000;
/** Keys whose answers may come in one turn of the event loop, some 2 ms: frames of calls wait no longer. */
const AT_ONCE = 16;
/** PTTL of a key that has no end, and of one that is not there. */
const ENDLESS = -1;
const GONE = -2;

export interface InspectorOptions {
  redis: Redis;
  store: TokenStore;
  sealer: CardSealer;
  audit: Audit;
}

/**
 * Looks at whatever the vault has in Redis: that it has an end, that this is the one which its seal is bound to, and that
 * nothing is past it. Time is that of the server that holds the key, by whose clock it ends: a node whose clock is wrong
 * does no harm.
 */
export class VaultInspector {
  readonly #options: InspectorOptions;

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  async inspect(server: RedisNode, keys: readonly string[]): Promise<Findings> {
    const findings = { ...NOTHING_FOUND };
    const [seconds, micros] = (await server.command('TIME')) as string[];
    const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const some = keys.slice(at, at + AT_ONCE).map((key) => this.#inspectKey(key, now, findings));
      for (const fault of await Promise.all(some)) if (fault !== null) findings[fault]++;
    }
    return findings;
  }

  async #inspectKey(key: string, now: number, findings: Findings): Promise<Fault | null> {
    const kept = keptAt(key);
    if (kept === null) return 'unknown';
    if (kept.kind === 'sealed') {
      findings.seals++;
      return this.#inspectSeal(key, kept.place, now);
    }
    if (kept.kind === 'record') {
      findings.records++;
      return this.#inspectRecord(key, now);
    }
    if (kept.kind === 'name') return this.#inspectName(key, kept.place, now, findings);
    if (kept.kind === 'fingerprint') findings.fingerprints++;
    // It has no date of its own.
    const longest = kept.kind === 'fingerprint' ? LONGEST_S : OPENED_S;
    return this.#atItsEnd(key, now / 1000 + longest, now, () => this.#drop(key));
  }

  async #inspectRecord(key: string, now: number): Promise<Fault | null> {
    const text = await this.#options.redis.command('GET', key);
    if (text === null) return null;
    const record = readable(String(text));
    if (record === null) return 'altered';
    return this.#atItsEnd(key, recordEnds(record.expires), now, () => this.#drop(key));
  }

  /** Without a token it waits for its card to be forgotten, which is no fault; it ends with the record, if that is there. */
  async #inspectName(key: string, place: Place, now: number, findings: Findings): Promise<Fault | null> {
    const { redis, sealer } = this.#options;
    const { sealed, record } = rowKeys(place);
    const [held, token, text] = await Promise.all([
      redis.commandBuffer('HMGET', key, ...NAME_FIELDS),
      redis.command('EXISTS', sealed),
      redis.command('GET', record),
    ]);
    const fields = held as (Buffer | null)[];
    if (fields.every((field) => field === null)) return null;
    findings.names++;
    if (token === 0) findings.unforgotten++;
    const name = nameOf(fields);
    if (name === null || !(await sealer.isIntact(place, { record: NO_RECORD, sealed: name })))
      return 'altered';
    const bound = text === null ? null : readable(String(text));
    const end = bound === null ? now / 1000 + LONGEST_S : recordEnds(bound.expires);
    return this.#atItsEnd(key, end, now, () => this.#drop(key));
  }

  async #inspectSeal(key: string, place: Place, now: number): Promise<Fault | null> {
    const { store, sealer } = this.#options;
    const row = await store.get(place);
    if (row === null)
      return (await this.#isOrphaned(place)) && (await this.#shred(place)) ? 'orphaned' : null;
    const record = readable(row.record);
    if (record === null || !(await sealer.isIntact(place, row))) return 'altered';
    return this.#atItsEnd(key, record.expires, now, () => this.#shred(place));
  }

  /** Sees to it that a key ends by `date`, in seconds; what ends sooner is right. */
  async #atItsEnd(
    key: string,
    date: number,
    now: number,
    remove: () => Promise<boolean>,
  ): Promise<Fault | null> {
    const { redis } = this.#options;
    const left = Number(await redis.command('PTTL', key));
    if (left === GONE || (left !== ENDLESS && now + left <= date * 1000 + SLACK_MS)) return null;
    if (date * 1000 <= now) return (await remove()) ? 'overdue' : null;
    await redis.command('EXPIREAT', key, Math.ceil(date));
    return 'misdated';
  }

  async #isOrphaned(place: Place): Promise<boolean> {
    const { redis } = this.#options;
    const { sealed, record } = rowKeys(place);
    const [seal, text] = await Promise.all([
      redis.command('EXISTS', sealed),
      redis.command('EXISTS', record),
    ]);
    return seal === 1 && text === 0;
  }

  async #drop(key: string): Promise<boolean> {
    return (await this.#options.redis.command('UNLINK', key)) === 1;
  }

  /** False when it was gone already. */
  #shred(place: Place): Promise<boolean> {
    const { audit, redis } = this.#options;
    return audit.operation(
      'token.destroy',
      `${place.merchant}/row ${place.index.toString('hex').slice(0, 8)}`,
      async () => (await redis.run(DESTROY, [rowKeys(place).sealed], [])) === 1,
      (there) => ({ outcome: there ? 'done' : 'absent' }),
    );
  }
}

function readable(text: string): CardRecord | null {
  try {
    return parseRecord(text);
  } catch (error) {
    if (codeOf(error) === 'internal') return null;
    throw error;
  }
}
