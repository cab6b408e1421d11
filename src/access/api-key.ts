import { createHash } from 'node:crypto';
import { newId } from '../id.js';

/** Scanners for secrets find our keys in code and logs by this. */
const PREFIX = 'tnwk_';
const FORM = /^tnwk_[0-9A-HJKMNP-TV-Z]{52}$/;

const SHORT_ID_CHARACTERS = 8;

/** A fresh API key: the prefix and 256 random bits in Crockford base 32. */
export function newApiKey(): string {
  return newId(PREFIX) + newId('');
}

/** Whether `text` can be a key of `newApiKey`. */
export function isApiKey(text: string): boolean {
  return FORM.test(text);
}

/** What people call a key: 40 random bits, nothing of the key. */
export function newApiKeyId(): string {
  return newId('key_').slice(0, 'key_'.length + SHORT_ID_CHARACTERS);
}

/**
 * All that is kept of a key. Plain SHA-256: slow and salted hashes are for passwords, and 256 random bits are found by
 * no search, however quick. Nor does the time of a look-up by it tell anything: nobody can choose the digest of a guess.
 */
export function digestOf(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('hex');
}
