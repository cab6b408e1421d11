import { stat } from 'node:fs/promises';
import type { Clock } from '../clock.js';
import { AppError, codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Secret } from '../secret.js';
import { readKeyFile } from './key-file.js';
import type { KeyProvider, KeyVersion, MacUse } from './key-provider.js';
import { KeyRing } from './key-ring.js';
import type { RootSeal } from './root-seal.js';

export interface FileKeyProviderOptions {
  path: string;
  seal: RootSeal;
  clock: Clock;
  log: Logger;
}

/** Says whether keys may be used. Rejects when one is not what it was: those in use then stay. */
export type Admission = (checks: Readonly<Record<string, string>>) => Promise<void>;

/** Looked at, not watched: volumes of clusters and containers tell of no change. */
const LOOK_MS = 1_000;
/** A version that nobody has makes the file be read again this often at most. */
const REREAD_PAUSE_MS = 1_000;

/**
 * The keys of a key file. While it is `start`ed, a changed file is taken over without a restart; one that can't be read
 * or is not admitted is not, and the keys in use stay.
 */
export class FileKeyProvider implements KeyProvider {
  readonly #options: FileKeyProviderOptions;
  readonly #listeners = new Set<(active: string) => void>();
  #ring: KeyRing;
  /** What the file looked like when it was read. */
  #seen: string;
  #admit: Admission = () => Promise.resolve();
  #cancelLook: () => void = () => {};
  #rereading: Promise<void> | null = null;
  #rereadAt = -Infinity;
  #stopped = true;

  private constructor(options: FileKeyProviderOptions, ring: KeyRing, seen: string) {
    this.#options = options;
    this.#ring = ring;
    this.#seen = seen;
  }

  /** Rejects with AppError `config_invalid` with what to do, or `vault_unavailable` when the seal can't be opened now. */
  static async open(options: FileKeyProviderOptions): Promise<FileKeyProvider> {
    const seen = await lookOf(options.path);
    return new FileKeyProvider(options, new KeyRing(await readKeyFile(options.path, options.seal)), seen);
  }

  get active(): string {
    return this.#ring.active;
  }

  get versions(): readonly KeyVersion[] {
    return this.#ring.versions;
  }

  get checks(): Readonly<Record<string, string>> {
    return this.#ring.checks;
  }

  start(admit: Admission): void {
    this.#admit = admit;
    this.#stopped = false;
    this.#lookSoon();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelLook();
    this.#listeners.clear();
  }

  watch(listener: (active: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  wrap(merchant: string, dataKey: Secret, aad: Buffer): Promise<{ version: string; sealed: Buffer }> {
    return Promise.resolve(this.#ring.wrap(merchant, dataKey, aad));
  }

  async unwrap(merchant: string, version: string, sealed: Buffer, aad: Buffer): Promise<Secret> {
    // Another node may have a newer file already.
    if (!this.#ring.opens(version)) await this.#rereadOnce();
    return this.#ring.unwrap(merchant, version, sealed, aad);
  }

  mac(use: MacUse, merchant: string, data: Uint8Array): Promise<Buffer> {
    return Promise.resolve(this.#ring.mac(use, merchant, data));
  }

  async #rereadOnce(): Promise<void> {
    const now = this.#options.clock.monotonic();
    if (this.#rereading === null && now - this.#rereadAt < REREAD_PAUSE_MS) return;
    this.#rereadAt = now;
    await this.#reread();
  }

  #reread(): Promise<void> {
    this.#rereading ??= this.#take().finally(() => {
      this.#rereading = null;
    });
    return this.#rereading;
  }

  async #take(): Promise<void> {
    const { path, seal, log } = this.#options;
    const seen = await lookOf(path);
    try {
      const ring = new KeyRing(await readKeyFile(path, seal, this.#ring.keys));
      await this.#admit(ring.checks);
      const before = this.#ring.active;
      this.#ring = ring;
      this.#seen = seen;
      if (ring.active === before) return;
      log.info({ version: ring.active }, 'another key version seals new cards');
      for (const listener of this.#listeners) listener(ring.active);
    } catch (error) {
      const detail = error instanceof AppError ? error.message : null;
      // What is wrong with the file itself is said once; for what is away it is tried again.
      if (codeOf(error) === 'config_invalid') this.#seen = seen;
      log.error(
        { code: codeOf(error), detail },
        'the key file changed and can not be used: the old keys stay',
      );
    }
  }

  #lookSoon(): void {
    if (this.#stopped) return;
    this.#cancelLook = this.#options.clock.after(LOOK_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    // A file that is away for a moment is being replaced, and is reported once it is needed.
    const now = await lookOf(this.#options.path);
    if (now !== '' && now !== this.#seen) await this.#reread();
    this.#lookSoon();
  }
}

/** What tells one state of a file from another; empty when it can't be looked at. */
async function lookOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino}/${size}/${mtimeNs}`;
  } catch {
    return '';
  }
}
