import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

/** Entries under one MAC key. The last of each thousand is a checkpoint. */
export const EPOCH_ENTRIES = 1_000;

/** The part of a key provider that a chain needs; its audit key is never rotated. */
export interface AuditKeys {
  mac(use: 'audit', merchant: string, data: Uint8Array): Promise<Buffer>;
}

/**
 * The MAC key of a chain, which moves on and never back: that of each thousand entries is made from the one before,
 * and the one before is forgotten. The first comes from the audit key, so that whoever has that can check it all.
 */
export class ChainKey {
  #epoch = 0;
  #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  static async derive(keys: AuditKeys, firstPublicKey: string): Promise<ChainKey> {
    return new ChainKey(taken(await keys.mac('audit', '', Buffer.from(`chain ${firstPublicKey}`))));
  }

  /** Throws RangeError for an entry whose key is forgotten. */
  mac(seq: number, covered: string): string {
    this.#moveTo(epochOf(seq));
    return createHmac('sha256', this.#key).update(covered).digest('hex');
  }

  #moveTo(epoch: number): void {
    if (epoch < this.#epoch) throw new RangeError('the key of this entry is forgotten');
    for (; this.#epoch < epoch; this.#epoch++) {
      this.#key = taken(createHmac('sha256', this.#key).update('next').digest());
    }
  }
}

/** What the file of the private keys is encrypted under. */
export async function signerPassphrase(keys: AuditKeys): Promise<Buffer> {
  return keys.mac('audit', '', Buffer.from('signer'));
}

function epochOf(seq: number): number {
  return Math.floor((seq - 1) / EPOCH_ENTRIES);
}

function taken(bytes: Buffer): KeyObject {
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}
