import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { DeskView } from '../../src/call/calls.js';
import { OUTCOMES, type CaptureView, type LinkView } from '../../src/capture/view.js';
import { declineOf } from '../../src/charge/refusals.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { createConsole } from '../../src/console/console.js';
import { adviceOf } from '../../src/fraud/advice.js';
import {
  BROWSER_PATH,
  axeFindings,
  buildPages,
  launchBrowser,
  photograph,
  watchFaults,
} from '../support/browser.js';
import { FakeDesk } from '../support/fake-desk.js';
import { CALL, CAPTURE, FakeLinks, LINK, startHttpWorld, type HttpWorld } from '../support/http-world.js';
import { startProvider, type Provider } from '../support/provider.js';
import { over, SERVICE_NUMBER, startService, until, type Service } from '../support/service.js';

const inBrowser = BROWSER_PATH === null ? describe.skip : describe;
if (BROWSER_PATH === null) process.stderr.write('no browser: payment links are not looked at\n');

/** Of the provider: no other timer has it. */
const ACQUIRER_MS = 31;

let webRoot: string;

beforeAll(() => {
  if (BROWSER_PATH !== null) webRoot = buildPages();
}, 60_000);

inBrowser('a payment link in a browser', () => {
  let browser: Browser;
  let provider: Provider;
  let service: Service;
  let root: string;
  /** Answers of the acquirer that wait, where a test looks at what comes before them. */
  let held: (() => void)[] | null = null;
  const clock: Clock = {
    ...systemClock,
    after(ms, task) {
      if (ms !== ACQUIRER_MS || held === null) return systemClock.after(ms, task);
      held.push(task);
      return () => {};
    },
  };

  beforeAll(async () => {
    provider = await startProvider({ clock, acquirerMs: ACQUIRER_MS });
    root = await mkdtemp(join(tmpdir(), 'tonewall-root-'));
    await mkdir(join(root, 'dist'));
    await symlink(webRoot, join(root, 'dist/web'));
    await symlink(resolve('ivr-flows'), join(root, 'ivr-flows'));
    service = await startService({ root, env: { ...provider.env, SMS_FROM: SERVICE_NUMBER } });
    provider.tell(service.url);
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await service.stop();
    await provider.close();
    await rm(root, { recursive: true });
  });

  async function linked(body: object): Promise<LinkView> {
    const { caller } = await service.talk();
    const { id } = await service.arm(caller, { outcome: 'charge', amount: 1250, currency: 'EUR' });
    return (await service.api('POST', `/v1/captures/${id}/link`, body)).body as LinkView;
  }

  async function agree(page: Page): Promise<void> {
    await page.getByLabel('Card number').fill('4000 0027 6000 3184');
    await page.getByLabel('Expiry date').fill('12/34');
    await page.getByLabel('Security code').fill('123');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('button', { name: 'Yes' }).click();
  }

  async function pay(page: Page): Promise<void> {
    await agree(page);
    await page.getByText('You can close this page').waitFor();
  }

  it('is watched by the agent: opened, known to the bank, paid', async () => {
    const agent = await browser.newPage({ locale: 'en-GB', reducedMotion: 'reduce' });
    const faults = watchFaults(agent);
    await agent.goto(`${service.url}/console`);
    const { code } = await linked({ channel: 'spoken' });
    const link = agent.locator('section.link');
    await agent.getByText(code).waitFor();
    const payer = await browser.newPage({ locale: 'en-GB', javaScriptEnabled: false });
    await payer.goto(`${service.url}/l/${code}`);
    await link.getByText('Opened').waitFor();
    held = [];
    await agree(payer);
    await link.getByText('Confirmed at the bank').waitFor();
    await agent.getByText('Your bank has confirmed that it is you. One moment, please.').first().waitFor();
    expect(await photograph(agent, 'agent-link-authenticated')).toEqual([]);
    expect(await payer.getByRole('heading').textContent()).toBe('One moment, please');
    expect(held).toHaveLength(1);
    for (const answer of held) answer();
    held = null;
    await link.getByText('Paid').waitFor();
    await payer.getByText('You can close this page').waitFor();
    expect(faults).toEqual([]);
    await agent.close();
    await payer.close();
  }, 60_000);

  it('is paid from a text message: the bank asks, the capture is completed, the money is taken once', async () => {
    const { capture_id: id } = await linked({ channel: 'sms' });
    await until(() => service.carrier.messages.all.length > 0);
    const [url] = /http:\S+/.exec(service.carrier.messages.all.at(-1)?.body ?? '') ?? [];
    const page = await browser.newPage({ locale: 'en-GB', javaScriptEnabled: false });
    await page.goto(url ?? '');
    await service.captureWhen(id, ({ link }) => link?.status === 'opened');
    await pay(page);
    const done = await service.captureWhen(id, over);
    expect(done).toMatchObject({
      status: 'completed',
      link: { status: 'paid' },
      charge: { status: 'approved' },
    });
    expect(provider.server.ledger.of(done.charge?.id ?? '', 'take')).toEqual({ times: 1, amount: 1250 });
  }, 60_000);

  it('is found by a code that is typed, on a page that loads nothing and anybody can use', async () => {
    const { capture_id: id, code } = await linked({ channel: 'spoken' });
    // axe is a script of the test's own; the page has none, and its policy would allow none.
    const page = await (await browser.newContext({ locale: 'fr-FR', bypassCSP: true })).newPage();
    await page.goto(`${service.url}/l`);
    expect(await page.locator('script').count()).toBe(0);
    expect(await photograph(page, 'link-code')).toEqual([]);
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Votre code').fill('0000-0000');
    await page.getByRole('button', { name: 'Continuer' }).click();
    await page.getByText('Ce code n’est pas connu.').waitFor();
    await page.close();

    const strict = await browser.newPage({ locale: 'en-GB' });
    const faults = watchFaults(strict);
    await strict.goto(`${service.url}/l`);
    await strict.getByLabel('Your code').fill(code.toLowerCase().replace('-', ' '));
    await strict.getByRole('button', { name: 'Continue' }).click();
    await strict.getByRole('link', { name: 'Go to the payment page' }).click();
    await pay(strict);
    expect(await service.captureWhen(id, over)).toMatchObject({
      status: 'completed',
      link: { status: 'paid' },
    });
    expect(faults).toEqual([]);
  }, 60_000);
});

const AFTER_REFUSAL: Partial<CaptureView> = {
  ...{ status: 'failed', reason: 'charge_declined', current_field: null, fields: [] },
  decline: declineOf('authentication_required', 'en'),
};

inBrowser('the agent page and a payment link', () => {
  let browser: Browser;
  let world: HttpWorld;
  let page: Page;
  const desk = new FakeDesk();
  const links = new FakeLinks();

  beforeAll(async () => {
    const options = { calls: desk, links, merchant: 'default', clock: systemClock, live: false };
    const router = createConsole({
      ...{ ...options, outcomes: OUTCOMES, softphoneUrl: null, webRoot },
    });
    world = await startHttpWorld({ clock: systemClock, calls: desk, mounts: [{ path: '/console', router }] });
    browser = await launchBrowser();
    page = await browser.newPage({ locale: 'en-GB', reducedMotion: 'reduce' });
    await page.goto(`${world.url}/console`);
    await page.getByText('No call yet').waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const show = (capture: Partial<CaptureView>) =>
    desk.show({
      ...{
        call: { ...CALL, started_at: new Date(Date.now() - 83_000).toISOString() },
        keying: false,
        choosing: false,
      },
      capture: { ...CAPTURE, outcome: 'charge', amount: 1250, currency: 'EUR', ...capture },
      ...{ deadline: null, attempts: 3 },
    } satisfies DeskView);
  const open = (link: Partial<LinkView>): Partial<CaptureView> => {
    const expires_at = new Date(Date.now() + 1_712_000).toISOString();
    const fields = CAPTURE.fields.map((field) => ({ ...field, status: 'pending' as const }));
    return { status: 'processing', current_field: null, fields, link: { ...LINK, expires_at, ...link } };
  };

  async function looksRight(name: string): Promise<void> {
    expect(await photograph(page, `agent-link-${name}`)).toEqual([]);
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  it('offers it after a refusal that asks for it, by every channel', async () => {
    show(AFTER_REFUSAL);
    await page.getByRole('button', { name: 'Send by SMS' }).waitFor();
    expect(await page.locator('.link button.primary').allTextContents()).toEqual([
      expect.stringContaining('Send by SMS'),
    ]);
    // What was refused can be tried again without being typed again.
    expect(await page.getByLabel('Amount').inputValue()).toBe('12.50');
    expect(await page.getByRole('radio', { name: 'Charge it' }).isChecked()).toBe(true);
    await looksRight('offered');
    await page.getByRole('button', { name: 'Send by SMS' }).click();
    await page.getByLabel('Number or e-mail').fill('payer@example.com');
    await page.getByRole('button', { name: 'Send by e-mail' }).click();
    await until(() => links.asked.length === 2);
    expect(links.asked).toEqual([
      { channel: 'sms', to: null },
      { channel: 'email', to: 'payer@example.com' },
    ]);
  }, 30_000);

  it('shows how far the payer has come, and what to say', async () => {
    show(open({ status: 'sent', channel: 'sms', to: '+336******01', delivery: 'delivered' }));
    await page.getByText('I have sent you a text message').first().waitFor();
    await page.getByText('4F7K-92QX').waitFor();
    expect(await page.locator('.field').count()).toBe(0);
    await looksRight('sent');
    show(open({ status: 'sent', channel: 'sms', to: '+336******01', delivery: 'failed' }));
    await page.locator('.link .chip').getByText('Not delivered').waitFor();
    show(open({ channel: 'spoken', to: null }));
    await page.locator('.link .chip').getByText('To be read out').waitFor();
    show(open({ status: 'opened' }));
    await page.getByText('The page is open').first().waitFor();
    show(open({ status: 'authenticated' }));
    await page.getByText('Your bank has confirmed').first().waitFor();
    show({ ...open({ status: 'paid' }), status: 'completed' });
    await page.getByText('Thank you, your payment is accepted.').first().waitFor();
    await looksRight('paid');
    show({ ...AFTER_REFUSAL, decline: null, link: { ...LINK, status: 'expired' } });
    await page.getByText('The link was not paid').first().waitFor();
    await page.getByRole('button', { name: 'Read it out' }).waitFor();
  }, 30_000);

  it('is not offered where nothing more shall be tried', async () => {
    show({ ...AFTER_REFUSAL, decline: declineOf('pickup_card', 'en') });
    await page.getByText('Next: nothing more').waitFor();
    expect(await page.locator('.link').count()).toBe(0);
  }, 30_000);

  it('that the flow could not send is sent by the agent, who reads why', async () => {
    const advice = adviceOf('link_no_number', 'fr');
    show({ ...AFTER_REFUSAL, advice });
    await page.getByText('No link was sent', { exact: true }).waitFor();
    await page.getByText(adviceOf('link_no_number', 'en').for_agent).waitFor();
    await looksRight('unsent');
    show({ ...AFTER_REFUSAL, ...open({ status: 'sent' }), advice });
    await page.getByText('No link was sent', { exact: true }).waitFor({ state: 'detached' });
  }, 30_000);
});
