import { expect, it } from '@jest/globals';
import { Throttle } from '../../src/vault/throttle.js';

function worked(throttle: Throttle, times: number, latencyMs: number): number {
  let rest = 0;
  for (let i = 0; i < times; i++) rest = throttle.rest(4, latencyMs);
  return rest;
}

it('works more at once while Redis answers quickly, up to a bound', () => {
  const throttle = new Throttle();
  expect(throttle.batch).toBe(192);
  worked(throttle, 1, 1);
  expect(throttle.batch).toBe(240);
  worked(throttle, 50, 1);
  expect(throttle.batch).toBe(512);
});

it('works half as much at once while Redis is slow, down to a bound', () => {
  const throttle = new Throttle();
  worked(throttle, 50, 1);
  worked(throttle, 1, 16);
  expect(throttle.batch).toBe(512);
  worked(throttle, 1, 16);
  expect(throttle.batch).toBe(256);
  worked(throttle, 50, 16);
  expect(throttle.batch).toBe(192);
});

it('rests a quarter as long as it worked, and as long as a slow Redis took', () => {
  const throttle = new Throttle();
  expect(worked(throttle, 20, 15)).toBe(1);
  expect(worked(throttle, 20, 40)).toBe(41);
});

it('gets over a slow moment', () => {
  const throttle = new Throttle();
  worked(throttle, 20, 100);
  worked(throttle, 20, 1);
  expect(throttle.batch).toBeGreaterThan(192);
  expect(worked(throttle, 1, 1)).toBe(1);
});
