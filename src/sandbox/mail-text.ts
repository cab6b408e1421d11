/** A mail as people see it. */
export interface MailText {
  from: string;
  subject: string;
  text: string;
  html: string | null;
}

/** One part of a mail (RFC 2045): header fields by their names in lower case, and its body, a byte a character. */
interface Part {
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Parts within parts; what lies deeper is not looked at. */
const MAX_DEPTH = 4;
const ENCODED_WORD = /=\?([\w-]+)\?([bq])\?([^?\s]*)\?=/gi;

/**
 * Reads a mail whose words are text, HTML, or both; attachments are left out. Never throws: what can't be decoded is
 * shown as it came.
 */
export function readMail(raw: Buffer): MailText {
  const mail = partOf(raw.toString('latin1'));
  const parts = leaves(mail, MAX_DEPTH);
  const [text, html] = ['text/plain', 'text/html'].map((type) => parts.find((part) => typeOf(part) === type));
  return {
    from: words(mail, 'from'),
    subject: words(mail, 'subject'),
    text: text ? bodyOf(text).replaceAll('\r\n', '\n').trim() : '',
    html: html ? bodyOf(html) : null,
  };
}

function partOf(text: string): Part {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const fields = head
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')
    .map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
  return { fields: new Map(fields), body: rest.join('\r\n\r\n') };
}

function leaves(part: Part, depth: number): Part[] {
  const boundary = parameter(part, 'boundary');
  if (!typeOf(part).startsWith('multipart/') || boundary === null) return [part];
  if (depth === 0) return [];
  // Before the first boundary and after the last stands nothing that is shown (RFC 2046 5.1.1).
  const inner = `\r\n${part.body}`.split(`\r\n--${boundary}`).slice(1, -1);
  return inner.flatMap((text) => leaves(partOf(text.replace(/^[ \t]*\r\n/, '')), depth - 1));
}

function typeOf({ fields }: Part): string {
  return (fields.get('content-type') ?? 'text/plain').split(';')[0]?.trim().toLowerCase() ?? '';
}

function parameter({ fields }: Part, name: string): string | null {
  const found = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;]*))`, 'i').exec(
    fields.get('content-type') ?? '',
  );
  return found?.[1] ?? found?.[2] ?? null;
}

function bodyOf(part: Part): string {
  const encoding = part.fields.get('content-transfer-encoding')?.toLowerCase();
  const charset = parameter(part, 'charset') ?? 'utf-8';
  if (encoding === 'base64') return decoded(Buffer.from(part.body, 'base64'), charset);
  const plain = encoding === 'quoted-printable' ? unquoted(part.body.replaceAll('=\r\n', '')) : part.body;
  return decoded(Buffer.from(plain, 'latin1'), charset);
}

/** A header field with its encoded words read (RFC 2047); the white space between two of them is none. */
function words({ fields }: Part, name: string): string {
  const field = decoded(Buffer.from(fields.get(name) ?? '', 'latin1'), 'utf-8');
  return field
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(ENCODED_WORD, (_word, charset: string, way: string, text: string) => {
      const bytes =
        way.toLowerCase() === 'b'
          ? Buffer.from(text, 'base64')
          : Buffer.from(unquoted(text.replaceAll('_', ' ')), 'latin1');
      return decoded(bytes, charset);
    });
}

/** Quoted-printable: `=` and two hexadecimal digits stand for a byte. */
function unquoted(text: string): string {
  return text.replaceAll(/=([\da-f]{2})/gi, (_quoted, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function decoded(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
