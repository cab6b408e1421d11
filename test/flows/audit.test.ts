import { mkdir, mkdtemp, readdir, rename, rm, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AuditType } from '../../src/audit/audit-event.js';
import { apiRoutes } from '../../src/http/http.js';
import { verifyChain } from '../../src/audit/verify-chain.js';
import { entriesOf } from '../audit/chains.js';
import { startLogStore } from '../support/log-store.js';
import { over, startService, until, type Service } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };

/** What each operation of the API is to the audit trail; null where no card is touched and no capture begun or ended. */
const ROUTES: Readonly<Record<string, AuditType | null>> = {
  'get /v1/calls': null,
  'get /v1/calls/{id}': null,
  'post /v1/captures': 'capture.arm',
  'get /v1/captures': null,
  'get /v1/captures/{id}': null,
  'post /v1/captures/{id}/cancel': 'capture.cancel',
  'post /v1/captures/{id}/extend': null,
  'post /v1/captures/{id}/fields/{name}/clear': null,
  'get /v1/captures/{id}/events': null,
  'post /v1/captures/{id}/link': 'link.send',
  'get /v1/tokens/{token}': 'token.read',
  'delete /v1/tokens/{token}': 'token.destroy',
  'post /v1/charges': 'charge.create',
  'get /v1/charges/{id}': null,
  'get /v1/charges/{id}/refunds': null,
  'post /v1/charges/{id}/refunds': 'charge.refund',
  'post /v1/charges/{id}/void': 'charge.void',
  'get /v1/events': null,
  'get /v1/receipts': null,
};

let dir: string;
let service: Service;
describe('the audit trail of a service', () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tonewall-audit-'));
    service = await startService({ env: { DATA_DIR: dir } });
  });
  afterEach(async () => {
    await service.stop();
    await rm(dir, { recursive: true });
  });

  it('tells of a capture, its token, and what becomes of that, by whom and from where', async () => {
    const { caller } = await service.talk();
    const armed = await service.arm(caller);
    await caller.press('4242424242424242', FAST);
    await caller.press('1234', FAST);
    const { id, token } = await service.captureWhen(armed.id, over);
    const name = `default/${token?.slice(0, 8)}..${token?.slice(-4)}`;
    expect((await service.api('GET', `/v1/tokens/${token}`)).status).toBe(200);
    expect((await service.api('DELETE', `/v1/tokens/${token}`)).status).toBe(204);
    expect((await service.api('GET', `/v1/tokens/${token}`)).status).toBe(404);
    const second = await service.arm(caller);
    await service.api('POST', `/v1/captures/${second.id}/cancel`);

    const call = `default/${(await service.call(caller.sid)).id}`;
    await until(async () => (await told()).length === 14);
    expect(await told()).toEqual([
      ['capture.arm', 'intent', 'API_KEY', '127.0.0.1', call],
      ['capture.arm', 'done', 'API_KEY', '127.0.0.1', `default/${id}`],
      ['token.create', 'intent', 'API_KEY', id, 'default'],
      ['token.create', 'done', 'API_KEY', id, name],
      ['token.read', 'intent', 'API_KEY', '127.0.0.1', name],
      ['token.read', 'done', 'API_KEY', '127.0.0.1', name],
      ['token.destroy', 'intent', 'API_KEY', '127.0.0.1', name],
      ['token.destroy', 'done', 'API_KEY', '127.0.0.1', name],
      ['token.read', 'intent', 'API_KEY', '127.0.0.1', name],
      ['token.read', 'absent', 'API_KEY', '127.0.0.1', name],
      ['access.absent', 'absent', 'API_KEY', '127.0.0.1', '/v1/tokens/{token}'],
      ['capture.arm', 'intent', 'API_KEY', '127.0.0.1', call],
      ['capture.arm', 'done', 'API_KEY', '127.0.0.1', `default/${second.id}`],
      ['capture.cancel', 'done', 'API_KEY', '127.0.0.1', `default/${second.id}`],
    ]);
  });

  it('tells what the service was started with, and no setting can be read from it', async () => {
    const started = (await entriesOf(join(dir, 'audit/service'))).find(
      ({ type }) => type === 'service.start',
    );
    expect(started?.resource).toMatch(/^flows [\w-]{22} settings [\w-]{22}$/);
  });

  it('tells of everybody who is refused', async () => {
    await service.api('GET', '/v1/calls', undefined, { authorization: '' });
    await service.api('GET', '/v1/calls', undefined, { authorization: 'Bearer wrong' });
    await service.api('GET', '/v1/captures/cap_00000000000000000000000000');
    await fetch(`${service.url}/twilio/voice`, { method: 'POST' });
    await until(async () => (await told()).length === 4);
    expect(await told()).toEqual([
      ['access.unauthorized', 'refused', 'unknown', '127.0.0.1', '/v1/calls unknown'],
      ['access.unauthorized', 'refused', 'unknown', '127.0.0.1', '/v1/calls unknown'],
      ['access.absent', 'absent', 'API_KEY', '127.0.0.1', '/v1/captures/{id}'],
      ['access.signature', 'refused', 'unknown', '127.0.0.1', 'carrier'],
    ]);
  });

  it('A33: raises an alert when somebody tries keys', async () => {
    for (let i = 0; i < 30; i++) {
      await service.api('GET', '/v1/calls', undefined, { authorization: `Bearer ${i}` });
    }
    await until(async () => (await told()).length === 31);
    expect((await told()).at(-1)).toEqual([
      ...['alert.refusals', 'done', 'service', 'here', '30 by 127.0.0.1'],
    ]);
    expect(await service.metrics.registry.metrics()).toContain(
      'tonewall_audit_alerts_total{alert="refusals"} 1',
    );
  });

  it('A44: is needed for every card: without it nothing is sealed, shown or begun', async () => {
    const { caller } = await service.talk();
    const armed = await service.arm(caller);
    await rename(join(dir, 'audit/service/0000000001.jsonl'), join(dir, 'gone'));
    await caller.press('4242424242424242', FAST);
    await caller.press('1234', FAST);
    expect(await service.captureWhen(armed.id, over)).toMatchObject({
      ...{ status: 'failed', reason: 'vault_unavailable', token: null },
    });
    expect(await service.redis.admin.keys('tw:v:*:s:*')).toEqual([]);
    expect(await service.api('POST', '/v1/captures', { call: caller.sid })).toMatchObject({
      ...{ status: 503, body: { code: 'vault_unavailable' } },
    });
    expect(await service.api('GET', `/v1/tokens/tnw_${'0'.repeat(26)}`)).toMatchObject({ status: 503 });
    expect(await service.api('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { errors: [{ path: 'audit', message: 'the audit trail can not be written' }] },
    });
    expect(await service.metrics.registry.metrics()).toMatch(/^tonewall_audit_ready 0$/m);
    // Talk goes on.
    expect((await service.call(caller.sid)).status).toBe('live');
  });
});

it('A44: the trail is copied off the machine as it is written, to its last entry', async () => {
  dir = await mkdtemp(join(tmpdir(), 'tonewall-audit-'));
  const store = await startLogStore(join(dir, 'store'));
  service = await startService({ env: { DATA_DIR: dir, AUDIT_SHIP_URL: store.url } });
  await service.stop();
  const entries = await entriesOf(join(dir, 'audit/service'));
  const [chain = ''] = await readdir(store.dir);
  const arrived = await verifyChain(join(store.dir, chain), { keys: null, shipped: true });
  expect(arrived).toMatchObject({ fault: null, head: { seq: entries.length } });
  await store.close();
  await rm(dir, { recursive: true });
});

describe('A44: a service whose disk is full when it starts', () => {
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tonewall-audit-'));
    await mkdir(join(dir, 'audit/service'), { recursive: true });
    await symlink('/dev/full', join(dir, 'audit/service/signer.new'));
    service = await startService({ env: { DATA_DIR: dir } });
  });
  afterEach(async () => {
    await service.stop();
    await rm(dir, { recursive: true });
  });

  it('joins calls and takes no card, until there is room', async () => {
    const { caller } = await service.talk();
    expect(await service.api('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { errors: [{ path: 'audit', message: 'the audit trail can not be written' }] },
    });
    expect(await service.api('POST', '/v1/captures', { call: caller.sid })).toMatchObject({
      ...{ status: 503, body: { code: 'vault_unavailable' } },
    });
    await unlink(join(dir, 'audit/service/signer.new'));
    await until(async () => (await service.api('GET', '/readyz')).status === 200);
    await service.arm(caller);
    expect((await told()).map(([type, outcome]) => [type, outcome])).toEqual([
      ...[
        ['capture.arm', 'intent'],
        ['capture.arm', 'done'],
      ],
    ]);
  });
});

it('has an event for each operation of the API that touches a card or begins or ends a capture', () => {
  const nothing = {} as never;
  const routes = apiRoutes({
    calls: nothing,
    vault: nothing,
    charges: nothing,
    links: nothing,
    events: nothing,
    receipts: nothing,
  });
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(Object.keys(ROUTES));
});

/** Entries of the service's chain that are not about the chain, each outcome behind its intent. */
async function told() {
  return (await entriesOf(join(dir, 'audit/service')))
    .filter(({ type }) => !/^(log|service)\./.test(type))
    .toSorted((a, b) => (a.intent || a.seq) - (b.intent || b.seq))
    .map(({ type, outcome, actor, origin, resource }) => [type, outcome, actor, origin, resource]);
}
