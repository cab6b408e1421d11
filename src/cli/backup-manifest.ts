import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { AppError } from '../errors.js';
import { APPEND_ONLY_DIR } from '../redis/append-only.js';

const MANIFEST = 'manifest.json';

const schema = z.strictObject({
  format: z.literal(1),
  /** RFC 3339. */
  made: z.iso.datetime(),
  /** Sealed cards by the key that seals them. */
  cards: z.record(z.string(), z.int().nonnegative()),
  /** Check values of the keys that this Redis knows, by id. They give nothing of the keys away. */
  keys: z.record(z.string(), z.string()),
  files: z.array(
    z.strictObject({
      name: z.string().regex(/^[\w-][\w.-]*$/),
      bytes: z.int().nonnegative(),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});

/** What a backup says of itself. Hashes find what has rotted or is missing; who may write there can change them too. */
export type BackupManifest = z.infer<typeof schema>;

/** Names and hashes all append-only files of a backup, and makes the manifest durable. */
export async function writeManifest(
  dir: string,
  about: Pick<BackupManifest, 'made' | 'cards' | 'keys'>,
): Promise<void> {
  const files = [];
  for (const name of (await readdir(join(dir, APPEND_ONLY_DIR))).toSorted()) {
    const path = join(dir, APPEND_ONLY_DIR, name);
    files.push({ name, bytes: (await stat(path)).size, sha256: await sha256Of(path) });
  }
  const file = await open(join(dir, MANIFEST), 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ format: 1, ...about, files }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads a backup's manifest and checks its files. Throws AppError `config_invalid` with the first that is wrong. */
export async function checkedManifest(dir: string): Promise<BackupManifest> {
  const text = await readFile(join(dir, MANIFEST), 'utf8').catch(() => '');
  const manifest = parsed(text);
  if (manifest === null) throw wrong(`${join(dir, MANIFEST)} is missing or damaged: this is no whole backup`);
  for (const { name, bytes, sha256 } of manifest.files) {
    const path = join(dir, APPEND_ONLY_DIR, name);
    const size = await stat(path).then(
      (found) => found.size,
      () => null,
    );
    if (size === null) throw wrong(`${path} is missing`);
    if (size !== bytes) throw wrong(`${path} has ${size} bytes instead of ${bytes}`);
    if ((await sha256Of(path)) !== sha256) throw wrong(`${path} is not what was backed up: its hash differs`);
  }
  return manifest;
}

function parsed(text: string): BackupManifest | null {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function wrong(message: string): AppError {
  return new AppError('config_invalid', message);
}
