import { describe, expect, it } from '@jest/globals';
import { killRounds } from '../prove/kill-rounds.js';

const NONE = { lost: 0, altered: 0, miscounted: 0 };

/** A short run of `npm run prove:vault`. */
describe('kills under load', () => {
  it('A35: of Redis, of the process that puts, and of both lose no token that was given out', async () => {
    const found = await killRounds({ kills: 3, puts: 600, seed: 1 });
    expect(found).toMatchObject({ ...NONE, refused: 0, kills: { redis: 1, writer: 1, both: 1 } });
    expect(found.given).toBeGreaterThan(300);
    expect(found.rows).toBeGreaterThanOrEqual(found.given);
    expect(found.events).toBe(found.rows);
  }, 60_000);

  it('of a writer that gives tokens out before they are written are found to lose some', async () => {
    const hasty = { hasty: true, victims: ['writer'] } as const;
    const found = await killRounds({ kills: 1, puts: 100, seed: 2, ...hasty });
    expect(found.lost).toBeGreaterThan(0);
    expect(found.miscounted).toBe(found.lost);
  }, 60_000);
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

/** Kills of Redis after which nothing is left of its AOF that was not fsynced. */
onLinux('power cuts under load', () => {
  it('lose no token that was given out', async () => {
    const found = await killRounds({ kills: 1, puts: 300, seed: 3, powerCut: true, victims: ['redis'] });
    expect(found).toMatchObject({ ...NONE, refused: 0, kills: { redis: 1 } });
    expect(found.given).toBeGreaterThan(100);
    expect(found.events).toBe(found.rows);
  }, 60_000);

  it('of a Redis that fsyncs once a second are found to lose some', async () => {
    const everysec = { powerCut: true, conf: ['appendfsync everysec'], victims: ['redis'] } as const;
    const found = await killRounds({ kills: 1, puts: 200, seed: 4, ...everysec });
    expect(found.lost).toBeGreaterThan(0);
  }, 60_000);
});
