import { decodeBase64, encodeBase64, encodedLength } from '../base64.js';
import { Secret } from '../secret.js';

/** Base64 of secret bytes, as bytes: no string is left behind. The caller wipes it. */
export function encodeSecret(secret: Secret): Secret {
  const text = roomFor(encodedLength(secret.length));
  return taken(text, encodeBase64(secret.reveal(), text, 0));
}

/** The bytes, or null when it is no base64. The caller wipes them. */
export function decodeSecret(text: Secret): Secret | null {
  const bytes = roomFor(text.length);
  const length = decodeBase64(text.reveal(), 0, text.length, bytes);
  const secret = taken(bytes, Math.max(length, 0));
  return length < 0 ? null : secret;
}

/** V8 keeps less on its own heap, where a wipe reaches only a copy: see `Secret`. */
function roomFor(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(Math.max(length, 128)));
}

function taken(bytes: Uint8Array, length: number): Secret {
  const secret = Secret.of(bytes.subarray(0, length));
  bytes.fill(0);
  return secret;
}
