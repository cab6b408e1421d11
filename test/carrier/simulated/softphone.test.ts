import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { WebSocket } from 'ws';
import { systemClock } from '../../../src/clock.js';
import type { PhoneCall } from '../../../src/carrier/simulated/phone.js';
import type { SimulatedCarrier } from '../../../src/carrier/simulated/simulated-carrier.js';
import { startCarrier, ACCOUNT_SID, AUTH_TOKEN } from '../../support/carrier.js';
import { Customer } from './customer.js';

const NUMBER = '+33123456789';
const CALLER = '+33612345678';

let customer: Customer;
let carrier: SimulatedCarrier;
let base: string;

beforeEach(async () => {
  customer = new Customer();
  await customer.listen();
  ({ carrier, url: base } = await startCarrier());
  carrier.number(NUMBER, { voiceUrl: customer.url('/voice') });
  customer.answers('/voice', `<Connect><Stream url="${customer.streamUrl()}"/></Connect>`);
});

afterEach(async () => {
  await carrier.close();
  await customer.close();
});

type Told = Record<string, unknown> & { type: string };

/** A page that is a telephone. */
class Page extends EventEmitter<{ told: [] }> {
  readonly socket: WebSocket;
  readonly told: Told[] = [];
  readonly frames: Buffer[] = [];

  constructor(address: string, carrierUrl = base) {
    super();
    this.socket = new WebSocket(
      `${carrierUrl.replace('http', 'ws')}/simulator/phones/${encodeURIComponent(address)}`,
    );
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(data);
      else this.told.push(JSON.parse(data.toString('utf8')) as Told);
      this.emit('told');
    });
  }

  do(command: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(command));
  }

  async until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await once(this, 'told');
    }
  }

  state(state: string): Promise<Told> {
    return this.until(() => this.told.find((told) => told['state'] === state));
  }
}

async function ring(address: string, twiml = '<Pause length="60"/>'): Promise<void> {
  await fetch(`${base}/2010-04-01/Accounts/${ACCOUNT_SID}/Calls.json`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${ACCOUNT_SID}:${AUTH_TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ To: address, From: NUMBER, Twiml: `<Response>${twiml}</Response>` }),
  });
}

describe('a softphone', () => {
  it('calls, keys, hears and hangs up', async () => {
    const page = new Page(CALLER);
    expect(await page.state('idle')).toEqual({ type: 'state', state: 'idle', call_sid: null, with: null });

    page.do({ type: 'call', to: NUMBER });
    const talking = await page.state('talking');
    expect(talking).toMatchObject({ call_sid: expect.stringMatching(/^CA/), with: NUMBER });
    expect(await page.state('dialing')).toMatchObject({ with: NUMBER });
    const stream = await customer.stream();
    await stream.until('start');

    page.do({ type: 'key_down', key: '5' });
    page.do({ type: 'key_up' });
    const [dtmf] = await stream.until('dtmf');
    expect(dtmf).toMatchObject({ dtmf: { track: 'inbound_track', digit: '5' } });

    stream.play(new Uint8Array(160).fill(0x21));
    await page.until(() => page.frames.find((frame) => frame.includes(0x21)));
    expect(page.frames[0]?.length).toBe(160);

    page.socket.send(Buffer.alloc(160, 0x42));
    while (!stream.audio().includes(Buffer.alloc(160, 0x42))) await once(stream, 'message');

    page.do({ type: 'hang_up' });
    expect(await page.state('ended')).toMatchObject({ call_sid: talking['call_sid'] });
  });

  it('rings, answers, and is told what is said', async () => {
    const page = new Page('client:agent');
    await page.state('idle');

    await ring('client:agent', '<Say language="fr-FR">Bonjour</Say><Pause length="60"/>');
    expect(await page.state('ringing')).toMatchObject({ with: NUMBER });
    page.do({ type: 'answer' });
    await page.state('talking');

    expect(await page.until(() => page.told.find(({ type }) => type === 'said'))).toEqual({
      type: 'said',
      text: 'Bonjour',
      language: 'fr-FR',
    });
  });

  it('declines', async () => {
    const page = new Page('client:agent');
    await page.state('idle');
    const ringing = new Promise<PhoneCall>((resolve) => carrier.phone('client:agent').onRing(resolve));

    await ring('client:agent');
    await page.state('ringing');
    page.do({ type: 'decline' });
    await page.state('ended');

    expect((await ringing).status).toBe('busy');
  });

  it('has one line', async () => {
    const page = new Page('client:agent');
    await page.state('idle');
    await ring('client:agent');
    await page.state('ringing');

    await ring('client:agent');
    page.do({ type: 'answer' });
    await page.state('talking');

    expect(page.told.filter((told) => told['state'] === 'ringing')).toHaveLength(1);
  });

  it('belongs to the page that opened it last, which finds the call as it is', async () => {
    const first = new Page(CALLER);
    await first.state('idle');
    first.do({ type: 'call', to: NUMBER });
    const { call_sid } = await first.state('talking');

    const second = new Page(CALLER);
    const [code] = (await once(first.socket, 'close')) as [number];
    expect(first.told.at(-1)).toEqual({ type: 'replaced' });
    expect(code).toBe(4001);
    expect(await second.state('talking')).toMatchObject({ call_sid, with: NUMBER });

    second.do({ type: 'hang_up' });
    await second.state('ended');
  });

  it('finds a call that rings when it is opened', async () => {
    carrier.phone('client:agent');
    const ringing = new Promise((resolve) => carrier.phone('client:agent').onRing(resolve));
    await ring('client:agent');
    await ringing;

    expect(await new Page('client:agent').state('ringing')).toMatchObject({ with: NUMBER });
  });

  it('hangs up when its page stays away', async () => {
    const { carrier: hasty, url } = await startCarrier({
      clock: { ...systemClock, after: (ms, task) => systemClock.after(ms === 5000 ? 1 : ms, task) },
    });
    hasty.number(NUMBER, { voiceUrl: customer.url('/voice') });
    const page = new Page(CALLER, url);
    await page.state('idle');
    page.do({ type: 'call', to: NUMBER });
    await page.state('talking');
    const stream = await customer.stream();
    await stream.until('start');

    page.socket.close();

    await stream.until('stop');
    await hasty.close();
  });

  it.each([['{'], ['{"type":"dance"}'], ['{"type":"key_down","key":"12"}'], ['[]']])(
    'refuses %s and goes on',
    async (text) => {
      const page = new Page(CALLER);
      await page.state('idle');

      page.socket.send(text);

      expect(await page.until(() => page.told.find(({ type }) => type === 'error'))).toEqual({
        type: 'error',
        message: 'not a command of the softphone protocol',
      });
    },
  );

  it('is closed for a message over 16 KiB', async () => {
    const page = new Page(CALLER);
    await page.state('idle');

    page.socket.send(Buffer.alloc(16 * 1024 + 1));
    const [code] = (await once(page.socket, 'close')) as [number];

    expect(code).toBe(1009);
  });

  it.each(['nobody', '%', '+0'])('is refused at %s, which is no address', async (address) => {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/simulator/phones/${address}`);

    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });
});
