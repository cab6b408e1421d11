/**
 * Beginnings of numbers that no short message reaches, where the plan of a country tells. France: geographic and
 * internet telephones begin with 1 to 5 and 9, services with 8, mobile ones with 6 and 7 (plan de numérotation of the
 * Arcep, decision 2018-0881). Elsewhere the carrier tells, once it has tried.
 */
const LANDLINES: readonly string[] = ['+331', '+332', '+333', '+334', '+335', '+338', '+339'];

/** Whether a number in E.164 is known to take no short messages. */
export function isLandline(number: string): boolean {
  return LANDLINES.some((prefix) => number.startsWith(prefix));
}
