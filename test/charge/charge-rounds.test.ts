import { describe, expect, it } from '@jest/globals';
import { chargeRounds } from '../prove/charge-rounds.js';

/** A short run of `npm run prove:charges`. */
describe('charges while everything around them fails', () => {
  it('A35: are made once and none is lost, wherever their maker is killed', async () => {
    const found = await chargeRounds({ charges: 500, deaths: 4, seed: 1, awayMs: 3_000 });
    expect(found).toMatchObject({
      ...{ byToken: 312, deaths: 4, redisKills: 1 },
      ...{
        double: 0,
        pagesPaidWrongly: 0,
        lost: 0,
        unknown: 0,
        refundsWrong: 0,
        miscounted: 0,
        halves: 0,
        wrong: [],
      },
    });
    expect(found.approved + found.declined).toBe(312 + found.keyed + found.paged);
    expect(found.keyed).toBeGreaterThan(100);
    expect(found.paged).toBeGreaterThan(40);
    expect(found.elsewhere).toBeGreaterThan(20);
    expect(found.waiting).toBeGreaterThan(0);
    expect(found.settledMs).toBeLessThan(60_000);
  }, 240_000);

  it('are found to be made twice by makers that send again what nobody knows, and leave pages open', async () => {
    const found = await chargeRounds({ charges: 120, deaths: 1, seed: 1, awayMs: 0, broken: true });
    expect(found.double).toBeGreaterThan(0);
    expect(found.pagesPaidWrongly).toBeGreaterThan(0);
  }, 120_000);
});
