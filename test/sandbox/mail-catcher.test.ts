import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { readConfig } from '../../src/config.js';
import { MailWay } from '../../src/message/mail-way.js';
import type { Letter } from '../../src/message/messages.js';
import {
  MAX_CLIENTS,
  MAX_MAIL_BYTES,
  MAX_MAILS,
  MailCatcher,
  type CaughtMail,
} from '../../src/sandbox/mail-catcher.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { ManualClock } from '../support/manual-clock.js';

const SERVICE = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: '0123456789',
  VAULT_KEY_FILE: '/nowhere/keys.json',
};
const LETTER: Letter = {
  ...{ id: 'Zm9yIHRoZSBtYWlsIHRlc3Qgbm', channel: 'email', to: 'marie@example.fr', language: 'fr' },
  ...{
    subject: 'Reçu : 12,50 € réglés à la Société d’Exemple',
    text: 'Payé.\n\nMerci !',
    html: '<p>Payé.</p>',
  },
};

let catcher: MailCatcher;
let way: MailWay;

beforeEach(async () => {
  catcher = await MailCatcher.start(new ManualClock());
  const { mail } = readConfig({
    ...SERVICE,
    SMTP_URL: catcher.url,
    MAIL_FROM: 'Exemple <shop@sandbox.invalid>',
  }).config;
  if (mail === null) throw new Error('the settings name no mail server');
  way = new MailWay({ server: mail, from: mail.from, clock: systemClock, log: new LineLogger() });
});
afterEach(async () => {
  await way.close();
  await catcher.close();
});

describe('the sandbox’s mail server', () => {
  it('shows a mail of the service as the payer reads it, to whoever waits for it', async () => {
    const told: CaughtMail[] = [];
    const stop = catcher.onArrival((mail) => told.push(mail));
    expect(await way.hand(LETTER)).toEqual({ status: 'taken' });
    stop();
    await way.hand({ ...LETTER, html: null });
    const mail: CaughtMail = {
      id: expect.stringMatching(/^mail_/) as unknown as string,
      ...{
        from: 'Exemple <shop@sandbox.invalid>',
        to: 'marie@example.fr',
        arrivedAt: new ManualClock().now(),
      },
      ...{ subject: LETTER.subject ?? '', text: LETTER.text, html: '<p>Payé.</p>' },
    };
    expect(told).toEqual([mail]);
    expect(catcher.all).toEqual([mail, { ...mail, html: null }]);
    expect(catcher.find(told[0]?.id ?? '')).toBe(told[0]);
  });

  it('refuses a mail that is too long, and keeps nothing of it', async () => {
    const text = 'a line of a mail\n'.repeat(MAX_MAIL_BYTES / 16);
    expect(await way.hand({ ...LETTER, text })).toEqual({ status: 'refused', reason: 'refused' });
    expect(catcher.all).toEqual([]);
  });

  it('forgets the oldest', async () => {
    await way.hand({ ...LETTER, subject: 'the oldest' });
    for (let count = 0; count < MAX_MAILS; count += MAX_CLIENTS) await hand(MAX_CLIENTS);
    expect(catcher.all.map(({ subject }) => subject)).toEqual(Array(MAX_MAILS).fill('one of many'));
  });

  it('puts off who comes when too many are there', async () => {
    const statuses = await hand(2 * MAX_CLIENTS);
    expect(new Set(statuses)).toEqual(new Set(['taken', 'later']));
    expect(catcher.all).toHaveLength(statuses.filter((status) => status === 'taken').length);
  });

  it('is on this machine alone, and ends though somebody is connected', async () => {
    const { hostname, port } = new URL(catcher.url);
    expect(hostname).toBe('127.0.0.1');
    const silent = connect(Number(port), hostname);
    await once(silent, 'data');
    await catcher.close();
    catcher = await MailCatcher.start(new ManualClock());
  });

  async function hand(count: number): Promise<string[]> {
    const letters = Array.from({ length: count }, () => way.hand({ ...LETTER, subject: 'one of many' }));
    return (await Promise.all(letters)).map(({ status }) => status);
  }
});
