import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import type { ChargeView } from '../../src/capture/view.js';
import { systemClock } from '../../src/clock.js';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import type { Movement } from '../../src/psp/simulated/ledger.js';
import { MailWay } from '../../src/message/mail-way.js';
import { MailCatcher } from '../../src/sandbox/mail-catcher.js';
import { createSandboxPages } from '../../src/sandbox/sandbox-pages.js';
import {
  BROWSER_PATH,
  axeFindings,
  buildPages,
  launchBrowser,
  photograph,
  watchFaults,
} from '../support/browser.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { ACCOUNT_SID, AUTH_TOKEN } from '../support/carrier.js';
import { SimulatedCarrier } from '../../src/carrier/simulated/simulated-carrier.js';

const NUMBER = '+33199000001';
const CALLER = '+33639980001';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const TWIML =
  '<Response><Say language="fr-FR">Bonjour, un instant s’il vous plaît.</Say><Pause length="60"/></Response>';
const TOKEN = 'tnw_AAAAAAAAAAAAAAAAAAAAAAAAAA';

const CHARGE: ChargeView = {
  ...{
    id: 'chg_AAAAAAAAAAAAAAAAAAAAAAAAAA',
    status: 'approved',
    token: TOKEN,
    amount: 1250,
    currency: 'EUR',
  },
  ...{
    reference: null,
    refunded: 0,
    provider: 'simulated',
    provider_reference: 'pay_AAAAAAAAAA',
    decline: null,
  },
  created_at: '2026-01-01T00:00:00.000Z',
};
const DECLINED: ChargeView = {
  ...{ ...CHARGE, id: 'chg_BBBBBBBBBBBBBBBBBBBBBBBBBB', status: 'declined', amount: 990_006 },
  decline: { code: 'authentication_required', for_agent: '?', for_caller: '?', next: 'link' },
};
const MOVEMENTS: Movement[] = [{ kind: 'take', reference: CHARGE.id, amount: 1250, currency: 'EUR' }];

const describeInBrowser = BROWSER_PATH === null ? describe.skip : describe;
if (BROWSER_PATH === null)
  console.warn('No browser on PATH: the sandbox’s pages are not tested. Install chromium.');

describeInBrowser('the sandbox’s pages', () => {
  let browser: Browser;
  let context: BrowserContext;
  let carrier: SimulatedCarrier;
  let mails: MailCatcher;
  /** What speaks for the service: its voice webhook, and its charges. */
  let voice: Server;
  let asked: { line: string; authorization: string | undefined; key: unknown; body: unknown }[] = [];
  let answer = { status: 201, body: '{}' };
  let url: string;

  beforeAll(async () => {
    voice = createServer((request, response) => void serve(request, response));
    await new Promise<void>((resolve) => voice.listen(0, '127.0.0.1', resolve));
    const serviceUrl = `http://127.0.0.1:${(voice.address() as AddressInfo).port}`;
    carrier = new SimulatedCarrier({
      accountSid: ACCOUNT_SID,
      authToken: AUTH_TOKEN,
      settings: { sayMsPerCharacter: 5 },
    });
    mails = await MailCatcher.start(systemClock);
    const pages = createSandboxPages({
      ...{ messages: carrier.messages, mails },
      start: {
        number: NUMBER,
        caller: CALLER,
        agent_page_url: 'http://127.0.0.1:8080/console/',
        docs_url: 'http://127.0.0.1:8080/docs',
        code_page_url: 'http://127.0.0.1:8080/l',
        simulates_payments: true,
      },
      webhookSecrets: [SECRET],
      clock: systemClock,
      webRoot: buildPages(),
      ...{ serviceUrl, apiKey: 'twk_for-tests', movements: () => MOVEMENTS },
    });
    carrier.number(NUMBER, { voiceUrl: `${serviceUrl}/` });
    url = await carrier.listen(0, '127.0.0.1', pages);
    browser = await launchBrowser();
    context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
  });

  afterAll(async () => {
    await browser.close();
    await carrier.close();
    await mails.close();
    voice.close();
    voice.closeAllConnections();
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!request.url?.startsWith('/v1/')) {
      response.writeHead(200, { 'content-type': 'text/xml' }).end(TWIML);
      return;
    }
    const { authorization, 'idempotency-key': key } = request.headers;
    const body = JSON.parse(await text(request)) as unknown;
    asked.push({ line: `${request.method} ${request.url}`, authorization, key, body });
    response.writeHead(answer.status, { 'content-type': 'application/problem+json' }).end(answer.body);
  }

  async function looksRight(page: Page, name: string): Promise<void> {
    expect(await photograph(page, name)).toEqual([]);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await axeFindings(page)).toEqual([]);
    }
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  }

  it('shows who is who at home', async () => {
    const page = await context.newPage();
    const faults = watchFaults(page);
    await page.goto(url);
    await page.getByRole('link', { name: 'Open the telephone' }).waitFor();
    expect(await page.getByRole('link', { name: 'Open the agent’s page' }).getAttribute('href')).toBe(
      'http://127.0.0.1:8080/console/',
    );
    await page.getByRole('row', { name: '4000 0000 0000 0002 Declined' }).waitFor();
    await page.getByText('Amounts that make it refuse').click();
    await page.getByRole('row', { name: '9900.23 EUR Money taken, no answer' }).waitFor();
    await looksRight(page, 'home');
    expect(faults).toEqual([]);
    await page.close();
  });

  describe('the telephone', () => {
    let page: Page;
    let faults: string[];
    /** Presses that our detector finds in what the caller's line carries. */
    const heard: string[] = [];

    beforeAll(async () => {
      page = await context.newPage();
      faults = watchFaults(page);
      await page.goto(`${url}/phone`);
      await page.getByText('Ready to call').waitFor();
    });

    afterAll(() => page.close());

    const keyOf = (key: string) => page.locator(`.key[data-key="${key}"]`);

    async function hears(keys: string): Promise<void> {
      for (let waits = 0; heard.join('') !== keys; waits++) {
        if (waits > 500 || !keys.startsWith(heard.join('')))
          throw new Error(`other keys were heard: ${heard.join('')}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      heard.length = 0;
    }

    it('calls, and shows what the carrier says', async () => {
      await looksRight(page, 'phone-ready');
      await page.getByRole('button', { name: 'Call', exact: true }).click();
      await page.getByText('Connected').waitFor();
      await page.getByText('Bonjour, un instant').waitFor();
      expect(await page.locator('.caption').getAttribute('lang')).toMatch(/^fr/);
      const [call] = carrier.phone(CALLER).calls;
      if (!call) throw new Error('the carrier has no call');
      const receiver = new DtmfReceiver({
        down: ({ key }) => void heard.push('0123456789*#ABCD'[key] ?? '?'),
      });
      call.on('spoken', (frame) => receiver.process(frame));
    });

    it('sounds the keys that are clicked, however fast', async () => {
      for (const key of '1#55*') await keyOf(key).click();
      await hears('1#55*');
    });

    it('sounds a key for as long as it is held', async () => {
      const key = keyOf('9');
      await key.hover();
      await page.mouse.down();
      await page.locator('.key[data-key="9"][data-down="true"]').waitFor();
      await looksRight(page, 'phone-keying');
      await page.mouse.up();
      await page.locator('.key[data-key="9"][data-down="false"]').waitFor();
      await hears('9');
    });

    it('sounds the keys of the keyboard, and Enter on a key that has the focus', async () => {
      await page.keyboard.press('7');
      await page.keyboard.press('#');
      await keyOf('3').focus();
      await page.keyboard.press('Enter');
      await hears('7#3');
    });

    it('keys a test card by itself', async () => {
      await page.getByRole('button', { name: 'Key it Diners Club' }).click();
      await page.getByRole('button', { name: 'Stop keying' }).waitFor();
      await hears('36227206271667');
      await page.getByRole('button', { name: 'Key 12/34' }).click();
      await hears('1234');
    });

    it('changes the carrier’s habits in mid-call', async () => {
      const patched = page.waitForResponse((response) => response.request().method() === 'PATCH');
      await page.getByRole('button', { name: 'Clipped' }).click();
      expect((await patched).status()).toBe(200);
      const late = page.waitForResponse((response) => response.request().method() === 'PATCH');
      await page.getByRole('button', { name: 'Late' }).click();
      expect((await late).status()).toBe(200);
      expect(carrier.settings).toMatchObject({
        tones: { clippedAfterMs: 60 },
        events: 'sent',
        eventDelayMs: 1500,
      });
    });

    it('keys the security code, as long as the brand of the last card has it', async () => {
      await page.getByRole('button', { name: 'Key it American Express' }).click();
      await hears('378282246310005');
      await page.getByRole('button', { name: 'Key code 1234' }).click();
      await hears('1234');
    });

    it('says which cards the bank refuses', async () => {
      await page.getByRole('button', { name: 'Key it Visa Wrong code, unless it is 123' }).waitFor();
    });

    it('shows a short message, and opens the link in it', async () => {
      carrier.messages.send(NUMBER, '+33639980009', 'For somebody else.', null);
      const link = `${url}/sandbox.json`;
      carrier.messages.send(NUMBER, CALLER, `Pay 12.50 EUR: ${link}.`, null);
      await page.getByText('Pay 12.50 EUR:').waitFor();
      expect(await page.getByRole('link', { name: link }).getAttribute('href')).toBe(link);
      expect(await page.locator('.message').count()).toBe(1);
    });

    it('shows a mail as text, and its HTML in a page of its own that runs nothing', async () => {
      const link = `${url}/sandbox.json`;
      const { port } = new URL(mails.url);
      const way = new MailWay({
        server: { host: '127.0.0.1', port: Number(port), tls: 'none', user: null },
        ...{ from: 'Example Shop <shop@sandbox.invalid>', clock: systemClock, log: new LineLogger() },
      });
      await way.hand({
        ...{ id: 'Zm9yIHRoZSBtYWlsIHRlc3Qgbm', channel: 'email', to: 'payer@example.com', language: 'en' },
        ...{ subject: 'Your payment of €12.50', text: `Please pay on <b>this</b> page:\n\n${link}` },
        html: '<h1>Please pay</h1><script>document.querySelector("h1").textContent = "it ran"</script>',
      });
      const item = page.locator('[data-channel="email"]');
      await item.getByRole('heading', { name: 'Your payment of €12.50' }).waitFor();
      await item.getByText('Please pay on <b>this</b> page:').waitFor();
      await item.getByText('E-mail from Example Shop <shop@sandbox.invalid> to payer@example.com').waitFor();
      expect(await item.getByRole('link', { name: link }).getAttribute('href')).toBe(link);
      expect(await page.locator('.messages li').first().getAttribute('data-channel')).toBe('email');
      await looksRight(page, 'phone-message');
      const opened = context.waitForEvent('page');
      await item.getByRole('link', { name: 'Show it with its layout' }).click();
      const laidOut = await opened;
      await laidOut.waitForLoadState();
      expect(await laidOut.textContent('h1')).toBe('Please pay');
      await laidOut.close();
    });

    it('hangs up', async () => {
      await page.getByRole('button', { name: 'Hang up' }).click();
      await page.getByText('Call ended').waitFor();
      expect(carrier.phone(CALLER).calls.size).toBe(0);
      expect(faults).toEqual([]);
    });

    it('gives way politely to a second window', async () => {
      const second = await context.newPage();
      await second.goto(`${url}/phone`);
      await page.getByText('This telephone is open in another window').waitFor();
      await second.close();
    });
  });

  describe('the inbox', () => {
    let page: Page;
    let faults: string[];

    beforeAll(async () => {
      page = await context.newPage();
      faults = watchFaults(page);
      await page.goto(`${url}/inbox`);
      await page.getByText('Nothing yet').waitFor();
    });

    afterAll(() => page.close());

    async function deliver(id: string, body: string, secret = SECRET): Promise<number> {
      const at = new Date();
      const answer = await fetch(`${url}/inbox/events`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, at, body),
        },
        body,
      });
      return answer.status;
    }

    const completed = JSON.stringify({
      type: 'capture.completed',
      timestamp: '2026-01-01T00:00:00.000Z',
      livemode: false,
      sequence: 3,
      data: {
        call_id: 'call_AAAAAAAAAAAAAAAAAAAAAAAAAA',
        reference: '<b>Order 1042</b>',
        token: TOKEN,
        card: { brand: 'visa', bin: '424242', last4: '4242', exp_month: 12, exp_year: 2034 },
      },
    });

    it('shows a signed event with its token and masked card, as text', async () => {
      expect(await deliver('evt_1', completed)).toBe(204);
      await page.getByText('Signature verified').waitFor();
      await page.locator('dl').getByText(TOKEN).waitFor();
      await page.locator('dl').getByText('visa •••• 4242').waitFor();
      await page.locator('dl').getByText('<b>Order 1042</b>').waitFor();
      await page.getByText('The whole event').click();
      await looksRight(page, 'inbox');
    });

    const eventOf = (type: string, sequence: number, data: object) =>
      JSON.stringify({ type, timestamp: '2026-01-01T00:00:00.000Z', livemode: false, sequence, data });

    it('charges the token, under a key of its own, with the API key that no page has', async () => {
      asked = [];
      const card = page.locator(`[data-token="${TOKEN}"]`);
      await card.getByLabel('Amount').fill('19,90');
      await card.getByRole('button', { name: 'Charge', exact: true }).click();
      await expectAsked('POST /v1/charges', {
        token: TOKEN,
        amount: 1990,
        currency: 'EUR',
        reference: '<b>Order 1042</b>',
      });
      expect(await page.content()).not.toContain('twk_');
    });

    it('asks under the same key again when there was no answer, and says what is wrong', async () => {
      const card = page.locator(`[data-token="${TOKEN}"]`);
      const charge = card.getByRole('button', { name: 'Charge', exact: true });
      answer = { status: 503, body: '{"detail":"the vault is away"}' };
      asked = [];
      await charge.click();
      await card.getByText('the vault is away').waitFor();
      answer = { status: 409, body: '{"detail":"the token has been spent"}' };
      await charge.click();
      await card.getByText('the token has been spent').waitFor();
      await charge.click();
      await untilAsked(3);
      const [first, second, third] = asked.map(({ key }) => key);
      expect([second === first, third === first]).toEqual([true, false]);
      await card.getByLabel('Amount').fill('1,999');
      await charge.click();
      await card.getByText('This is no amount of that currency.').waitFor();
      expect(asked).toHaveLength(3);
      answer = { status: 201, body: '{}' };
    });

    it('shows charges and why one was refused, and gives back a part or all', async () => {
      await deliver('evt_c1', eventOf('charge.approved', 1, CHARGE));
      await deliver('evt_c2', eventOf('charge.declined', 1, DECLINED));
      const charge = page.locator(`[data-charge="${CHARGE.id}"]`);
      await charge.getByText('Approved').waitFor();
      await page.locator(`[data-charge="${DECLINED.id}"]`).getByText('Send a payment link').waitFor();
      asked = [];
      await charge.getByRole('button', { name: 'Void all of it' }).click();
      await expectAsked(`POST /v1/charges/${CHARGE.id}/void`, {});
      asked = [];
      await charge.getByLabel('Give back').fill('5');
      await charge.getByRole('button', { name: 'Refund' }).click();
      await expectAsked(`POST /v1/charges/${CHARGE.id}/refunds`, { amount: 500 });
      await deliver(
        'evt_c3',
        eventOf('refund.succeeded', 2, { ...CHARGE, refunded: 500, refund: { amount: 500 } }),
      );
      await charge.getByText('5.00 EUR given back').waitFor();
      expect(await charge.getByLabel('Give back').inputValue()).toBe('7.50');
      await page.getByText('No. 2 of its charge').waitFor();
      await page.getByText('The payment provider’s own ledger (1)').click();
      await page.getByRole('cell', { name: CHARGE.id }).waitFor();
      await looksRight(page, 'inbox-money');
    });

    async function untilAsked(times: number): Promise<void> {
      for (let waits = 0; asked.length < times; waits++) {
        if (waits > 500) throw new Error('the service was not asked');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }

    async function expectAsked(line: string, body: unknown): Promise<void> {
      await untilAsked(1);
      expect(asked).toEqual([
        { line, authorization: 'Bearer twk_for-tests', key: expect.stringMatching(/^[\da-f-]{36}$/), body },
      ]);
    }

    it('counts a delivery that is repeated once', async () => {
      expect(await deliver('evt_1', completed)).toBe(204);
      await page.getByText('delivered 2 times, counted once').waitFor();
      expect(await page.locator('.event[data-type="capture.completed"]').count()).toBe(1);
    });

    it('shows a forged event as one, and refuses it', async () => {
      expect(await deliver('evt_2', completed, 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD')).toBe(401);
      await page.getByText('Wrong signature').waitFor();
    });

    it('plays dead when told to', async () => {
      await page.getByRole('button', { name: 'Refuse deliveries' }).click();
      await page.getByText('The CRM plays dead').waitFor();
      expect(await deliver('evt_3', completed)).toBe(503);
      await page.getByRole('button', { name: 'Accept deliveries again' }).click();
      await page.getByRole('button', { name: 'Refuse deliveries' }).waitFor();
      expect(await deliver('evt_3', completed)).toBe(204);
      // Answers of the service that are no success: the browser tells of each.
      expect(faults.filter((fault) => !fault.includes('Failed to load resource'))).toEqual([]);
    });

    it('refuses a delivery over its bound', async () => {
      const answer = await fetch(`${url}/inbox/events`, { method: 'POST', body: 'x'.repeat(64 * 1024 + 1) });
      expect(answer.status).toBe(413);
    });
  });
});
