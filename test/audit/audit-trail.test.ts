import { rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditLog } from '../../src/audit/audit-log.js';
import { AuditTrail } from '../../src/audit/audit-trail.js';
import { MAX_A_WINDOW } from '../../src/audit/flood-gate.js';
import { AppError } from '../../src/errors.js';
import { createMetrics } from '../../src/metrics.js';
import { ManualClock } from '../support/manual-clock.js';
import { entriesOf, newFolder, openLog } from './chains.js';

let dir: string;
let log: AuditLog;
let clock: ManualClock;
let trail: AuditTrail;
beforeEach(async () => {
  dir = await newFolder();
  log = await openLog(dir);
  clock = new ManualClock();
  trail = new AuditTrail({ log, clock, metrics: createMetrics() });
});
afterEach(async () => {
  await log.close();
  await rm(dir, { recursive: true });
});

describe('an operation', () => {
  it('has its intent on disk before it is done, and its outcome after', async () => {
    const before = await trail.operation(
      'token.create',
      'shop',
      async () => (await written()).length,
      () => ({
        resource: 'shop/tnw_4F9K..7QX2',
      }),
    );
    expect(before).toBe(1);
    await log.close();
    expect(await written()).toEqual([
      ['token.create', 'intent', 'shop', 'service', 'here', 0],
      ['token.create', 'done', 'shop/tnw_4F9K..7QX2', 'service', 'here', 3],
    ]);
  });

  it('is its visitor’s, however long it takes and whoever comes in between', async () => {
    const slow = trail.as({ actor: 'crm', origin: '192.0.2.1' }, () =>
      trail.operation('token.read', 'a', () => new Promise((resolve) => setTimeout(resolve, 20))),
    );
    await trail.as({ actor: 'erp', origin: '192.0.2.2' }, () =>
      trail.operation(
        'token.read',
        'b',
        () => Promise.resolve(),
        () => ({ outcome: 'absent' }),
      ),
    );
    await slow;
    await log.close();
    expect(await written()).toEqual([
      ['token.read', 'intent', 'a', 'crm', '192.0.2.1', 0],
      ['token.read', 'intent', 'b', 'erp', '192.0.2.2', 0],
      ['token.read', 'absent', 'b', 'erp', '192.0.2.2', 4],
      ['token.read', 'done', 'a', 'crm', '192.0.2.1', 3],
    ]);
  });

  it('that fails is told, and fails', async () => {
    const fault = new AppError('redis_unavailable', 'no answer');
    await expect(trail.operation('token.destroy', 'a', () => Promise.reject(fault))).rejects.toBe(fault);
    await log.close();
    expect((await written()).map(([, outcome]) => outcome)).toEqual(['intent', 'failed']);
  });

  it('is not done when its intent can not be written', async () => {
    await unlink(join(dir, '0000000001.jsonl'));
    let done = false;
    const operation = trail.operation('token.create', 'a', () => Promise.resolve((done = true)));
    await expect(operation).rejects.toMatchObject({ code: 'vault_unavailable', retryAfter: 5 });
    expect([done, trail.ready]).toEqual([false, false]);
  });
});

describe('a fact', () => {
  it('never holds what looks like a card, or what would break its line', async () => {
    trail.as({ actor: 'a"b\n\u00e9', origin: '4111 1111 1111 1111' }, () =>
      trail.fact('key.active', `ref 4111-1111-1111-1111 ${'x'.repeat(300)}`),
    );
    await log.close();
    expect(await written()).toEqual([['key.active', 'done', '[blanked]', 'a?b??', '[blanked]', 0]]);
  });

  it('of strangers is written so often, and then counted', async () => {
    for (let i = 0; i < MAX_A_WINDOW + 5; i++) trail.fact('access.unauthorized', `${i}`, 'refused');
    trail.fact('access.signature', 'carrier', 'refused');
    clock.advance(60_000);
    trail.fact('access.unauthorized', 'the next minute', 'refused');
    await log.close();
    expect((await written()).slice(MAX_A_WINDOW - 1).map(([type, , resource]) => [type, resource])).toEqual([
      ['access.unauthorized', `${MAX_A_WINDOW - 1}`],
      ['access.signature', 'carrier'],
      ['access.unauthorized', '5 more of them'],
      ['access.unauthorized', 'the next minute'],
    ]);
  });
});

async function written() {
  return (await entriesOf(dir))
    .filter(({ type }) => !type.startsWith('log.'))
    .map(({ type, outcome, resource, actor, origin, intent }) => [
      ...[type, outcome, resource, actor, origin, intent],
    ]);
}
