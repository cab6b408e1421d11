import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { CARD_SCENARIOS } from '../../src/psp/simulated/scenarios.js';
import type { SandboxFile } from '../../src/sandbox/sandbox.js';
import { BROWSER_PATH, axeFindings, launchBrowser, photograph, watchFaults } from '../support/browser.js';
import { canaryNumber } from '../support/needles.js';
import { freePorts } from '../support/service.js';

const describeInBrowser = BROWSER_PATH === null ? describe.skip : describe;
if (BROWSER_PATH === null)
  console.warn('No browser on PATH: the call by hand is not tested. Install chromium.');

const MAIN = resolve('dist/main.js');

/** Two programs and three pages on a machine that may be busy. */
const PATIENCE_MS = 120_000;

describeInBrowser('a card on a call, by hand', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tonewall-sandbox-'));
  const number = canaryNumber().join('');
  const asksBank = scenarioNumber('asks_bank');
  const wrongCode = scenarioNumber('wrong_code');
  let program: ChildProcess;
  let browser: Browser;
  let agent: Page;
  let phone: Page;
  let inbox: Page;
  let faults: string[][];
  /** Presses that our detector finds in what the agent heard. */
  let pressesHeard = 0;
  let framesHeard = 0;

  beforeAll(async () => {
    if (!existsSync(MAIN)) throw new Error('dist/ is missing: npm run build');
    const [port, metricsPort] = await freePorts(2);
    program = spawn(process.execPath, [MAIN, '--or-sandbox'], {
      cwd: dataDir,
      env: {
        PATH: process.env['PATH'],
        DATA_DIR: dataDir,
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await announced(program);
    const sandbox = JSON.parse(readFileSync(join(dataDir, 'sandbox.json'), 'utf8')) as SandboxFile;

    browser = await launchBrowser();
    const context = await browser.newContext({ locale: 'en-GB', reducedMotion: 'reduce' });
    context.setDefaultTimeout(PATIENCE_MS / 4);
    await context.addInitScript(COLLECT_DIGITS);
    [agent, phone, inbox] = [await context.newPage(), await context.newPage(), await context.newPage()];
    faults = [agent, phone, inbox].map(watchFaults);
    const ear = new DtmfReceiver({ down: () => void pressesHeard++ });
    agent.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (typeof payload === 'string') return;
        framesHeard++;
        ear.process(payload);
      }),
    );
    await agent.goto(`${sandbox.service_url}/console/`);
    await agent.getByText('No call yet').waitFor();
    await phone.goto(`${sandbox.carrier_url}/phone`);
    await phone.getByText('Ready to call').waitFor();
    await inbox.goto(`${sandbox.carrier_url}/inbox`);
  }, PATIENCE_MS);

  afterAll(async () => {
    await browser?.close();
    program?.kill('SIGKILL');
    rmSync(dataDir, { recursive: true, force: true });
  });

  it(
    'rings the agent, who answers',
    async () => {
      await phone.getByRole('button', { name: 'Call', exact: true }).click();
      await agent.getByRole('button', { name: 'Answer' }).waitFor();
      await photograph(agent, 'call-1-ringing');
      await agent.getByRole('button', { name: 'Answer' }).click();
      await agent.getByRole('button', { name: 'Take card' }).waitFor();
      await phone.getByText('Connected').waitFor();
    },
    PATIENCE_MS,
  );

  it(
    'tells the agent of keys that come too early',
    async () => {
      await phone.keyboard.press('5');
      await agent.getByText('The caller has already typed one key').waitFor();
    },
    PATIENCE_MS,
  );

  it(
    'shows the digits as dots while they are keyed',
    async () => {
      await agent.getByLabel('Reference').fill('Order 1042');
      await agent.getByRole('button', { name: 'Take card' }).click();
      await agent.getByText('Please key your card number').waitFor();
      await key(number.slice(0, 7));
      await agent.locator('.field:first-child .group:nth-child(2) i.on:nth-child(3)').waitFor();
      await agent.getByText('The caller is keying').waitFor();
      await agent.waitForFunction(SEES_BEEP);
      await photograph(agent, 'call-2-keying');
      await photograph(phone, 'call-2-phone');
      await key(number.slice(7));
      await agent.getByText('Now the expiry date').waitFor();
      const inClear = await agent.locator('.field:first-child .places b').allTextContents();
      expect(inClear.join('')).toBe(number.slice(-4));
    },
    PATIENCE_MS,
  );

  it(
    'shows the agent brand, last four and a token',
    async () => {
      for (const digit of '1234') await phone.locator(`.key[data-key="${digit}"]`).click();
      await agent.locator('.token code').waitFor();
      expect(await agent.locator('.token code').textContent()).toMatch(/^tnw_[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(await agent.locator('.card-brand').textContent()).toBe('visa');
      expect(await agent.locator('.card-number').textContent()).toContain(number.slice(-4));
      await photograph(agent, 'call-3-token');
      expect(await axeFindings(agent)).toEqual([]);
    },
    PATIENCE_MS,
  );

  it(
    'gives the CRM the same token, signed',
    async () => {
      const event = inbox.locator('[data-type="capture.completed"]');
      await event.waitFor();
      expect(await event.getByText('Signature verified').count()).toBe(1);
      const token = await agent.locator('.token code').textContent();
      expect(await event.locator('dl').textContent()).toContain(token);
      expect(await event.locator('dl').textContent()).toContain('Order 1042');
      await photograph(inbox, 'call-4-inbox');
    },
    PATIENCE_MS,
  );

  it(
    'charges a card whose code was keyed wrong at first, and says so',
    async () => {
      await takeForMoney('12,50', 'Order 1043');
      await key(`${wrongCode}1234`);
      await agent.getByText('Security code').first().waitFor();
      await key('999');
      await agent.getByText('Attempt 2 of 3').waitFor();
      await photograph(agent, 'call-5-wrong-code');
      await key('123');
      await agent.locator('[data-outcome="approved"]').getByText('12.50 EUR').waitFor();
      await photograph(agent, 'call-6-approved');
    },
    PATIENCE_MS,
  );

  it(
    'lets the CRM charge the token again, and give a part back: the provider counts the same',
    async () => {
      const token = await agent.locator('.token code').textContent();
      const card = inbox.locator(`[data-token="${token}"]`);
      await card.getByText('Order 1043').waitFor();
      await card.locator('[data-status="approved"]').getByText('12.50 EUR', { exact: true }).waitFor();
      await card.getByLabel('Amount').fill('8');
      await card.getByRole('button', { name: 'Charge', exact: true }).click();
      const second = card.locator('[data-charge]:has-text("8.00 EUR")');
      await second.getByText('Approved').waitFor();
      await second.getByLabel('Give back').fill('3');
      await second.getByRole('button', { name: 'Refund' }).click();
      await second.getByText('3.00 EUR given back').waitFor();
      await inbox.getByText('The payment provider’s own ledger (3)').click();
      const id = await second.getAttribute('data-charge');
      const moved = await inbox.getByRole('row', { name: id ?? '' }).allTextContents();
      expect(moved.map((row) => row.replaceAll(/\s+/g, ' ').trim())).toEqual([
        `taken 8.00 EUR ${id}`,
        `given back 3.00 EUR ${id}`,
      ]);
      await photograph(inbox, 'call-7-money');
    },
    PATIENCE_MS,
  );

  it(
    'has a way out when the bank refuses by telephone: a link, paid while the talk goes on',
    async () => {
      await takeForMoney('20', 'Order 1044');
      await key(`${asksBank}1234123`);
      await agent.locator('[data-outcome="declined"]').getByText('Send a payment link').waitFor();
      await photograph(agent, 'call-8-refused');
      await agent.getByRole('button', { name: 'Send by SMS' }).click();
      const link = phone.locator('[data-channel="sms"] a').first();
      await link.waitFor();
      await photograph(phone, 'call-9-message');
      await payBy(link);
      await agent.locator('.link').getByText('Paid').waitFor();
      await photograph(agent, 'call-10-paid');
      expect(await axeFindings(agent)).toEqual([]);
      const paid = inbox.locator('.held > li', { hasText: 'Order 1044' });
      await paid.getByRole('button', { name: 'Refund' }).click();
      await paid.getByText('20.00 EUR given back').waitFor();
      await inbox.getByText('The payment provider’s own ledger (5)').waitFor();
    },
    PATIENCE_MS,
  );

  it(
    'sends the link by e-mail instead, in place of keying: paid from the mail on the phone page',
    async () => {
      await takeForMoney('30', 'Order 1045');
      await agent.getByLabel('Number or e-mail').fill('payer@example.com');
      await agent.getByRole('button', { name: 'Send by e-mail' }).click();
      await agent.getByText('I have sent you an e-mail with a link').first().waitFor();
      const mail = phone.locator('[data-channel="email"]').first();
      await mail.getByRole('heading', { name: 'Your payment of €30.00' }).waitFor();
      await mail.getByText('(Order 1045)').waitFor();
      expect(await axeFindings(phone)).toEqual([]);
      await photograph(phone, 'call-11-mail');
      await payBy(mail.getByRole('link').first());
      await agent.locator('.link').getByText('Paid').waitFor();
      await inbox.locator('[data-type="capture.completed"]', { hasText: 'Order 1045' }).waitFor();
    },
    PATIENCE_MS,
  );

  it(
    'ends for both when the caller hangs up, and the outcome stays on the screen',
    async () => {
      await phone.getByRole('button', { name: 'Hang up' }).click();
      await agent.locator('.call-state').getByText('Ended').waitFor();
      expect(await agent.locator('.link').getByText('Paid').count()).toBe(1);
    },
    PATIENCE_MS,
  );

  it('let the agent hear no key', async () => {
    expect(framesHeard).toBeGreaterThan(100);
    expect(pressesHeard).toBe(0);
  });

  it('never put a run of a number’s digits into the agent’s page or the inbox', async () => {
    for (const page of [agent, inbox]) {
      const runs = await page.evaluate<string[]>('[...globalThis.digitRuns]');
      expect(runs.length).toBeGreaterThan(0);
      for (const each of [number, asksBank, wrongCode]) {
        for (let start = 0; start + 7 <= each.length; start++)
          expect(runs.filter((run) => run.includes(each.slice(start, start + 7)))).toEqual([]);
      }
    }
  });

  it('asks no stranger, breaks no policy and logs no error', () => {
    expect(faults).toEqual([[], [], []]);
  });

  it('stops at once on SIGINT', async () => {
    const exited = once(program, 'exit');
    program.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });

  /** The agent asks for a card, to charge it. */
  async function takeForMoney(amount: string, reference: string): Promise<void> {
    await agent.getByRole('radio', { name: 'Charge it' }).check();
    await agent.getByLabel('Amount').fill(amount);
    await agent.getByLabel('Reference').fill(reference);
    await agent.getByRole('button', { name: 'Take a card again' }).click();
    await agent.getByText('Please key your card number').waitFor();
  }

  /** The payer follows a link on his telephone, and his bank asks him. */
  async function payBy(link: Locator): Promise<void> {
    const [page] = await Promise.all([phone.context().waitForEvent('page'), link.click()]);
    await page.getByLabel('Card number').fill(asksBank);
    await page.getByLabel('Expiry date').fill('12/34');
    await page.getByLabel('Security code').fill('123');
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('button', { name: 'Yes' }).click();
    await page.getByText('You can close this page').waitFor();
    await page.close();
  }

  /** By the keyboard: as fast as a person who knows the number by heart. */
  async function key(keys: string): Promise<void> {
    for (const each of keys) await phone.keyboard.press(each, { delay: 80 });
  }
});

/** The published test number by which the simulated provider does this. */
function scenarioNumber(name: string): string {
  const [number] = Object.entries(CARD_SCENARIOS).find(([, scenario]) => scenario.name === name) ?? [];
  if (number === undefined) throw new Error(`no card is ${name}`);
  return number;
}

/** Whether the picture of what is heard is bright at 1 kHz: 32 bands of 31.25 Hz up from its foot. */
const SEES_BEEP = `(() => {
  const canvas = document.querySelector('sound-view canvas');
  const row = canvas.getContext('2d').getImageData(0, canvas.height - 33, canvas.width, 1).data;
  return row.some((value, at) => at % 4 === 0 && value > 150);
})()`;

/** Every run of seven digits or more that the page ever showed or held, with white space taken out. */
const COLLECT_DIGITS = `
  globalThis.digitRuns = new Set();
  const look = () => {
    const root = document.documentElement;
    for (const text of [root.outerHTML, root.textContent.replaceAll(/\\s/g, '')])
      for (const [run] of text.matchAll(/\\d{7,}/g)) globalThis.digitRuns.add(run);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
`;

/** Resolves when the sandbox has printed its addresses. */
function announced(program: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    program.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.includes('CRM inbox')) resolve();
    });
    program.once('exit', () => reject(new Error('the sandbox ended before it was up')));
  });
}
