import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { AppError } from '../../src/errors.js';
import { createPspWebhook } from '../../src/http/psp-webhook.js';
import { silentLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { PspNotice } from '../../src/psp/psp.js';
import { MemoryAudit } from '../support/audit.js';

const audit = new MemoryAudit();
const woken: string[] = [];
let away = false;
let server: Server;
beforeAll(async () => {
  const psp = {
    name: 'ledger',
    webhook: (body: Buffer, headers: NodeJS.Dict<string | string[]>): PspNotice | 'irrelevant' | null => {
      if (headers['signature'] !== 'good') return null;
      if (body.toString() === 'weather') return 'irrelevant';
      return { id: 'ntc_1', payment: { reference: body.toString(), providerReference: null }, refund: false };
    },
  };
  const settler = {
    wake: async ({ payment }: PspNotice) => {
      if (away) throw new AppError('redis_unavailable', 'Redis does not answer');
      woken.push(payment.reference);
    },
  };
  const door = createPspWebhook({ psp, settler, audit, log: silentLogger, metrics: createMetrics() });
  server = createServer(express().use('/psp', door));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(() => {
  woken.length = 0;
  audit.told.length = 0;
  away = false;
});

function post(
  body: string,
  headers: Record<string, string> = { signature: 'good' },
  path = '/psp/ledger/webhook',
) {
  return request(server)
    .post(path)
    .set({ 'content-type': 'application/json', ...headers })
    .send(body);
}

describe('the door of the payment provider', () => {
  it('has the charge looked up, and believes nothing else of a notice', async () => {
    expect((await post('chg_1')).status).toBe(204);
    expect(woken).toEqual(['chg_1']);
  });

  it('takes what is signed and of no matter', async () => {
    expect((await post('weather')).status).toBe(204);
    expect(woken).toEqual([]);
  });

  it('A31: does nothing for a notice that is forged, and writes it down', async () => {
    expect((await post('chg_1', { signature: 'forged' })).status).toBe(400);
    expect((await post('chg_1', {})).status).toBe(400);
    expect(woken).toEqual([]);
    expect(audit.told).toEqual([
      ['access.signature', 'refused', 'ledger', 'service'],
      ['access.signature', 'refused', 'ledger', 'service'],
    ]);
  });

  it('asks for the notice again while it can not be noted', async () => {
    away = true;
    expect((await post('chg_1')).status).toBe(503);
  });

  it('reads no more than a notice needs, and only its own provider’s', async () => {
    expect((await post('x'.repeat(65_537))).status).toBe(413);
    expect((await post('chg_1', { signature: 'good', 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await post('chg_1', { signature: 'good' }, '/psp/other/webhook')).status).toBe(404);
    expect(woken).toEqual([]);
  });
});
