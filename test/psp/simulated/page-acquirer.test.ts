import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../../src/clock.js';
import type { PageRequest } from '../../../src/psp/psp.js';
import { SimulatedPsp } from '../../../src/psp/simulated-psp.js';
import { SimulatedProvider } from '../../../src/psp/simulated/simulated-provider.js';
import { ManualClock } from '../../support/manual-clock.js';
import { canaryNumber, findNeedles, needles } from '../../support/needles.js';
import { answerBank, typeCard } from '../../support/payer.js';
import { WEBHOOK_SECRET } from '../../support/provider-notice.js';
import { until } from '../../support/service.js';

const RETURN_URL = 'http://127.0.0.1:9/thanks';
const EUR = (amount: number) => ({ amount, currency: 'EUR' });

/** The provider's: nothing passes unless a test says so. */
let clock: ManualClock;
let provider: SimulatedProvider;
let psp: SimulatedPsp;
let door: Server;
/** Of each webhook its headers, and its body. */
let notices: Buffer[];
let count = 0;

beforeEach(async () => {
  notices = [];
  const take = async (notice: IncomingMessage, response: ServerResponse): Promise<void> => {
    notices.push(Buffer.from(JSON.stringify(notice.headers)), await buffer(notice));
    response.writeHead(204).end();
  };
  door = createServer((notice, response) => void take(notice, response));
  await new Promise<void>((resolve) => void door.listen(0, '127.0.0.1', () => resolve()));
  clock = new ManualClock(Date.now());
  const secret = 'sk_simulated';
  provider = await SimulatedProvider.start({
    ...{ secret, webhookSecret: WEBHOOK_SECRET, clock, takes: () => true },
    webhookUrl: `http://127.0.0.1:${(door.address() as AddressInfo).port}/`,
  });
  const { url, ca } = provider;
  psp = new SimulatedPsp({ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock });
});

afterEach(async () => {
  await psp.close();
  await provider.close();
  door.closeAllConnections();
  door.close();
});

async function open(change: Partial<PageRequest> = {}) {
  const reference = `chg_moment${++count}`;
  const page = await psp.hostedPage({
    ...{ reference, money: EUR(1250), description: null, language: 'en', keep: false },
    ...{ returnUrl: RETURN_URL, expiresAt: new Date(clock.now() + 1_800_000).toISOString() },
    ...change,
  });
  return { page, name: { reference, providerReference: page.providerReference } };
}

/** A payer who has told his bank that it is him. */
async function known(change: Partial<PageRequest> = {}, card = '4242424242424242') {
  const opened = await open(change);
  await typeCard(opened.page.url, { card });
  return { ...opened, outcomeUrl: await answerBank(opened.page.url, true) };
}

const leadsTo = async (url: string) => (await fetch(url, { redirect: 'manual' })).headers.get('location');
const textOf = async (url: string) => (await fetch(url)).text();

describe('the acquirer of a hosted page', () => {
  it('is asked once the bank knows the payer, which a look-up and a webhook tell until it has answered', async () => {
    const { page, name, outcomeUrl } = await known({ language: 'fr' });
    const pending = { status: 'pending', providerReference: page.providerReference, step: 'authenticated' };
    expect(await psp.lookUp(name)).toEqual(pending);
    await until(() => notices.length === 2);
    clock.advance(1_499);
    expect(await psp.lookUp(name)).toEqual(pending);
    expect(await leadsTo(outcomeUrl)).toBeNull();
    clock.advance(1);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved', money: EUR(1250) });
    await until(() => notices.length === 4);
    expect(await leadsTo(outcomeUrl)).toBe(RETURN_URL);
    expect(provider.ledger.of(name.reference, 'take')).toEqual({ times: 1, amount: 1250 });
  });

  it('keeps the payer on a page that goes on by itself, in his language, without a script', async () => {
    const { page, outcomeUrl } = await known({ language: 'fr' });
    const path = new URL(outcomeUrl).pathname;
    const french = await textOf(outcomeUrl);
    expect(french).toContain(`<meta http-equiv="refresh" content="2; url=${path}?lang=fr">`);
    expect(french).toContain(`<a class="button quiet" href="${path}?lang=fr">Continuer</a>`);
    expect(french).toContain('<h1>Un instant, s’il vous plaît</h1>');
    const english = await textOf(`${page.url}?lang=en`);
    expect(english).toContain(`<meta http-equiv="refresh" content="2; url=${path}?lang=en">`);
    expect(english).toContain('<h1>One moment, please</h1>');
  });

  it('takes longer where the amount says so', async () => {
    const { name } = await known({ money: EUR(990_021) });
    clock.advance(4_499);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'authenticated' });
    clock.advance(1);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved' });
  });

  it('leaves a refused card to the payer to mend', async () => {
    const { page, name, outcomeUrl } = await known({}, '4000000000009995');
    expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'authenticated' });
    clock.advance(1_500);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'open' });
    expect(await textOf(outcomeUrl)).toContain('The bank refused the payment.');
    await typeCard(page.url);
    await answerBank(page.url, true);
    clock.advance(1_500);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved' });
  });

  it('is not asked for a payer who says that it is not him', async () => {
    const { page, name } = await open();
    await typeCard(page.url);
    const waiting = clock.waiting;
    expect(await answerBank(page.url, false)).not.toContain('outcome');
    expect(clock.waiting).toBe(waiting);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'open' });
  });

  it('is asked once by a payer who answers his bank twice, and types another card meanwhile', async () => {
    const { page, name } = await known();
    await answerBank(page.url, true);
    await answerBank(page.url, false);
    await typeCard(page.url, { card: '4000000000000002' });
    await answerBank(page.url, true);
    clock.advance(1_500);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved', card: { last4: '4242' } });
    expect(provider.ledger.of(name.reference, 'take').times).toBe(1);
  });

  it.each([
    ['4242424242424242', { status: 'approved', money: EUR(1250) }, 1],
    ['4000000000009995', { status: 'declined', code: 'insufficient_funds' }, 0],
  ])('is heard though the page is closed meanwhile: %s', async (card, outcome, times) => {
    const { page, name, outcomeUrl } = await known({}, card);
    await psp.closePage(name);
    await psp.closePage(name);
    const { providerReference } = page;
    const running = { status: 'unknown', providerReference, why: 'still_running', refunded: 0 };
    expect(await psp.lookUp(name)).toEqual(running);
    expect(await textOf(outcomeUrl)).toContain('One moment, please');
    clock.advance(1_500);
    expect(await psp.lookUp(name)).toMatchObject(outcome);
    expect(provider.ledger.of(name.reference, 'take').times).toBe(times);
    expect(await leadsTo(outcomeUrl)).toBe(RETURN_URL);
    await until(() => notices.length === 4);
  });

  it('is heard though the time of the page is over meanwhile', async () => {
    const { name } = await known({ expiresAt: new Date(clock.now() + 1_000).toISOString() });
    clock.advance(1_000);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'unknown', why: 'still_running' });
    clock.advance(500);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved' });
  });
});

describe('a card that is typed on a hosted page', () => {
  it.each([false, true])('is in nothing that the provider shows or tells; kept: %s', async (keep) => {
    const number = canaryNumber();
    const { page, name } = await open({ keep });
    const shown: Buffer[] = [];
    const look = async (url: string, fields: Record<string, string>): Promise<void> => {
      const body = new URLSearchParams(fields);
      const answer = await fetch(url, { method: 'POST', body });
      const headers = JSON.stringify([...answer.headers]);
      shown.push(Buffer.from(`${answer.url} ${headers} ${await answer.text()}`));
    };
    const typed = { card_number: number.join(''), card_code: '7391' };
    // A form that comes back with a mistake is empty.
    await look(page.url, { ...typed, expiry: '13/34' });
    await look(page.url, { ...typed, expiry: '12/34' });
    await look(`${page.url}/bank`, { answer: 'approve' });
    clock.advance(1_500);
    shown.push(Buffer.from(await textOf(page.url)));
    const found = await psp.lookUp(name);
    expect(found).toMatchObject({ status: 'approved', card: { last4: number.subarray(-4).join('') } });
    shown.push(Buffer.from(JSON.stringify([found, provider.orderOf(name.reference), provider.storedCards])));
    await until(() => notices.length === 4);
    const all = Buffer.concat([...shown, ...notices]);
    expect(all.length).toBeGreaterThan(5_000);
    expect(all.includes('7391')).toBe(false);
    expect(findNeedles(all, needles(number))).toEqual([]);
  });
});
