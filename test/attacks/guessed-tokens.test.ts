import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeyRegister } from '../../src/access/api-key-register.js';
import { systemClock } from '../../src/clock.js';
import { newId } from '../../src/id.js';
import { over, startService, type Service } from '../support/service.js';

/** Guesses at tokens. A real one has 128 random bits; `npm run prove:guessing` makes a million. */
const GUESSES = Number(process.env['GUESSES'] ?? 1_000);
const AT_ONCE = 16;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const FAST = { onMs: 60, offMs: 60 };

let service: Service;
let token: string;
/** Of the merchant who has the token, and of another. */
const keys: Record<'own' | 'foreign', string> = { own: '', foreign: '' };
beforeAll(async () => {
  service = await startService();
  const register = new ApiKeyRegister(await service.redis.client(), systemClock);
  for (const [name, merchant] of [
    ['own', 'default'],
    ['foreign', 'elsewhere'],
  ] as const) {
    const grant = {
      principal: name,
      merchant,
      scopes: ['tokens:read', 'tokens:delete'],
      expires: null,
    } as const;
    keys[name] = (await register.create(grant)).apiKey;
  }
  const { caller } = await service.talk();
  const { id } = await service.arm(caller, { fields: ['payment-card-number', 'expiration-date'] });
  await caller.press('42424242424242421234', FAST);
  token = (await service.captureWhen(id, over)).token ?? '';
}, 30_000);
afterAll(() => service.stop());

/** A token that differs from the real one in a character, or in none but is another's. */
function nearMiss(): string {
  const at = randomInt(4, token.length);
  const other = CROCKFORD[randomInt(CROCKFORD.length)] ?? '';
  return token[at] === other ? newId('tnw_') : token.slice(0, at) + other + token.slice(at + 1);
}

const guess = (n: number) => (n % 2 === 0 ? nearMiss() : newId('tnw_'));

/** The answer without what differs from one request to the next. */
async function ask(key: string, method: string, name: string): Promise<string> {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await service.api(method, `/v1/tokens/${name}`, undefined, headers);
  const constant = [...answer.headers].filter(([header]) => !['date', 'x-request-id'].includes(header));
  return JSON.stringify([answer.status, constant, answer.body]).replaceAll(name, 'TOKEN');
}

describe('who guesses tokens', () => {
  it(
    'A14: is answered alike, near misses and all, finds nothing, and is told of',
    async () => {
      const answers = new Map<string, number>();
      let next = 0;
      const lane = async (): Promise<void> => {
        for (let n = next++; n < GUESSES; n = next++) {
          const answer = await ask(
            keys[n % 4 < 2 ? 'own' : 'foreign'],
            n % 8 === 7 ? 'DELETE' : 'GET',
            guess(n),
          );
          answers.set(answer, (answers.get(answer) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, lane));
      const [only] = answers.keys();
      expect([...answers.values()]).toEqual([GUESSES]);
      expect(only).toMatch(/^\[404,.*"code":"not_found"/);
      expect(await ask(keys.foreign, 'GET', token)).toBe(only);
      expect(await ask(keys.own, 'GET', token)).toMatch(/^\[200,/);
      const alerts = service.logged('the audit trail shows a pattern that somebody should look at');
      expect(alerts).toContainEqual(expect.objectContaining({ reason: 'opens' }));
    },
    60_000 + GUESSES * 100,
  );

  it.each([
    '',
    'tnw_',
    'tnw_0',
    'x',
    'tnw_%00',
    `tnw_${'0'.repeat(26)}`,
    `tnw_${'Z'.repeat(26)}`,
    'fpr_0',
    '..',
  ])('A14: is told nothing by %j either', async (name) => {
    const { status } = await service.api('GET', `/v1/tokens/${name}`);
    expect([400, 404]).toContain(status);
  });
});
