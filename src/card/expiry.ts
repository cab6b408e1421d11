export interface Month {
  /** Four digits. */
  readonly year: number;
  /** 1–12. */
  readonly month: number;
}

/** A card is good through its last month wherever on earth it still lasts. */
const LATEST_TIME_ZONE_MS = -12 * 3_600_000;
const MONTHS_AHEAD = 20 * 12;

export const EXPIRY_DIGITS = 4;

/** The month that it still is at UTC−12, from ms since the epoch. */
export function latestMonth(now: number): Month {
  const there = new Date(now + LATEST_TIME_ZONE_MS);
  return { year: there.getUTCFullYear(), month: there.getUTCMonth() + 1 };
}

/** MMYY (bytes 0–9) as a month from `now` to twenty years ahead; null when it is none of these. */
export function readExpiry(digits: Uint8Array, now: Month): Month | null {
  if (digits.length !== EXPIRY_DIGITS) return null;
  const [m1 = 0, m2 = 0, y1 = 0, y2 = 0] = digits;
  const month = m1 * 10 + m2;
  if (month < 1 || month > 12) return null;
  const yearsAhead = (y1 * 10 + y2 - (now.year % 100) + 100) % 100;
  const monthsAhead = yearsAhead * 12 + month - now.month;
  if (monthsAhead < 0 || monthsAhead > MONTHS_AHEAD) return null;
  return { year: now.year + yearsAhead, month };
}
