/** Seconds as `hh:mm:ss.s`. */
export function duration(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  const parts = [Math.trunc(tenths / 36_000), Math.trunc(tenths / 600) % 60, Math.trunc(tenths / 10) % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${tenths % 10}`;
}
