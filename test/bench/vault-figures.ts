import { randomBytes } from 'node:crypto';
import { KEY_PREFIX } from '../../src/redis/keys.js';
import { CardSealer } from '../../src/vault/card-sealer.js';
import { rotateKeys } from '../../src/vault/key-changes.js';
import { plainSeal } from '../../src/vault/plain-seal.js';
import { RewrapLedger } from '../../src/vault/rewrap-ledger.js';
import { Rewrapper } from '../../src/vault/rewrapper.js';
import type { Vault } from '../../src/vault/vault.js';
import { MemoryAudit } from '../support/audit.js';
import { cardRequest } from '../support/card-request.js';
import { after, atRate, flatOut, type Pace, type Work } from './pace.js';
import { UNSEEN, type VaultWorld } from './vault-world.js';

/** Puts beside plain `SET`s of as many bytes. */
export interface Puts {
  audited: Pace;
  unaudited: Pace;
  set: Pace;
}

/** What a row, its record and its fingerprint take up in Redis, in bytes for each card. */
export interface Size {
  /** By `MEMORY USAGE` of each key. */
  keys: number;
  /** By what the whole server grew, fragmentation left out. */
  server: number;
  /** Of these bytes, what the service itself wrote: names of keys and values. */
  written: number;
}

export interface Rewrapped {
  /** That had another version when it began; those that were put beside it are only looked at. */
  records: number;
  seconds: number;
  failed: number;
  puts: Pace;
  reads: Pace;
}

const READ_RATE = 100;
const SHOP = 'shop';
const TOKENS_KEPT = 10_000;
const SIZED = 2_000;
const BATCH = 500;

function putsOf({ tokens }: VaultWorld, vault: Vault): Work {
  return async (n) => {
    const { token } = await vault.tokenize(cardRequest(n % 256));
    if (tokens.length < TOKENS_KEPT) tokens.push(token);
  };
}

export async function putFigures(
  world: VaultWorld,
  bytes: number,
  atOnce: number,
  seconds: number,
): Promise<Puts> {
  const set = await flatOut(setsOf(world, bytes), atOnce, seconds);
  const unaudited = await flatOut(putsOf(world, world.unaudited), atOnce, seconds);
  return { set, unaudited, audited: await flatOut(putsOf(world, world.vault), atOnce, seconds) };
}

export async function pacedFigures(
  world: VaultWorld,
  bytes: number,
  rate: number,
  seconds: number,
): Promise<Puts> {
  const set = await atRate(setsOf(world, bytes), rate, after(seconds));
  const unaudited = await atRate(putsOf(world, world.unaudited), rate, after(seconds));
  return { set, unaudited, audited: await atRate(putsOf(world, world.vault), rate, after(seconds)) };
}

/** Cards on their way to a provider: with `read` from Redis on, without it the opening alone. */
export async function openFigures(world: VaultWorld, read: boolean, seconds: number): Promise<Pace> {
  const { keys, store, places } = world;
  const rows = await Promise.all(places.slice(0, 256).map((place) => store.get(place)));
  const sealer = new CardSealer(keys);
  const open = async (n: number): Promise<void> => {
    const place = turn(places, n % rows.length);
    const row = read ? await store.get(place) : turn(rows, n);
    if (row === null) throw new RangeError('a row is gone');
    const { instrument } = await sealer.open(place, row);
    if (instrument.kind === 'card') instrument.card.number.wipe();
  };
  return flatOut(open, 32, seconds);
}

/** Of cards that are put now, into an empty Redis: each is another card, of one merchant. */
export async function sizeOf(world: VaultWorld): Promise<Size> {
  const { admin } = world.server;
  const used = await usedBytes(world);
  for (let n = 0; n < SIZED; n++) await putsOf(world, world.unaudited)(n);
  const grown = (await usedBytes(world)) - used;
  let keys = 0;
  let written = 0;
  for (const key of await keysOf(world)) {
    keys += Number(await admin.call('MEMORY', 'USAGE', key, 'SAMPLES', '0'));
    written += key.length + (await valueBytes(world, key));
  }
  return { keys: keys / SIZED, server: grown / SIZED, written: written / SIZED };
}

/** A rotation of so many records with puts and reads beside it, to the end of it. */
export async function rewrapFigures(
  world: VaultWorld,
  records: number,
  putRate: number,
  told: (doing: string) => void,
): Promise<Rewrapped> {
  const { keys, keyFile, redis, tokens, vault } = world;
  const put = putsOf(world, vault);
  const fill = putsOf(world, world.unaudited);
  while (world.count() < records) {
    told(`filling: ${world.count()} of ${records} records`);
    const missing = Math.min(BATCH, records - world.count());
    await Promise.all(Array.from({ length: missing }, (_, n) => fill(n)));
  }
  const ledger = new RewrapLedger(redis);
  const rewrapper = new Rewrapper({ redis, keys, node: 'bench', audit: new MemoryAudit(), ...UNSEEN });
  keys.start(() => Promise.resolve());
  const target = await rotateKeys(keyFile, plainSeal, new Date().toISOString());
  const old = world.count();
  const began = performance.now();
  let seconds = NaN;
  rewrapper.start();
  const over = () => !Number.isNaN(seconds);
  const puts = atRate(put, putRate, over);
  const read = async (n: number): Promise<void> => {
    if ((await vault.token(SHOP, turn(tokens, n))) === null) throw new RangeError('a token is gone');
  };
  const reads = atRate(read, READ_RATE, over);
  for (let done = false; !done;) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const state = await ledger.read();
    told(`rewrapping: ${state.scanned} of ${records} records`);
    done = state.target === target && state.done === state.round;
  }
  seconds = (performance.now() - began) / 1_000;
  const measured = { puts: await puts, reads: await reads };
  await rewrapper.stop();
  const { failed } = await ledger.read();
  return { records: old, seconds, failed, ...measured };
}

/** One after the other, and again from the first. */
function turn<T>(list: readonly T[], n: number): T {
  const item = list[n % list.length];
  if (item === undefined) throw new RangeError('there is none yet');
  return item;
}

function setsOf({ redis }: VaultWorld, bytes: number): Work {
  const value = randomBytes(bytes);
  return (n) => redis.command('SET', `${KEY_PREFIX}bench:${n % 1_000}`, value);
}

async function keysOf({ server }: VaultWorld): Promise<string[]> {
  const lists = await Promise.all(['v', 'f'].map((part) => server.admin.keys(`${KEY_PREFIX}${part}:*`)));
  return lists.flat();
}

async function valueBytes({ server }: VaultWorld, key: string): Promise<number> {
  const { admin } = server;
  if ((await admin.type(key)) !== 'hash') return admin.strlen(key);
  const fields = Object.entries(await admin.hgetallBuffer(key));
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

async function usedBytes({ server }: VaultWorld): Promise<number> {
  return Number(/used_memory_dataset:(\d+)/.exec(await server.admin.info('memory'))?.[1]);
}
