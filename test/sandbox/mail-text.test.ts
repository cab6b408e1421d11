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
const NOTHING = { from: '', subject: '', text: '', html: null };

describe('a mail', () => {
  it('is read in both of its ways, whatever they are written in', async () => {
    expect(
      await read('From: Shop <shop@example.com>', 'Subject: =?UTF-8?Q?Pay=C3=A9?=', ...TWO_WAYS),
    ).toEqual({
      ...{ from: 'Shop <shop@example.com>', subject: 'Payé', text: 'Payé.\nMerci', html: '<p>Payé.</p>' },
    });
  });

  it('is from an address where nobody is named', async () => {
    expect((await read('From: a@example.com', '', 'Text')).from).toBe('a@example.com');
  });

  it.each(['', 'no head at all', 'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x'])(
    'that makes no sense is read all the same: %j',
    async (raw) => {
      expect(await readMail(Buffer.from(raw))).toEqual(NOTHING);
    },
  );

  it('is shown as it came where its parts are too deep', async () => {
    const deep = Array.from({ length: 400 }, (_, level) => [
      ...[`Content-Type: multipart/mixed; boundary=b${level}`, '', `--b${level}`],
    ]).flat();
    const mail = await read(...deep, 'Content-Type: text/plain', '', 'deep', '');
    expect([mail.subject, mail.text.startsWith('Content-Type: multipart/mixed')]).toEqual(['', true]);
  });
});
