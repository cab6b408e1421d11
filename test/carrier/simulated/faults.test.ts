import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import twilio from 'twilio';
import { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import type { SimulatorSettings } from '../../../src/carrier/simulated/simulator-settings.js';
import { ACCOUNT_SID, AUTH_TOKEN, record, startCarrier } from '../../support/carrier.js';
import { Customer, type Message } from './customer.js';

const NUMBER = '+33123456789';
const CALLER = '+33612345678';

let customer: Customer;
let carrier: SimulatedCarrier;

beforeEach(async () => {
  customer = new Customer();
  await customer.listen();
  ({ carrier } = await startCarrier({ random: sequence(7) }));
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  customer.answers('/voice', `<Connect><Stream url="${customer.streamUrl()}"/></Connect>`);
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
});

/** Numbers from 0 to 1, the same on every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

async function connected(settings: Partial<SimulatorSettings>) {
  const call = carrier.phone(CALLER).call(NUMBER, { settings });
  const stream = await customer.stream();
  await stream.until('start');
  return { call, stream };
}

const chunkOf = ({ media }: Message) => Number((media as { chunk: string }).chunk);

describe('faults on the line', () => {
  it('jitter moves messages but keeps their order', async () => {
    const { stream } = await connected({ jitterMs: 60 });

    const chunks = (await stream.until('media', 20)).map(chunkOf);

    expect(chunks).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  it('a stall holds everything back, then lets it all go in order', async () => {
    const { stream } = await connected({ stall: { everyMs: 400, forMs: 300 } });
    const times: number[] = [];
    stream.on('message', () => times.push(performance.now()));

    const chunks = (await stream.until('media', 18)).map(chunkOf);

    expect(chunks).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(Math.max(...times.slice(1).map((at, i) => at - (times[i] ?? at)))).toBeGreaterThan(200);
  });

  it('lost messages leave gaps in chunk and sequenceNumber', async () => {
    const { stream } = await connected({ lossPercent: 50 });

    const media = await stream.until('media', 10);

    const last = media.at(-1);
    expect(chunkOf(last ?? { event: '' })).toBeGreaterThan(10);
    expect(media.map((message) => Number(message['sequenceNumber']) - chunkOf(message))).toEqual(
      Array(10).fill(1),
    );
  });

  it('late messages come behind the next one, with their own numbers', async () => {
    const { stream } = await connected({ latePercent: 50 });

    const chunks = (await stream.until('media', 20)).map(chunkOf);

    expect(chunks).not.toEqual(chunks.toSorted((a, b) => a - b));
    expect(chunks.filter((chunk, i) => Math.abs(chunk - i - 1) > 1)).toEqual([]);
  });

  it('doubled messages come twice, with the same numbers', async () => {
    const { stream } = await connected({ doubledPercent: 100 });

    const media = await stream.until('media', 6);

    expect(media.map(chunkOf)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(media.map((message) => Number(message['sequenceNumber']))).toEqual([2, 2, 3, 3, 4, 4]);
  });

  it.each<[string, Partial<SimulatorSettings>, string[], boolean]>([
    ['tone and message', {}, ['1'], true],
    ['tone alone', { events: 'absent' }, [], true],
    ['message alone', { tones: 'removed' }, ['1'], false],
    ['two messages', { events: 'doubled' }, ['1', '1'], true],
  ])('a key is heard as %s', async (_what, settings, digits, audible) => {
    const { call, stream } = await connected(settings);

    await call.press('1');

    expect(stream.of('dtmf').map(({ dtmf }) => (dtmf as { digit: string }).digit)).toEqual(digits);
    expect(stream.audio().some((byte) => byte !== 0xff)).toBe(audible);
  });

  it('switches that are changed hold for calls that are up, but for what a call has of its own', async () => {
    const { call, stream } = await connected({ tones: 'removed' });

    Object.assign(carrier.settings, { tones: 'kept', events: 'absent' });
    await call.press('1');

    expect(stream.of('dtmf')).toEqual([]);
    expect(stream.audio().every((byte) => byte === 0xff)).toBe(true);
  });

  it.each([
    ['wrong', 'ws', false],
    ['https-form', 'http', true],
    ['https-form', 'ws', false],
  ] as const)(
    'a %s handshake signature over the %s form of the URL is valid: %p',
    async (signature, scheme, valid) => {
      const { stream } = await connected({ signature });

      const url = customer.streamUrl().replace('ws', scheme);
      const header = String(stream.headers['x-twilio-signature']);
      expect(twilio.validateRequest(AUTH_TOKEN, header, url, {})).toBe(valid);
    },
  );

  it('a handshake without a signature has no header', async () => {
    const { stream } = await connected({ signature: 'missing' });

    expect(stream.headers['x-twilio-signature']).toBeUndefined();
  });
});

describe('the pace', () => {
  it('is 50 frames a second each way, on the same beat for every call', async () => {
    const calls = await Promise.all(
      ['+33600000001', '+33600000002'].map(async (address) => {
        const call = carrier.phone(address).call(NUMBER);
        await call.reached('in-progress');
        return record(call);
      }),
    );
    const first = await customer.stream(1);
    const second = await customer.stream(2);
    await first.until('media', 50);
    await second.until('media', 49);

    const [a, b] = calls.map(({ bytes }) => bytes().length / 160);
    expect(Math.abs((a ?? 0) - (b ?? 0))).toBeLessThanOrEqual(1);
    expect(Math.abs((a ?? 0) - first.of('media').length)).toBeLessThanOrEqual(2);
  });
});

function certificate(dir: string): { key: string; cert: string } {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync(
    'openssl',
    ['req', '-x509', ...newKey, '-keyout', key, '-out', cert, '-days', '2', ...subject],
    {
      stdio: 'ignore',
    },
  );
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    console.log('skipped: no openssl to make a certificate with');
    return false;
  }
}

(hasOpenssl() ? describe : describe.skip)('TLS', () => {
  it.each([
    ['works with an authority to trust', true, []],
    ['fails without, and is noted', false, [11200]],
  ])('%s', async (_what, trusted, codes) => {
    const dir = mkdtempSync(join(tmpdir(), 'tls-'));
    const pair = certificate(dir);
    rmSync(dir, { recursive: true });
    const secure = new Customer(((handler: Parameters<typeof createTlsServer>[1]) =>
      createTlsServer(pair, handler)) as unknown as typeof createServer);
    await secure.listen();
    const strict = new SimulatedCarrier({
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      settings: { sayMsPerCharacter: 0 },
      ...(trusted && { ca: pair.cert }),
    });
    strict.number(NUMBER, { voiceUrl: secure.url('/voice').replace('http', 'https') });
    secure.answers('/voice', `<Connect><Stream url="${secure.streamUrl().replace('ws', 'wss')}"/></Connect>`);

    const call = strict.phone(CALLER).call(NUMBER);
    if (trusted) {
      const stream = await secure.stream();
      await stream.until('media');
    } else await call.reached('completed');

    expect(strict.debug.entries.map(({ code }) => code)).toEqual(codes);
    await strict.close();
    await secure.close();
  });
});
