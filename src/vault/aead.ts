import { createCipheriv, createDecipheriv, randomFillSync, type KeyObject } from 'node:crypto';
import { Secret } from '../secret.js';

/** AES-256-GCM as NIST SP 800-38D: 96-bit nonce, 128-bit tag. */
const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const OVERHEAD_BYTES = NONCE_BYTES + TAG_BYTES;

/** Nonce, ciphertext and tag, under a fresh random nonce: a key seals a few times only, or is counted. */
export function seal(key: KeyObject | Uint8Array, plaintext: Uint8Array, aad: Buffer): Buffer {
  const nonce = randomFillSync(Buffer.allocUnsafe(NONCE_BYTES));
  const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(aad);
  const ciphertext = cipher.update(plaintext);
  cipher.final();
  return Buffer.concat([nonce, ciphertext, cipher.getAuthTag()]);
}

/** What `seal` sealed, or null when key, aad or any bit is another. The caller wipes it. */
export function open(key: KeyObject | Uint8Array, sealed: Uint8Array, aad: Buffer): Secret | null {
  if (sealed.length < OVERHEAD_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plaintext = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return Secret.of(plaintext);
  } catch {
    return null;
  } finally {
    plaintext.fill(0);
  }
}
