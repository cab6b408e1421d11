import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import type { HostedPage, PageRequest } from '../../../src/psp/psp.js';
import { SimulatedPsp } from '../../../src/psp/simulated-psp.js';
import { SimulatedProvider } from '../../../src/psp/simulated/simulated-provider.js';
import { systemClock } from '../../../src/clock.js';
import { axeFindings, BROWSER_PATH, launchBrowser, photograph } from '../../support/browser.js';
import { ManualClock } from '../../support/manual-clock.js';
import { payOnPage, typeCard } from '../../support/payer.js';
import { WEBHOOK_SECRET } from '../../support/provider-notice.js';

const RETURN_URL = 'http://127.0.0.1:9/thanks';

let provider: SimulatedProvider;
let psp: SimulatedPsp;
let ahead = 0;
let count = 0;

beforeAll(async () => {
  const clock = { ...systemClock, now: () => Date.now() + ahead };
  const secret = 'sk_simulated';
  provider = await SimulatedProvider.start({
    ...{ secret, webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock, acquirerMs: 10 },
  });
  const { url, ca } = provider;
  psp = new SimulatedPsp({ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock });
});

beforeEach(() => {
  ahead = 0;
});

afterAll(async () => {
  await psp.close();
  await provider.close();
});

describe('a hosted page', () => {
  it('says in both languages what is paid, and loads nothing', async () => {
    const { url } = (await open({ language: 'fr', description: 'Commande <1042>' })).page;
    const french = await fetch(url);
    expect(await french.text()).toMatch(/<html lang="fr">[^]*12,50[^]*Commande &#60;1042&#62;/);
    expect(french.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(await (await fetch(`${url}?lang=en`)).text()).toContain('Card number');
  });

  it('shows amounts by the currency’s own exponent', async () => {
    const { page } = await open({ money: { amount: 1250, currency: 'TND' } });
    expect(await (await fetch(page.url)).text()).toContain('1.250');
  });

  it('sends the payer back once he has paid', async () => {
    const { page, name } = await open();
    expect(await payOnPage(page.url, { agreed: true })).toBe(RETURN_URL);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved', refunded: 0 });
    expect(await (await fetch(page.url)).text()).toContain('The payment is made.');
  });

  it('is satisfied where a bank only wanted to know the payer', async () => {
    const { page, name } = await open();
    await payOnPage(page.url, { card: '4000002760003184', agreed: true });
    expect(await psp.lookUp(name)).toMatchObject({ status: 'approved' });
  });

  it('takes the brand that the payer chose', async () => {
    const { page, name } = await open();
    await payOnPage(page.url, { card: '4000002500001001', network: 'visa', agreed: true });
    expect(await psp.lookUp(name)).toMatchObject({
      ...{ status: 'approved', networks: ['cartes_bancaires', 'visa'], network: 'visa' },
    });
  });

  it('lets the payer try three cards, and then says why', async () => {
    const { page, name } = await open();
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect(await payOnPage(page.url, { card: '4000000000009995', agreed: true })).toContain('/pay/');
      expect(await psp.lookUp(name)).toMatchObject({ status: 'pending', step: 'open' });
    }
    expect(await payOnPage(page.url, { card: '4000000000009995', agreed: true })).toBe(RETURN_URL);
    expect(await psp.lookUp(name)).toMatchObject({ status: 'declined', code: 'insufficient_funds' });
    expect(provider.ledger.of(name.reference, 'take').times).toBe(0);
  });

  it.each([
    ['live cards', '4111111111111112', 'live cards are not taken here'],
    ['what is no card', '1234', 'Check the card number'],
  ])('refuses %s', async (_what, card, sentence) => {
    const { page } = await open();
    await payOnPage(page.url, { card, agreed: true });
    expect(await (await fetch(page.url)).text()).toContain(sentence);
  });

  it('takes a card until its last month is over', async () => {
    const today = new Date();
    const month = (after: number): string => {
      const there = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + after));
      return there.toISOString().slice(2, 7).split('-').toReversed().join('/');
    };
    const { page } = await open();
    await typeCard(page.url, { expiry: month(-1) });
    expect(await (await fetch(page.url)).text()).toContain('Check the expiry date');
    await typeCard(page.url, { expiry: month(0) });
    expect(await (await fetch(page.url)).text()).toContain('Payment with the card ending in 4242');
  });

  it('takes one payment from a payer who sends his answer twice', async () => {
    const { page, name } = await open();
    await payOnPage(page.url, { agreed: true });
    await payOnPage(page.url, { agreed: true });
    expect(provider.ledger.of(name.reference, 'take').times).toBe(1);
  });

  it('is over when its time is', async () => {
    const { page, name } = await open();
    ahead = 3_600_000;
    expect((await fetch(page.url)).status).toBe(410);
    await payOnPage(page.url, { agreed: true });
    expect(await psp.lookUp(name)).toMatchObject({ status: 'declined', providerCode: 'expired' });
  });

  it('is not found under another name', async () => {
    expect((await fetch(`${provider.pagesUrl}/pay/${'0'.repeat(26)}`)).status).toBe(404);
  });
});

const inBrowser = BROWSER_PATH === null ? describe.skip : describe;
if (BROWSER_PATH === null) process.stderr.write('no browser: the hosted page is not looked at\n');

inBrowser('a hosted page in a browser without scripts', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 30_000);
  afterAll(() => browser.close());

  it('is paid step by step, and is accessible at each', async () => {
    const clock = new ManualClock(Date.now());
    const secret = 'sk_simulated';
    const shown = await SimulatedProvider.start({
      ...{ secret, webhookSecret: WEBHOOK_SECRET, webhookUrl: null, clock },
    });
    const { url, ca } = shown;
    const client = new SimulatedPsp({
      ...{ url, ca, secret, webhookSecrets: [WEBHOOK_SECRET], clock: systemClock },
    });
    const { page: hosted, name } = await open(
      { language: 'fr', description: 'Commande 1042', keep: true },
      client,
    );
    // axe is a script of the test's own; the page has none, and its policy would allow none.
    const page = await (await browser.newContext({ bypassCSP: true })).newPage();
    await page.goto(hosted.url);
    expect(await page.locator('script').count()).toBe(0);
    const findings = [...(await axeFindings(page))];
    await photograph(page, 'hosted-page');
    await page.getByLabel('Numéro de carte').fill('4242 4242 4242 424');
    await page.getByLabel('Date d’expiration').fill('12/34');
    await page.getByLabel('Code de sécurité').fill('123');
    await page.getByRole('button', { name: 'Payer' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('Utilisez une carte de test');
    findings.push(...(await axeFindings(page)));
    await page.getByLabel('Numéro de carte').fill('4242 4242 4242 4242');
    await page.getByLabel('Date d’expiration').fill('12/34');
    await page.getByLabel('Code de sécurité').fill('123');
    await page.getByRole('button', { name: 'Payer' }).click();
    findings.push(...(await axeFindings(page)));
    await photograph(page, 'hosted-page-bank');
    await page.getByRole('button', { name: 'Oui, payer' }).click();
    await page.getByText('Le paiement est en cours').waitFor();
    // WCAG 2.2.1 is about pages that leave no time to read: this one waits for somebody else, and says so.
    findings.push(...(await axeFindings(page)).filter((line) => !line.startsWith('meta-refresh')));
    await photograph(page, 'hosted-page-wait');
    clock.advance(1_500);
    await page.waitForURL(/thanks|chrome-error/, { waitUntil: 'commit' }).catch(() => {});
    expect(findings).toEqual([]);
    expect(await client.lookUp(name)).toMatchObject({ status: 'approved' });
    await client.close();
    await shown.close();
  }, 30_000);
});

async function open(
  change: Partial<PageRequest> = {},
  client = psp,
): Promise<{
  page: HostedPage;
  name: { reference: string; providerReference: string };
}> {
  const reference = `chg_page${++count}`;
  const page = await client.hostedPage({
    ...{ reference, money: { amount: 1250, currency: 'EUR' }, description: null, language: 'en' },
    keep: false,
    returnUrl: RETURN_URL,
    expiresAt: new Date(Date.now() + 1_800_000).toISOString(),
    ...change,
  });
  return { page, name: { reference, providerReference: page.providerReference } };
}
