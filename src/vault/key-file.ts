import { createHmac, createSecretKey, randomFillSync, type KeyObject } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { AppError, codeOf } from '../errors.js';
import { Secret } from '../secret.js';

/** A root key and what is known of it without using it. */
export interface RootKey {
  id: string;
  /** `seal`: wraps data keys, and is rotated. `mac`: fingerprints and indexes, which must stay the same. */
  use: 'seal' | 'mac';
  check: string;
  root: KeyObject;
}

export interface KeyFile {
  /** Id of the key that seals now. */
  active: string;
  keys: readonly RootKey[];
}

const KEY_BYTES = 32;
const HEX_LENGTH = KEY_BYTES * 2;
/** Room for some hundred keys. */
const MAX_FILE_BYTES = 65_536;
/** What a secret is replaced by before the rest of the file may become a string. */
const BLANK = 0x78;
const BLANKED = 'x'.repeat(HEX_LENGTH);
const NAME = '"secret"';
const HEX = '0123456789abcdef';

const schema = z.strictObject({
  format: z.literal(1),
  active: z.string(),
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
        use: z.enum(['seal', 'mac']),
        created: z.iso.datetime(),
        check: z.string(),
        secret: z.literal(BLANKED),
      }),
    )
    .min(2),
});

/**
 * Makes a key file, mode 0600, with one key of each use. Throws AppError `config_invalid` when the file exists: keys
 * that are overwritten take every stored card with them.
 */
export async function createKeyFile(path: string, created: string): Promise<void> {
  const made = [newKey('k1', 'seal', created), newKey('m1', 'mac', created)];
  const text = JSON.stringify({ format: 1, active: 'k1', keys: made.map(({ entry }) => entry) }, null, 2);
  const bytes = Buffer.from(new ArrayBuffer(MAX_FILE_BYTES));
  try {
    const length = bytes.write(`${text}\n`);
    for (const { secret } of made) writeHex(secret, bytes, bytes.indexOf(BLANKED));
    const file = await openFile(path, 'wx');
    try {
      await file.write(bytes, 0, length);
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    bytes.fill(0);
    for (const { secret } of made) secret.wipe();
  }
}

/**
 * Reads a key file without a key ever becoming a string. Throws AppError `config_invalid` when it can't be read,
 * others may read it, or a key is not the one its check value was made for.
 */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const bytes = Buffer.from(new ArrayBuffer(MAX_FILE_BYTES));
  const secrets: Secret[] = [];
  try {
    const length = await readPrivate(path, bytes);
    takeSecrets(bytes.subarray(0, length), secrets);
    const content = schema.safeParse(parsed(bytes.toString('utf8', 0, length)));
    if (!content.success || content.data.keys.length !== secrets.length) throw invalid('is not a key file');
    const keys = content.data.keys.map(({ id, use, check }, i): RootKey => {
      const root = createSecretKey(secrets[i]?.reveal() ?? new Uint8Array());
      if (checkOf(root) !== check)
        throw invalid(`holds a damaged key ${id}: restore the file from its backup`);
      return { id, use, check, root };
    });
    const { active } = content.data;
    if (!keys.some(({ id, use }) => id === active && use === 'seal')) throw invalid('has no active key');
    if (keys.filter(({ use }) => use === 'mac').length !== 1) throw invalid('needs one key of use "mac"');
    if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw invalid('has two keys of one id');
    return { active, keys };
  } finally {
    bytes.fill(0);
    for (const secret of secrets) secret.wipe();
  }
}

function newKey(id: string, use: RootKey['use'], created: string) {
  const bytes = new Uint8Array(new ArrayBuffer(128), 0, KEY_BYTES);
  const secret = Secret.of(randomFillSync(bytes));
  bytes.fill(0);
  const check = checkOf(createSecretKey(secret.reveal()));
  return { entry: { id, use, created, check, secret: BLANKED }, secret };
}

/** 64 bits of a MAC over a constant: enough to tell keys apart, nothing to work back from. */
function checkOf(root: KeyObject): string {
  return createHmac('sha256', root).update('tonewall key check').digest('hex').slice(0, 16);
}

/** Takes every 64-digit hex value of a `"secret"` out of the text and blanks it there. */
function takeSecrets(bytes: Buffer, into: Secret[]): void {
  for (let at = bytes.indexOf(NAME); at >= 0; at = bytes.indexOf(NAME, at)) {
    at += NAME.length;
    while (bytes[at] === 0x20 || bytes[at] === 0x3a) at++;
    const secret = new Secret(KEY_BYTES);
    for (let i = 1; i <= HEX_LENGTH; i += 2) {
      secret.push((hexDigit(bytes[at + i]) << 4) | hexDigit(bytes[at + i + 1]));
    }
    bytes.fill(BLANK, at + 1, at + 1 + HEX_LENGTH);
    into.push(secret);
  }
}

function hexDigit(character = 0): number {
  if (character >= 0x30 && character <= 0x39) return character - 0x30;
  if (character >= 0x61 && character <= 0x66) return character - 0x57;
  throw invalid('holds a secret that is not 64 hex digits');
}

function writeHex(secret: Secret, bytes: Buffer, at: number): void {
  const source = secret.reveal();
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    bytes[at + 2 * i] = HEX.charCodeAt(byte >> 4);
    bytes[at + 2 * i + 1] = HEX.charCodeAt(byte & 15);
  }
}

async function readPrivate(path: string, into: Buffer): Promise<number> {
  const file = await openFile(path, 'r');
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw invalid(`can be read by others: chmod 600 ${path}`);
    if (size > into.length) throw invalid('is larger than 64 KiB');
    const { bytesRead } = await file.read(into, 0, size, 0);
    return bytesRead;
  } finally {
    await file.close();
  }
}

async function openFile(path: string, flags: 'r' | 'wx'): Promise<FileHandle> {
  try {
    return await open(path, flags, 0o600);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') throw invalid('exists already: it is never overwritten');
    if (code === 'ENOENT' && flags === 'r') throw invalid(`is missing: npx tonewall keys create ${path}`);
    throw invalid(`can not be opened (${code})`);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Its message would quote the text.
    return undefined;
  }
}

function invalid(what: string): AppError {
  return new AppError('config_invalid', `VAULT_KEY_FILE ${what}`);
}
