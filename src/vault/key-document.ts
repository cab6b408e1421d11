import { z } from 'zod';
import { AppError } from '../errors.js';
import type { Secret } from '../secret.js';
import type { KeyState } from './key-provider.js';
import { MAX_PRIVATE_BYTES } from './private-file.js';
import { SEALS, type SealName } from './root-seal.js';
import { BLANKED, blanks, parseQuietly, putSecret, takeSecrets } from './secret-json.js';

/** A root key as it stands in the key file. */
export interface StoredKey {
  readonly id: string;
  /** `seal`: wraps data keys, and is rotated. `mac`: fingerprints and indexes, which must stay the same. */
  readonly use: 'seal' | 'mac';
  readonly state: KeyState;
  /** RFC 3339. */
  readonly created: string;
  /** When it came into its state: RFC 3339. */
  readonly changed: string;
  /** See `checkOf`. */
  readonly check: string;
  /** As its seal left it; empty when the key is destroyed. */
  readonly secret: Secret;
}

/** The content of a key file. */
export interface KeyDocument {
  readonly seal: SealName;
  /** Oldest first. */
  readonly keys: readonly StoredKey[];
}

const FORMAT = 2;

const id = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const use = z.enum(['seal', 'mac']);
const time = z.iso.datetime();
const check = z.string().regex(/^[0-9a-f]{16}$/);
const secret = z.string().regex(BLANKED);
const state = z.enum(['active', 'decrypt-only', 'retired', 'destroyed']);

const schema = z.strictObject({
  format: z.literal(FORMAT),
  seal: z.enum(SEALS),
  keys: z.array(z.strictObject({ id, use, state, created: time, changed: time, check, secret })).min(2),
});

/** Before keys had states: one of them sealed, the others opened. */
const firstSchema = z
  .strictObject({
    format: z.literal(1),
    active: z.string(),
    keys: z.array(z.strictObject({ id, use, created: time, check, secret })).min(2),
  })
  .transform(({ active, keys }): z.output<typeof schema> => ({
    format: FORMAT,
    seal: 'plain',
    keys: keys.map((entry) => ({
      ...entry,
      changed: entry.created,
      state: entry.use === 'mac' || entry.id === active ? 'active' : 'decrypt-only',
    })),
  }));

/**
 * Reads the text of a key file, whose secrets are blanked in it on the way: none becomes a string. The caller wipes
 * those of the document. Gives what is wrong with it instead when it is none.
 */
export function parseKeyDocument(text: Buffer): KeyDocument | string {
  const secrets = takeSecrets(text, 'secret') ?? [];
  const content = z.union([schema, firstSchema]).safeParse(parseQuietly(text.toString('utf8')));
  if (!content.success || content.data.keys.length !== secrets.length) {
    for (const secret of secrets) secret.wipe();
    return 'is not a key file';
  }
  const { seal, keys } = content.data;
  const document = { seal, keys: keys.map((entry, i) => ({ ...entry, secret: secrets[i] as Secret })) };
  const wrong = faultOf(document);
  if (wrong !== null) wipeDocument(document);
  return wrong ?? document;
}

/** The text of a key file, in off-heap bytes that the caller zeroes. Throws AppError `config_invalid` when it is too long. */
export function formatKeyDocument({ seal, keys }: KeyDocument): Buffer {
  const blanked = keys.map((entry) => ({ ...entry, secret: blanks(entry.secret) }));
  const text = `${JSON.stringify({ format: FORMAT, seal, keys: blanked }, null, 2)}\n`;
  if (text.length > MAX_PRIVATE_BYTES) {
    throw new AppError('config_invalid', 'VAULT_KEY_FILE would be larger than 64 KiB: it has too many keys');
  }
  const bytes = Buffer.from(new ArrayBuffer(MAX_PRIVATE_BYTES), 0, text.length);
  bytes.write(text);
  let at = 0;
  for (const { secret } of keys) at = putSecret(bytes, 'secret', secret, at);
  return bytes;
}

export function wipeDocument({ keys }: KeyDocument): void {
  for (const { secret } of keys) secret.wipe();
}

function faultOf({ keys }: KeyDocument): string | null {
  const active = (use: StoredKey['use']) =>
    keys.filter((entry) => entry.use === use && entry.state === 'active').length;
  if (active('seal') !== 1) return 'needs one active key of use "seal"';
  if (active('mac') !== 1) return 'needs one active key of use "mac"';
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) return 'has two keys of one id';
  const lost = keys.find(({ state, secret }) => (state === 'destroyed') !== (secret.length === 0));
  return lost === undefined
    ? null
    : `has the key ${lost.id} in the state ${lost.state}, which its secret belies`;
}
