import { randomBytes } from 'node:crypto';

/** A carrier's identifier: two letters for the kind and 32 hexadecimal digits. */
export function newSid(kind: 'CA' | 'MZ' | 'PN' | 'SM'): string {
  return kind + randomBytes(16).toString('hex');
}

/** A date as the carrier writes it: `Fri, 18 Oct 2019 17:00:00 +0000`. */
export function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000');
}
