import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../src/clock.js';
import { MailWay, type MailServer } from '../../src/message/mail-way.js';
import type { Letter } from '../../src/message/messages.js';
import { LineLogger } from '../carrier/twilio/harness.js';
import { messageWayContract } from '../contract/message-way.contract.js';
import { makeCertificate } from '../support/certificate.js';
import { startMailServer, type TestMailServer } from '../support/mail-server.js';

const FROM = 'Example Shop <receipts@shop.example>';
const LETTER: Letter = {
  ...{
    id: 'Zm9yIHRoZSBtYWlsIHRlc3Qgbm',
    channel: 'email',
    to: 'jane.doe@example.com',
    subject: 'Your receipt',
  },
  ...{ text: 'Paid.', html: '<p>Paid.</p>', language: 'en' },
};

function mailWay(
  server: Partial<MailServer> & { port: number },
  log = new LineLogger(),
  ca?: string,
): MailWay {
  return new MailWay({
    server: { host: '127.0.0.1', tls: 'none', user: null, ...server },
    ...{ from: FROM, clock: systemClock, log, ...(ca !== undefined && { ca }) },
  });
}

/** The first text part of a mail: quoted-printable or as it is. */
function textOf(raw: string): string {
  const part = /text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n(?:\r\n)?--/.exec(raw)?.[1] ?? '';
  const bytes = part
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8').trim();
}

messageWayContract('email', async () => {
  const server = await startMailServer();
  const log = new LineLogger();
  let up = true;
  const close = async (): Promise<void> => {
    if (up) await server.close();
    up = false;
  };
  return {
    way: mailWay(server, log),
    arrived: () => server.mails.map(({ to, raw }) => ({ to: to.join(), text: textOf(raw) })),
    becomes(what) {
      server.onRecipient = what === 'choosy' ? { code: 550 } : null;
      server.onData = { choosy: null, busy: { code: 451 }, broken: 'cut' as const }[what];
    },
    vanish: close,
    logged: () => log.lines.join('\n'),
    close,
  };
});

describe('a mail', () => {
  let server: TestMailServer;
  afterEach(() => server.close());

  it('has both texts, its language, and the same id each time', async () => {
    server = await startMailServer();
    await mailWay(server).hand(LETTER);
    await mailWay(server).hand(LETTER);
    const [first = '', second] = server.mails.map(({ raw }) => /^Message-ID: .*$/im.exec(raw)?.[0]);
    expect(first).toBe('Message-ID: <Zm9yIHRoZSBtYWlsIHRlc3Qgbm@shop.example>');
    expect(second).toBe(first);
    const raw = server.mails[0]?.raw ?? '';
    for (const line of [
      'From: Example Shop <receipts@shop.example>',
      'To: jane.doe@example.com',
      'Subject: Your receipt',
      'Content-Language: en',
      'Auto-Submitted: auto-generated',
    ]) {
      expect(raw).toContain(`${line}\r\n`);
    }
    expect(raw).toMatch(/text\/plain[\s\S]*Paid\.[\s\S]*text\/html[\s\S]*<p>Paid\.<\/p>/);
  });

  it('names the user to the server, and goes by TLS alone', async () => {
    const { certFile, keyFile, ca } = makeCertificate(await mkdtemp(join(tmpdir(), 'tw-mail-')));
    const users: string[] = [];
    server = await startMailServer({
      ...{
        key: readFileSync(keyFile),
        cert: readFileSync(certFile),
        hideSTARTTLS: false,
        authOptional: false,
      },
      onAuth({ username = '', password = '' }, _session, callback) {
        users.push(`${username} ${password}`);
        callback(null, { user: username });
      },
    });
    const user = { name: 'shop', password: 'geheim: ü' };
    const tls = mailWay({ port: server.port, tls: 'starttls', user }, new LineLogger(), ca);
    expect(await tls.hand(LETTER)).toEqual({ status: 'taken' });
    expect(users).toEqual(['shop geheim: ü']);
    // Nobody we know has signed its certificate.
    const doubtful = mailWay({ port: server.port, tls: 'starttls', user });
    expect(await doubtful.hand(LETTER)).toEqual({ status: 'later' });
    expect(users).toHaveLength(1);
    expect(server.mails).toHaveLength(1);
  });

  it('does not go in clear where TLS is asked for and not there', async () => {
    server = await startMailServer();
    const way = mailWay({ port: server.port, tls: 'starttls' });
    expect(await way.hand(LETTER)).toEqual({ status: 'later' });
    expect(server.mails).toEqual([]);
  });

  it('is refused where the server says so for good, and not where it knows us not', async () => {
    server = await startMailServer({
      onAuth: (_auth, _session, callback) => callback(Object.assign(new Error('no'), { responseCode: 535 })),
      allowInsecureAuth: true,
    });
    server.onData = { code: 554 };
    expect(await mailWay(server).hand(LETTER)).toEqual({ status: 'refused', reason: 'refused' });
    server.onData = null;
    const stranger = mailWay({ port: server.port, user: { name: 'who', password: 'knows' } });
    expect(await stranger.hand(LETTER)).toEqual({ status: 'later' });
    expect(server.mails).toEqual([]);
  });
});
