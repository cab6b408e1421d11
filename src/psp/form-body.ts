import type { Secret } from '../secret.js';

const ZERO = 0x30;

/**
 * `application/x-www-form-urlencoded` as bytes; null members are left out. Secrets are digits as bytes 0–9 and never
 * become text. Who sends the bytes zeroes them.
 */
export function formBody(
  fields: Readonly<Record<string, string | number | boolean | null>>,
  secrets: Readonly<Record<string, Secret | null>> = {},
): Buffer {
  const text = new URLSearchParams(
    Object.entries(fields).flatMap(([name, value]) =>
      value === null ? [] : [[name, String(value)] as [string, string]],
    ),
  ).toString();
  const kept = Object.entries(secrets).flatMap(([name, secret]) =>
    secret === null ? [] : [{ head: `&${encodeURIComponent(name)}=`, secret }],
  );
  const size = kept.reduce((sum, { head, secret }) => sum + head.length + secret.length, text.length);
  const bytes = Buffer.from(new ArrayBuffer(Math.max(size, 128)));
  let length = bytes.write(text);
  for (const { head, secret } of kept) {
    length += bytes.write(head, length);
    for (const digit of secret.reveal()) bytes[length++] = ZERO + digit;
  }
  return bytes.subarray(0, length);
}
