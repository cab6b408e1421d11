import { createHash } from 'node:crypto';
import { holdsCardNumber } from '../card/card-like.js';
import { AUDIT_EVENTS, OUTCOMES, type AuditType, type FactType, type Outcome } from './audit-event.js';

/** What somebody has to say; the chain adds the rest. */
export interface AuditNote {
  actor: string;
  type: AuditType;
  outcome: Outcome;
  origin: string;
  resource: string;
  /** The entry whose outcome this is; 0 for one that is nobody's. */
  intent: number;
}

/** What a chain says of itself. */
export function ownNote(type: FactType, resource: string): AuditNote {
  return { actor: 'service', type, outcome: 'done', origin: 'here', resource, intent: 0 };
}

/** One line of a chain. */
export interface AuditEntry extends AuditNote {
  seq: number;
  time: string;
  prev: string;
  mac: string;
  signature: string;
}

const MAX_SEQ = 9_999_999_999;
/** Printable ASCII without what JSON would escape. */
const TEXT = /^[ !#-[\]-~]{0,200}$/;
const HEX = /^[0-9a-f]{64}$/;

/** Base64url of so many bytes, in its one way of writing. */
function decodesTo(text: string, bytes: number): boolean {
  const decoded = Buffer.from(text, 'base64url');
  return decoded.length === bytes && decoded.toString('base64url') === text;
}

interface Field {
  meaning: string;
  fits(value: unknown): boolean;
}

const isText = (value: unknown): boolean => typeof value === 'string' && TEXT.test(value);
const isHex = (value: unknown): boolean => typeof value === 'string' && HEX.test(value);

/** The members of an entry, in the order of the line. */
export const ENTRY_FIELDS: Readonly<Record<keyof AuditEntry, Field>> = {
  seq: {
    meaning: 'counts from 1, without a gap',
    fits: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SEQ,
  },
  time: {
    meaning: 'RFC 3339, UTC, by the clock of the node',
    fits: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value),
  },
  actor: { meaning: 'who: a principal, a user of the machine, or `service`', fits: isText },
  type: {
    meaning: 'what kind of event',
    fits: (value) => typeof value === 'string' && Object.hasOwn(AUDIT_EVENTS, value),
  },
  outcome: {
    meaning: 'how it went',
    fits: (value) => typeof value === 'string' && Object.hasOwn(OUTCOMES, value),
  },
  origin: { meaning: 'from where: an address, a capture, a terminal', fits: isText },
  resource: { meaning: 'on what. A token is shortened; no card or telephone number is here', fits: isText },
  intent: {
    meaning: 'the `seq` of the intent that this is the outcome of, or 0',
    fits: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= MAX_SEQ,
  },
  prev: { meaning: 'SHA-256 of the line before; zeros in the first', fits: isHex },
  mac: { meaning: 'HMAC-SHA-256 over the line up to here, under the key of its thousand', fits: isHex },
  signature: {
    meaning: 'Ed25519 over the line up to here, of a checkpoint and the first entry; else empty',
    fits: (value) =>
      value === '' || (typeof value === 'string' && value.length === 86 && decodesTo(value, 64)),
  },
};

const NAMES = Object.keys(ENTRY_FIELDS) as (keyof AuditEntry)[];

export const NO_HASH = '0'.repeat(64);
/** Bytes: all texts at their longest, and the rest. */
export const MAX_LINE_BYTES = 2_048;

/** The line without its end, which MAC and signature are made over and appended to. */
export function bodyOf(seq: number, time: string, note: AuditNote, prev: string): string {
  const { actor, type, outcome, origin, resource, intent } = note;
  return JSON.stringify({ seq, time, actor, type, outcome, origin, resource, intent, prev }).slice(0, -1);
}

export function withMac(body: string, mac: string): string {
  return `${body},"mac":"${mac}"`;
}

export function withSignature(body: string, signature: string): string {
  return `${body},"signature":"${signature}"}`;
}

/** Where the parts that MAC and signature cover end. */
export function coveredBy({ mac, signature }: AuditEntry, line: string): { mac: string; signature: string } {
  const signed = line.slice(0, line.length - `,"signature":"${signature}"}`.length);
  return { mac: signed.slice(0, signed.length - `,"mac":"${mac}"`.length), signature: signed };
}

/** An entry, or null when the line is not exactly what a chain writes. */
export function parseEntry(line: string): AuditEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const entry = value as Record<string, unknown>;
  if (!NAMES.every((name) => ENTRY_FIELDS[name].fits(entry[name]))) return null;
  // Members in another order, twice, or more of them: not ours.
  return JSON.stringify(entry) === line && Object.keys(entry).join() === NAMES.join()
    ? (value as AuditEntry)
    : null;
}

export function hashOf(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** What an entry may hold of a text from outside: printable ASCII, short, and nothing like a card number. */
export function plainText(text: string): string {
  const plain = text.replaceAll(/[^ !#-[\]-~]/g, '?').slice(0, 200);
  return holdsCardNumber(plain) ? '[blanked]' : plain;
}

/** Enough of a token or an id to know it again, too little to use it. */
export function shortened(id: string): string {
  return id.length < 20 ? '?' : `${id.slice(0, 8)}..${id.slice(-4)}`;
}
