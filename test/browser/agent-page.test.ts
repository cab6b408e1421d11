import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import type { DeskView } from '../../src/call/calls.js';
import { OUTCOMES, type CaptureView, type ChargeView, type FieldView } from '../../src/capture/view.js';
import { adviceOf } from '../../src/fraud/advice.js';
import { declineOf } from '../../src/charge/refusals.js';
import { dots, type Masked } from '../../src/card/mask.js';
import { systemClock } from '../../src/clock.js';
import { createConsole } from '../../src/console/console.js';
import { AppError } from '../../src/errors.js';
import {
  BROWSER_PATH,
  axeFindings,
  buildPages,
  launchBrowser,
  photograph,
  watchFaults,
} from '../support/browser.js';
import { startCarrier } from '../support/carrier.js';
import { CARD_VIEW } from '../support/card-view.js';
import { FakeDesk } from '../support/fake-desk.js';
import { CALL, CAPTURE, FakeLinks, TOKEN, startHttpWorld, type HttpWorld } from '../support/http-world.js';

const NUMBER: FieldView = {
  name: 'payment-card-number',
  status: 'collecting',
  digits_entered: 0,
  masked: dots(0),
  attempt: 1,
  error: null,
};
const EXPIRY: FieldView = { ...NUMBER, name: 'expiration-date', status: 'pending' };
const NUMBER_ACCEPTED: FieldView = {
  ...NUMBER,
  status: 'accepted',
  digits_entered: 16,
  masked: '••••••••••••4242' as Masked,
};

const live = (): DeskView => ({
  call: { ...CALL, started_at: new Date(Date.now() - 83_000).toISOString() },
  capture: null,
  keying: false,
  choosing: false,
  deadline: null,
  attempts: 3,
});

const collecting = (fields: FieldView[], more: Partial<DeskView> = {}): DeskView => ({
  ...live(),
  capture: { ...CAPTURE, reference: 'Order 1042', amount: 1250, currency: 'EUR', fields },
  deadline: new Date(Date.now() + 26_000).toISOString(),
  ...more,
});

const over = (capture: Partial<CaptureView>): DeskView => ({
  ...live(),
  capture: { ...CAPTURE, current_field: null, fields: [NUMBER_ACCEPTED, EXPIRY], ...capture },
});

const describeInBrowser = BROWSER_PATH === null ? describe.skip : describe;
if (BROWSER_PATH === null)
  console.warn('No browser on PATH: the agent page is not tested. Install chromium.');

describeInBrowser('the agent page', () => {
  let browser: Browser;
  let world: HttpWorld;
  let page: Page;
  let faults: string[];
  const desk = new FakeDesk();
  let carrier: Awaited<ReturnType<typeof startCarrier>>;

  beforeAll(async () => {
    carrier = await startCarrier();
    const router = createConsole({
      calls: desk,
      merchant: 'default',
      links: new FakeLinks(),
      clock: systemClock,
      live: false,
      outcomes: OUTCOMES,
      softphoneUrl: `${carrier.url.replace('http', 'ws')}/simulator/phones/client%3Aagent`,
      webRoot: buildPages(),
    });
    world = await startHttpWorld({ clock: systemClock, calls: desk, mounts: [{ path: '/console', router }] });
    browser = await launchBrowser();
    page = await browser.newPage({ locale: 'en-GB', reducedMotion: 'reduce' });
    faults = watchFaults(page);
    await page.goto(`${world.url}/console`);
    await page.getByText('No call yet').waitFor();
  });

  afterAll(async () => {
    await browser.close();
    await world.close();
    await carrier.carrier.close();
  });

  /** Pictures at two widths; nothing scrolls sideways, axe finds nothing, in light and in dark. */
  async function looksRight(name: string): Promise<void> {
    expect(await photograph(page, `agent-${name}`)).toEqual([]);
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await axeFindings(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  it('waits for a call', async () => {
    await looksRight('empty');
  });

  it('shows a call that rings', async () => {
    desk.show({ ...live(), call: { ...CALL, status: 'ringing', started_at: new Date().toISOString() } });
    await page.getByText('Answer to be joined').waitFor();
    await looksRight('ringing');
  });

  it('arms a capture with what was typed', async () => {
    desk.show(live());
    await page.getByLabel('Reference').fill('Order 1042');
    await page.getByLabel('Amount').fill('12,50');
    await looksRight('live');
    const answered = page.waitForResponse('**/captures');
    await page.getByRole('button', { name: 'Take card' }).click();
    expect((await answered).status()).toBe(200);
    expect(desk.armed.at(-1)).toMatchObject({
      call: CALL.id,
      outcome: 'token',
      reference: 'Order 1042',
      amount: 1250,
      currency: 'EUR',
    });
  });

  it('stops a card number that is typed into the form', async () => {
    const armed = desk.armed.length;
    await page.getByLabel('Reference').fill('4242 4242 4242 4242');
    await page.getByRole('button', { name: 'Take card' }).click();
    await page.getByText('Card numbers are never typed here').waitFor();
    expect(desk.armed).toHaveLength(armed);
    await page.getByLabel('Reference').fill('');
  });

  it('says that the caller has typed before a capture was armed', async () => {
    desk.show({ ...live(), call: { ...CALL, keys_before_capture: 5 } });
    await page.getByText('The caller has already typed 5 keys').waitFor();
    await looksRight('typed-early');
  });

  it('shows keying as dots, with the time left and the attempt', async () => {
    desk.show(collecting([{ ...NUMBER, digits_entered: 7, masked: dots(7) }, EXPIRY], { keying: true }));
    await page.getByText('The caller is keying').waitFor();
    expect(await page.locator('.field').first().locator('i.on').count()).toBe(7);
    expect(await page.getByText('Attempt 1 of 3').count()).toBe(1);
    expect(await page.locator('.time-left').textContent()).toMatch(/^0:2\d$/);
    await looksRight('keying');
  });

  it('says what went wrong and what to say', async () => {
    desk.show(collecting([{ ...NUMBER, attempt: 2, error: 'invalid-card-number' }, EXPIRY]));
    await page.getByText('A digit went astray').waitFor();
    expect(await page.getByText('Not a valid card number').count()).toBe(2);
    await looksRight('wrong-number');
  });

  it('asks for a field again, gives more time and cancels', async () => {
    const fields = [
      NUMBER_ACCEPTED,
      { ...EXPIRY, status: 'collecting' as const, digits_entered: 2, masked: dots(2) },
    ];
    const view = collecting(fields);
    desk.show({ ...view, capture: { ...CAPTURE, ...view.capture, current_field: 'expiration-date' } });
    for (const [button, path] of [
      ['Ask again : Card number', 'fields/payment-card-number/clear'],
      ['More time', 'extend'],
      ['Cancel', 'cancel'],
    ] as const) {
      const answered = page.waitForResponse(`**/captures/${CAPTURE.id}/${path}`);
      await page.getByRole('button', { name: button }).click();
      expect((await answered).status()).toBe(200);
    }
    await looksRight('expiry');
  });

  it('says in plain words what the service refused', async () => {
    desk.fault = new AppError('capture_over', 'the capture is over');
    await page.getByRole('button', { name: 'More time' }).click();
    await page.getByText('That is over already').waitFor();
    desk.fault = null;
    // The browser itself notes the refusal.
    expect(faults.splice(0)).toEqual([expect.stringContaining('409')]);
  });

  it('shows brand, last four and a token that can be copied', async () => {
    desk.show(over({ status: 'completed', token: TOKEN, card: CARD_VIEW }));
    await page.getByText(TOKEN).waitFor();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(TOKEN);
    await looksRight('completed');
  });

  const charged = (charge: Partial<ChargeView>, capture: Partial<CaptureView>): DeskView =>
    over({
      ...{ outcome: 'charge', reference: 'Order 1042', amount: 1250, currency: 'EUR' },
      charge: {
        ...{ id: 'chg_6T1M9C4X8Z2Q7V0K5R3W1JNHBG', status: 'declined', token: null, refunded: 0 },
        ...{ amount: 1250, currency: 'EUR', reference: 'Order 1042', decline: null },
        ...{ provider: 'simulated', provider_reference: 'pay_2f9Kq', created_at: '2026-01-01T00:00:00.000Z' },
        ...charge,
      },
      ...capture,
    });

  it('charges what was typed, and no card without an amount', async () => {
    desk.show(live());
    await page.getByRole('radio', { name: 'Charge it' }).check();
    await page.getByLabel('Amount').fill('');
    await page.getByRole('button', { name: 'Take card' }).click();
    await page.getByText('Say how much is to be charged').waitFor();
    await page.getByLabel('Amount').fill('12.50');
    await looksRight('charge');
    const answered = page.waitForResponse('**/captures');
    await page.getByRole('button', { name: 'Take card' }).click();
    expect((await answered).status()).toBe(200);
    expect(desk.armed.at(-1)).toMatchObject({ outcome: 'charge', amount: 1250, currency: 'EUR' });
  });

  it('says that the payment is being made', async () => {
    const fields = [
      NUMBER_ACCEPTED,
      { ...EXPIRY, status: 'accepted' as const, digits_entered: 4, masked: dots(4) },
    ];
    desk.show(over({ outcome: 'charge', amount: 1250, currency: 'EUR', status: 'processing', fields }));
    await page.getByText('Taking the payment').first().waitFor();
    await looksRight('processing');
  });

  it('shows which field is keyed again after a refusal, and why', async () => {
    const code: FieldView = { ...NUMBER, name: 'security-code', attempt: 2, error: 'invalid-security-code' };
    const expiry = { ...EXPIRY, status: 'accepted' as const, digits_entered: 4, masked: dots(4) };
    const view = collecting([NUMBER_ACCEPTED, expiry, code]);
    const decline = declineOf('incorrect_cvc', 'en');
    const retried: Partial<CaptureView> = { outcome: 'charge', current_field: 'security-code', decline };
    desk.show({ ...view, capture: { ...CAPTURE, ...view.capture, ...retried } });
    await page.getByText('Attempt 2 of 3').waitFor();
    await page.locator('.field-error').getByText(decline.for_agent).waitFor();
    await page.locator('.say').getByText('please key the security code once more').waitFor();
    await looksRight('wrong-code');
  });

  it('says beforehand that a bank will probably refuse a payment by telephone', async () => {
    const expiry = { ...EXPIRY, status: 'collecting' as const };
    const view = collecting([NUMBER_ACCEPTED, expiry]);
    const advice = adviceOf('likely_refused_by_phone', 'fr');
    const foreseen: Partial<CaptureView> = { outcome: 'charge', current_field: 'expiration-date', advice };
    desk.show({ ...view, capture: { ...CAPTURE, ...view.capture, ...foreseen } });
    const panel = page.locator('.outcome');
    await panel.getByText(adviceOf('likely_refused_by_phone', 'en').for_agent).waitFor();
    await panel.getByText('Next: a payment link').waitFor();
    await looksRight('foreseen');
  });

  it('shows an approved payment with its card and token', async () => {
    desk.show(
      charged({ status: 'approved', token: TOKEN }, { status: 'completed', token: TOKEN, card: CARD_VIEW }),
    );
    await page.locator('.outcome[data-outcome=approved]').getByText('12.50 EUR').waitFor();
    await page
      .locator('.say')
      .getByText('your payment with the card ending in 4242 has been accepted')
      .waitFor();
    await looksRight('approved');
  });

  it('says why a payment was declined, what to tell the caller, and what comes next', async () => {
    const decline = declineOf('authentication_required', 'en');
    desk.show(charged({ decline }, { status: 'failed', reason: 'charge_declined', decline }));
    await page.locator('.outcome').getByText(decline.for_agent).waitFor();
    await page.locator('.outcome').getByText('Next: a payment link').waitFor();
    await page.locator('.say').getByText(decline.for_caller).waitFor();
    const announced = page.getByRole('status').filter({ hasText: decline.for_agent });
    expect(await announced.count()).toBe(1);
    await page.getByRole('button', { name: 'FR' }).click();
    await page.locator('.outcome').getByText(declineOf('authentication_required', 'fr').for_agent).waitFor();
    await looksRight('declined');
    await page.getByRole('button', { name: 'EN', exact: true }).click();
  });

  it('leads nobody to take a payment twice while one is in doubt', async () => {
    desk.show(charged({ status: 'unknown' }, { status: 'failed', reason: 'charge_unknown' }));
    await page.locator('.outcome').getByText('Do not take it again').waitFor();
    expect(await page.getByRole('button', { name: 'Take a card again' }).count()).toBe(0);
    await looksRight('unknown');
  });

  it('says why no card was taken', async () => {
    desk.show(over({ status: 'failed', reason: 'attempts_used_up' }));
    await page.locator('.capture').getByText('All attempts are used up').waitFor();
    await looksRight('failed');
  });

  it('speaks French, and remembers it', async () => {
    desk.show(collecting([{ ...NUMBER, digits_entered: 11, masked: dots(11) }, EXPIRY], { keying: true }));
    await page.getByRole('button', { name: 'FR' }).click();
    await page.getByText('Continuez, prenez votre temps').waitFor();
    await page.reload();
    await page.getByText('Continuez, prenez votre temps').waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe('fr');
    await looksRight('french');
    await page.emulateMedia({ colorScheme: 'dark' });
    await photograph(page, 'agent-dark');
    await page.emulateMedia({ colorScheme: 'light' });
  });

  it('asks no stranger, breaks no policy and logs no error', () => {
    expect(faults).toEqual([]);
  });
});
