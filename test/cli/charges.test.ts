import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ChargeView } from '../../src/capture/view.js';
import { charges } from '../../src/cli/charges.js';
import { entriesOf } from '../audit/chains.js';
import { aTake, SHOP, startChargeWorld, type ChargeWorld } from '../charge/charge-world.js';

let world: ChargeWorld;
beforeAll(async () => {
  world = await startChargeWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.server.admin.flushall());

function run(...args: string[]) {
  return runWith(world.env, ...args);
}

async function runWith(env: ChargeWorld['env'], ...args: string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const ended = charges.run(args, { stdin: process.stdin, stdout, stderr, env });
  const code = await ended.finally(() => {
    stdout.end();
    stderr.end();
  });
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

async function unknown(): Promise<ChargeView> {
  world.psp.deeds.push({ kind: 'lose', took: true });
  return world.charges.charge(SHOP, {
    ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: 'order 7', network: null },
    ...{ idempotencyKey: 'k', language: 'en' },
  });
}

describe('charges unknown', () => {
  it('says so when every charge is settled', async () => {
    expect(await run('unknown')).toEqual({ code: 0, stdout: 'every charge is settled\n', stderr: '' });
  });

  it('lists what an operator needs to look a charge up', async () => {
    const { id } = await unknown();
    const { stdout } = await run('unknown');
    const [headings, row] = stdout.split('\n');
    expect(headings).toMatch(/^charge +state +since +amount +reference +provider reference +merchant$/);
    expect(row).toMatch(new RegExp(`^${id} +unknown +\\S+Z +1000 EUR +order 7 +pay_${id} +shop$`));
    expect((await run('unknown', '--merchant', 'other')).stdout).toBe('every charge is settled\n');
  });

  it('lists a refund of which nobody knows', async () => {
    const charge = await world.charges.charge(SHOP, {
      ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
      ...{ idempotencyKey: 'k', language: 'en' },
    });
    world.psp.deeds.push({ kind: 'lose', took: true });
    await world.charges.refund(SHOP, charge.id, 300, 'r');
    const rows = async () => (await run('unknown')).stdout.trim().split('\n').slice(1);
    expect(await rows()).toEqual([expect.stringContaining('approved, 1 refunds unknown')]);
    await world.settler.settle(SHOP, charge.id);
    await world.store.unsettled.remove({ merchant: SHOP, id: charge.id });
    expect(await rows()).toEqual([expect.stringContaining('approved, refunds to be compared')]);
  });
});

describe('charges show', () => {
  it('shows what is kept, without digests', async () => {
    const { id } = await unknown();
    const shown = JSON.parse((await run('show', id, '--merchant', SHOP)).stdout);
    expect(shown).toMatchObject({ state: 'unknown', merchant: SHOP, view: { id, amount: 1000 } });
    expect(shown).not.toHaveProperty('idempotency');
  });

  it('shows refunds, those that failed too', async () => {
    const charge = await world.charges.charge(SHOP, {
      ...{ token: await world.token(), amount: 1000, currency: 'EUR', reference: null, network: null },
      ...{ idempotencyKey: 'k', language: 'en' },
    });
    world.psp.deeds.push({ kind: 'decline', code: 'processing_error' });
    await world.charges.refund(SHOP, charge.id, 300, 'r');
    const { refunds } = JSON.parse((await run('show', charge.id, '--merchant', SHOP)).stdout);
    const id = expect.stringMatching(/^rfd_/);
    expect(refunds).toEqual([
      { id, kind: 'refund', amount: 300, state: 'failed', since: expect.any(Number) },
    ]);
  });

  it('knows no charge of another merchant', async () => {
    const { id } = await unknown();
    await expect(run('show', id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('charges settle', () => {
  const why = ['--reason', 'seen in the console of the provider', '--merchant', SHOP];

  it('writes the outcome down with its event, and in the audit trail who did it and why', async () => {
    const { id } = await unknown();
    expect(await run('settle', id, '--approved', ...why)).toEqual({
      code: 0,
      stdout: `${id} is approved\n`,
      stderr: '',
    });
    expect(await world.charges.get(SHOP, id)).toMatchObject({
      status: 'approved',
      provider_reference: `pay_${id}`,
    });
    expect((await world.events()).map(({ type }) => type)).toEqual(['charge.unknown', 'charge.approved']);
    expect(await world.store.unsettled.count()).toBe(0);
    const told = await entriesOf(join(world.env['DATA_DIR'] ?? '', 'audit/operator'));
    expect(told.filter(({ type }) => type === 'charge.settle').at(-1)).toMatchObject({
      ...{ outcome: 'done', resource: expect.stringMatching(`^${SHOP}/${id} approved: seen in the console`) },
    });
  });

  it('promises nothing that is not where VAULT_DURABILITY wants it', async () => {
    const { id } = await unknown();
    const replicated = { ...world.env, VAULT_DURABILITY: 'replica' };
    await expect(runWith(replicated, 'settle', id, '--approved', ...why)).rejects.toMatchObject({
      code: 'redis_unavailable',
    });
  });

  it('takes the card with a charge of a capture that was declined', async () => {
    world.psp.deeds.push({ kind: 'lose', took: true });
    const taken = await world.till().take(aTake());
    const id = taken.charge?.id ?? '';
    await run('settle', id, '--declined', ...why);
    expect(await world.charges.get(SHOP, id)).toMatchObject({ status: 'declined', token: null });
    expect(await world.server.admin.keys('tw:v:*:s:*')).toEqual([]);
  });

  it('leaves alone what is settled or in progress', async () => {
    const { id } = await unknown();
    await run('settle', id, '--declined', ...why);
    await expect(run('settle', id, '--approved', ...why)).rejects.toMatchObject({
      message: 'this charge is settled: declined',
    });
    expect(await world.charges.get(SHOP, id)).toMatchObject({ status: 'declined' });
  });

  it('wants an outcome and a reason, with no card number in it', async () => {
    const { id } = await unknown();
    expect((await run('settle', id, '--approved')).code).toBe(2);
    expect((await run('settle', id, ...why)).code).toBe(2);
    expect((await run('nothing')).code).toBe(2);
    await expect(
      run('settle', id, '--approved', '--reason', 'it was 4242424242424242', '--merchant', SHOP),
    ).rejects.toMatchObject({ code: 'bad_request' });
  });
});
