import { z } from 'zod';
import { BRANDS, type Brand } from '../card/brands.js';
import type { Network } from '../card/networks.js';
import { AppError } from '../errors.js';
import { DURABILITY_LEVELS, type Durability } from '../redis/durability-level.js';
import { PURPOSES, type Channel, type Consent, type Purpose, type Usage } from './vault.js';

/** What is left of a card when its seal has gone: enough to reconcile payments, nothing to make one. */
export interface CardRecord {
  brand: Brand;
  last4: string;
  exp_month: number;
  exp_year: number;
  networks: readonly Network[] | null;
  chosen_network: Network | null;
  /** The name outside, without its prefix. */
  fingerprint: string;
  purpose: Purpose;
  usage: Usage;
  channel: Channel;
  /** Milliseconds since the epoch. */
  created: number;
  /** When the seal goes: seconds since the epoch. */
  expires: number;
  /** Where the row was, at the least, when its token was given out. */
  durability: Durability;
  consent: Consent | null;
  metadata: Readonly<Record<string, string>>;
}

/** A letter for each word. None ever changes its meaning: records are kept for years. */
const LETTERS = {
  brand: {
    ...{
      visa: 'v',
      mastercard: 'm',
      amex: 'a',
      discover: 'd',
      diners: 'n',
      jcb: 'j',
      unionpay: 'u',
      maestro: 'o',
    },
    ...{
      elo: 'e',
      hipercard: 'h',
      troy: 't',
      verve: 'r',
      rupay: 'p',
      mir: 'i',
      dankort: 'k',
      bancontact: 'b',
    },
  },
  network: { cartes_bancaires: 'c', visa: 'v', mastercard: 'm' },
  purpose: { single: 'o', saved: 's', subscription: 'p', dispute: 'd' },
  usage: { once: 'o', many: 'm' },
  channel: { moto_attended: 'a', moto_ivr: 'i', ecommerce: 'e' },
  durability: { local: 'l', replica: 'r', 'replica-fsync': 'f' },
} as const satisfies Letters;

type Letters = { network: Record<Network, string> } & {
  [Member in 'brand' | 'purpose' | 'usage' | 'channel' | 'durability']: Record<CardRecord[Member], string>;
};

/** How names of fingerprints began in layout 1. */
const PREFIX = /^fpr_/;

/** As kept in layout 1: every token could be charged many times. */
const named = z
  .strictObject({
    brand: z.enum(BRANDS),
    last4: z.string(),
    exp_month: z.number(),
    exp_year: z.number(),
    fingerprint: z.string().regex(PREFIX),
    purpose: z.enum(PURPOSES),
    channel: z.enum(['moto_attended', 'moto_ivr', 'ecommerce']),
    created: z.number(),
    expires: z.number(),
    durability: z.enum(DURABILITY_LEVELS),
    consent: z.strictObject({ at: z.string(), wording: z.string() }).nullable(),
    metadata: z.record(z.string(), z.string()),
  })
  .transform((members): CardRecord => ({
    ...members,
    fingerprint: members.fingerprint.replace(PREFIX, ''),
    usage: 'many',
    networks: null,
    chosen_network: null,
  }));

/**
 * As kept since layout 2: each member in its place, as names would be half of it; letters and last four, year and
 * month, the fingerprint, both times, and then what there is of consent, metadata, networks and the chosen one.
 */
const placed = z
  .tuple([
    z.string().regex(/^[a-z]{5}\d{4}$/),
    z.number(),
    z.string(),
    z.number(),
    z.number(),
    z.tuple([z.string(), z.string()]).nullable().default(null),
    z.record(z.string(), z.string()).default({}),
    z.string().default(''),
    z.string().nullable().default(null),
  ])
  .transform(
    ([face, expiry, fingerprint, created, expires, consent, metadata, networks, chosen]): CardRecord => {
      const [brand = '', purpose = '', usage = '', channel = '', durability = ''] = face;
      return {
        brand: wordOf('brand', brand),
        ...{
          last4: face.slice(-4),
          exp_month: expiry % 100,
          exp_year: Math.floor(expiry / 100),
          fingerprint,
        },
        purpose: wordOf('purpose', purpose),
        usage: wordOf('usage', usage),
        channel: wordOf('channel', channel),
        ...{ created, expires, durability: wordOf('durability', durability) },
        ...{ consent: consent && { at: consent[0], wording: consent[1] }, metadata },
        networks: networks === '' ? null : Array.from(networks, (letter) => wordOf('network', letter)),
        chosen_network: chosen === null ? null : wordOf('network', chosen),
      };
    },
  );

/** A record as Redis holds it. */
export function recordText(record: CardRecord): string {
  const { consent, metadata, networks, chosen_network } = record;
  const letters = [
    LETTERS.brand[record.brand],
    LETTERS.purpose[record.purpose],
    LETTERS.usage[record.usage],
    LETTERS.channel[record.channel],
    LETTERS.durability[record.durability],
  ];
  const always = [
    letters.join('') + record.last4,
    record.exp_year * 100 + record.exp_month,
    ...[record.fingerprint, record.created, record.expires],
  ];
  const perhaps = [
    consent && [consent.at, consent.wording],
    metadata,
    networks?.map((network) => LETTERS.network[network]).join('') ?? '',
    chosen_network && LETTERS.network[chosen_network],
  ];
  const isThere = [
    consent !== null,
    Object.keys(metadata).length > 0,
    networks !== null,
    chosen_network !== null,
  ];
  return JSON.stringify([...always, ...perhaps.slice(0, isThere.lastIndexOf(true) + 1)]);
}

/** Reads a record as Redis holds it. Throws AppError `internal`, which repeats nothing of it. */
export function parseRecord(text: string): CardRecord {
  try {
    const members: unknown = JSON.parse(text);
    return Array.isArray(members) ? placed.parse(members) : named.parse(members);
  } catch {
    throw new AppError('internal', 'a card record can not be read');
  }
}

function wordOf<Member extends keyof typeof LETTERS>(
  member: Member,
  letter: string,
): keyof (typeof LETTERS)[Member] {
  const found = Object.entries(LETTERS[member]).find(([, its]) => its === letter);
  if (found === undefined) throw new RangeError(`no ${member} has this letter`);
  return found[0] as keyof (typeof LETTERS)[Member];
}
