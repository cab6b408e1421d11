import { Router } from 'express';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { Movement } from '../../src/psp/simulated/ledger.js';
import { ledgerRoute } from '../../src/sandbox/ledger-route.js';
import type { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';
import { demo } from '../../src/cli/demo.js';
import { mulawOf, wavFile } from '../../src/recording/wav.js';
import { Customer } from '../carrier/simulated/customer.js';
import { ACCOUNT_SID, AUTH_TOKEN, startCarrier } from '../support/carrier.js';

const NUMBER = '+33199000001';
const AGENT = 'sip:agent@sandbox.invalid';

let dir: string;
let customer: Customer;
let carrier: SimulatedCarrier;
let carrierUrl: string;
let service: Server;
/** The last line of events that the service's stream sends, once the caller has keyed this many keys. */
let outcome: { afterKeys: number; event: Readonly<Record<string, unknown>> };
/** What the service was asked to take, and what the provider's ledger says. */
let order: unknown;
const LEDGER: Movement[] = [{ kind: 'take', reference: 'chg_1', amount: 1250, currency: 'EUR' }];

/** Answers calls, dials the agent and follows the keys: as little of the service as the demo needs. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'demo-'));
  customer = new Customer();
  await customer.listen();
  const pages = Router();
  ledgerRoute(pages, { movements: () => LEDGER });
  const recordings = { dir: join(dir, 'recordings'), encode: wavFile };
  ({ carrier, url: carrierUrl } = await startCarrier({ recordings }, pages));
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  carrier.phone(AGENT);
  const stream = `<Connect><Stream url="${customer.streamUrl()}"/></Connect>`;
  customer.answers('/agent', stream);
  customer.answers('/voice', ({ parameters }) => {
    void dialAgent(parameters['From'] ?? '');
    return stream;
  });
  service = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const { port } = service.address() as AddressInfo;
  writeFileSync(
    join(dir, 'sandbox.json'),
    JSON.stringify({
      service_url: `http://127.0.0.1:${port}`,
      carrier_url: carrierUrl,
      api_key: 'k',
      number: NUMBER,
      agent_address: AGENT,
      recordings_dir: recordings.dir,
    }),
  );
});

afterEach(async () => {
  service.closeAllConnections();
  service.close();
  await carrier.close();
  await customer.close();
  rmSync(dir, { recursive: true });
});

async function dialAgent(from: string): Promise<void> {
  await fetch(`${carrierUrl}/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ To: AGENT, From: from, Url: customer.url('/agent') }),
  });
}

const FIELDS = ['payment-card-number', 'expiration-date'] as const;

function capture(change: Readonly<Record<string, unknown>>) {
  const fields = FIELDS.map((name) => ({ name, status: 'pending', digits_entered: 0, masked: '' }));
  const base = {
    id: 'cap_1',
    status: 'collecting',
    reason: null,
    current_field: FIELDS[0],
    token: null,
    card: null,
    charge: null,
  };
  return { ...base, fields, ...change };
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '';
  const live = customer.streams.length === 2;
  if (path.startsWith('/v1/calls/')) response.end(JSON.stringify({ status: live ? 'live' : 'ringing' }));
  else if (path === '/v1/captures') {
    order = await json(request);
    response.writeHead(201).end(JSON.stringify(capture({})));
  } else {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    const tell = (view: unknown) => response.write(`event: capture\ndata: ${JSON.stringify(view)}\n\n`);
    tell(capture({}));
    let keys = 0;
    const fields = [{ name: FIELDS[0], status: 'collecting', digits_entered: 3, masked: '•••' }];
    for (const stream of customer.streams) {
      stream.on('message', ({ event }) => {
        if (event !== 'dtmf') return;
        keys++;
        if (keys === 3) tell(capture({ fields }));
        if (keys === outcome.afterKeys) response.end(`data: ${JSON.stringify(capture(outcome.event))}\n\n`);
      });
    }
  }
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const stdout = new PassThrough();
  const code = await demo.run(args, {
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    env: { DATA_DIR: dir, ...env },
  });
  return { code, text: String(stdout.read()) };
}

describe('tonewall demo', () => {
  it('shows progress, the token, and where the sounds and their picture lie', async () => {
    outcome = {
      afterKeys: 5,
      event: {
        status: 'completed',
        current_field: null,
        token: 'tnw_00000000000000000000000000',
        card: { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 },
      },
    };

    const { code, text } = await run([]);

    expect(code).toBe(0);
    const lines = text.split('\n');
    expect(lines[0]).toBe(`A caller phones ${NUMBER} …`);
    expect(lines).toContain('  Card number     •••');
    expect(lines).toContain('  Agent hears     ♪♪♪♪');
    expect(lines).toContain('  Token           tnw_00000000000000000000000000');
    expect(lines).toContain('  Card            visa •••• 4242  12/2034');
    const folder = join(dir, 'recordings');
    const names = readdirSync(folder);
    const sent = mulawOf(readFileSync(join(folder, names.find((name) => name.includes('sent')) ?? '')));
    expect(sent.length % 160).toBe(0);
    expect(sent.filter((byte) => byte !== 0xff).length).toBeGreaterThan(8000);
    const files = names.map((name) => name.replace(/^CA\w{32}/, 'CA'));
    expect(files.toSorted()).toEqual(['CA-agent-heard.wav', 'CA-caller-sent.wav', 'demo.png']);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/\d{6,}(?=.*4242)/);
  });

  it('with --charge shows the charge, and what the provider’s own ledger says of it', async () => {
    const charge = { id: 'chg_1', status: 'approved', amount: 1250, currency: 'EUR', decline: null };
    const card = { brand: 'visa', last4: '4242', exp_month: 12, exp_year: 2034 };
    outcome = {
      afterKeys: 5,
      event: { status: 'completed', current_field: null, token: 'tnw_1', card, charge },
    };

    const { code, text } = await run(['--charge']);

    expect(code).toBe(0);
    expect(order).toMatchObject({ outcome: 'charge', amount: 1250, currency: 'EUR' });
    const lines = text.split('\n');
    expect(lines).toContain('  Charge          12.50 EUR  approved  chg_1');
    expect(lines).toContain('  Provider says   take 12.50 EUR');
  });

  it('with --charge that is refused ends with 1 and says why', async () => {
    const decline = { for_agent: 'Ask for another card.' };
    const charge = { id: 'chg_2', status: 'declined', amount: 1250, currency: 'EUR', decline };
    const event = { status: 'failed', reason: 'charge_declined', current_field: null, charge };
    outcome = { afterKeys: 1, event };

    const { code, text } = await run(['--charge']);

    expect(code).toBe(1);
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'No token: charge_declined',
        '  Charge          12.50 EUR  declined  chg_2',
        '                  Ask for another card.',
        '  Provider says   nothing was moved',
      ]),
    );
  });

  it('without a token ends with 1 and says why', async () => {
    outcome = { afterKeys: 1, event: { status: 'failed', reason: 'vault_unavailable', current_field: null } };

    const { code, text } = await run(['--language', 'fr']);

    expect(code).toBe(1);
    expect(text).toContain('Pas de jeton : vault_unavailable');
  });

  it('whose events break off says so', async () => {
    outcome = { afterKeys: 1, event: {} };

    await expect(run([])).rejects.toMatchObject({
      message: 'the service ended the stream of events before the capture was over',
    });
  });

  it('without a sandbox says how to start one', async () => {
    await expect(run([], { DATA_DIR: join(dir, 'none') })).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'no sandbox is running here: start it with npm start',
    });
  });

  it('whose sandbox is gone says so', async () => {
    writeFileSync(
      join(dir, 'sandbox.json'),
      readFileSync(join(dir, 'sandbox.json'), 'utf8').replace(carrierUrl, 'http://127.0.0.1:1'),
    );

    await expect(run([])).rejects.toMatchObject({
      message: 'the sandbox does not answer: is npm start still running?',
    });
  });

  it('with a call that ends too soon repeats what the caller was told', async () => {
    customer.answers('/voice', '<Say>Nobody is there.</Say>');

    await expect(run([])).rejects.toMatchObject({
      message: 'the call ended before the agent was on it: Nobody is there.',
    });
  });

  it.each([[['--card', '4242']], [['--language', 'de']], [['--dance']]])('refuses %j', async (args) => {
    await expect(run(args)).rejects.toMatchObject({ code: 'bad_request' });
  });
});
