import PostalMime, { type Address } from 'postal-mime';

/** A mail as people see it. */
export interface MailText {
  from: string;
  subject: string;
  text: string;
  html: string | null;
}

/** Never rejects: a mail that can't be read is shown as it came. */
export async function readMail(raw: Buffer): Promise<MailText> {
  try {
    const { from, subject = '', text = '', html = null } = await PostalMime.parse(raw);
    return {
      ...{ from: addressText(from), subject, text: text.replaceAll('\r\n', '\n').trim() },
      html: html?.trim() ?? null,
    };
  } catch {
    return { from: '', subject: '', text: raw.toString('latin1'), html: null };
  }
}

function addressText(from: Address | undefined): string {
  const { name = '', address = '' } = from ?? {};
  return name !== '' && address !== '' ? `${name} <${address}>` : name + address;
}
