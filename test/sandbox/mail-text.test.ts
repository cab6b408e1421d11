import { describe, expect, it } from '@jest/globals';
import { readMail } from '../../src/sandbox/mail-text.js';

const read = (...lines: string[]) => readMail(Buffer.from(lines.join('\r\n')));

const TWO_WAYS = [
  ...['Content-Type: multipart/alternative;', '\tboundary="-=a b"', ''],
  ...['This is a mail of several parts.', '---=a b', 'Content-Type: text/plain; charset=utf-8'],
  ...['Content-Transfer-Encoding: base64', '', Buffer.from('Payé.\r\nMerci').toString('base64'), '---=a b'],
  ...['Content-Type: text/html; charset="iso-8859-1"', 'Content-Transfer-Encoding: quoted-printable', ''],
  ...['<p>Pay=E9=', '.</p>', '---=a b--', ''],
];

describe('a mail', () => {
  it('is read in both of its ways, whatever they are written in', () => {
    expect(read('From: Shop <shop@example.com>', 'Subject: Paid', ...TWO_WAYS)).toEqual({
      ...{ from: 'Shop <shop@example.com>', subject: 'Paid', text: 'Payé.\nMerci', html: '<p>Payé.</p>' },
    });
  });

  it('is read where its words lie in a part of a part, beside what is attached', () => {
    const mail = read(
      ...['From: a@example.com', 'Content-Type: multipart/mixed; boundary=outer', '', '--outer', ...TWO_WAYS],
      ...['--outer', 'Content-Type: application/pdf', '', '%PDF', '--outer--', ''],
    );
    expect([mail.text, mail.html]).toEqual(['Payé.\nMerci', '<p>Payé.</p>']);
  });

  it.each([
    ['=?UTF-8?Q?Re=C3=A7u_=3A_12,50?= =?UTF-8?Q?_=E2=82=AC?=', 'Reçu : 12,50 €'],
    ['=?utf-8?B?UmXDp3U=?=\r\n =?iso-8859-1?q?_pay=E9?= now', 'Reçu payé now'],
    ['100 % =?here?= to stay', '100 % =?here?= to stay'],
    ['=?no-such-charset?Q?as=20it=20is?=', 'as it is'],
    ['déjà en UTF-8', 'déjà en UTF-8'],
  ])('has the subject %j', (field, subject) => {
    expect(read('From: a@example.com', `Subject: ${field}`, '', 'Text').subject).toBe(subject);
  });

  it.each([
    ['', { from: '', subject: '', text: '', html: null }],
    ['no head at all', { from: '', subject: '', text: '', html: null }],
    ['Content-Type: multipart/mixed\r\n\r\nno boundary', { from: '', subject: '', text: '', html: null }],
    ['Content-Type: multipart/mixed; boundary=x\r\n\r\n--x', { from: '', subject: '', text: '', html: null }],
    ['Subject: =\r\n\r\n=3', { from: '', subject: '=', text: '=3', html: null }],
  ])('that makes no sense is read all the same: %j', (raw, mail) => {
    expect(readMail(Buffer.from(raw))).toEqual(mail);
  });

  it('is not looked into for ever', () => {
    const deep = Array.from({ length: 6 }, (_, level) => [
      ...[`Content-Type: multipart/mixed; boundary=b${level}`, '', `--b${level}`],
    ]).flat();
    const ends = Array.from({ length: 6 }, (_, level) => `--b${5 - level}--`);
    expect(read(...deep, 'Content-Type: text/plain', '', 'deep', ...ends, '').text).toBe('');
    expect(read(...deep.slice(9), 'Content-Type: text/plain', '', 'deep', ...ends, '').text).toBe('deep');
  });
});
