import path from 'node:path';
import { z } from 'zod';
import { LANGUAGES, MERCHANT, type Language } from '../capture/flow.js';
import { AppError, type MemberError } from '../errors.js';
import { readFolder, readTextFile } from '../flow/flow-files.js';
import {
  PLACEHOLDERS,
  valuesOf,
  type Placeholder,
  type ReceiptFacts,
  type ReceiptMerchant,
} from './receipt-values.js';
import { RECEIPT_KINDS, type ReceiptKind } from './receipts.js';
import { asHtml, asText, readTemplate, render, type Template } from './template.js';

/** The finished texts of one receipt. */
export interface ReceiptText {
  sms: string;
  subject: string;
  mail: string;
  html: string;
}

type Templates = Readonly<Record<keyof ReceiptText, Template<Placeholder>>>;

/** The words of receipts and the merchants that send them. They don't change while the service runs. */
export class ReceiptTexts {
  readonly #templates: ReadonlyMap<string, Templates>;
  readonly #merchants: ReadonlyMap<string, ReceiptMerchant>;

  constructor(templates: ReadonlyMap<string, Templates>, merchants: ReadonlyMap<string, ReceiptMerchant>) {
    this.#templates = templates;
    this.#merchants = merchants;
  }

  /** Whether it is known how this merchant is named to payers. */
  knows(merchant: string): boolean {
    return this.#merchants.has(merchant);
  }

  /** One line for each merchant that payers would know by the name, or turn to at the addresses, of nobody. */
  get examples(): string[] {
    return [...this.#merchants]
      .filter(([, { name, contact }]) => name === EXAMPLE.name || contact === EXAMPLE.contact)
      .map(
        ([merchant]) =>
          `ivr-flows/receipts/merchants.yaml: ${merchant} still has the example's name or contact, and payers would ` +
          'read it: put your own there, or send nothing (no SMS_FROM, no SMTP_URL)',
      );
  }

  /** Null for a merchant that isn't known. */
  write(kind: ReceiptKind, merchant: string, language: Language, facts: ReceiptFacts): ReceiptText | null {
    const known = this.#merchants.get(merchant);
    const templates = this.#templates.get(`${language}/${kind}`);
    if (known === undefined || templates === undefined) return null;
    const values = valuesOf(facts, known, language);
    return {
      sms: render(templates.sms, values, asText).trim(),
      subject: render(templates.subject, values, asText).slice(SUBJECT_WORD.length).trim(),
      mail: render(templates.mail, values, asText),
      html: render(templates.html, values, asHtml),
    };
  }
}

/** As they stand in the file that ships. */
const EXAMPLE = { name: 'Example Shop', contact: '+33 1 23 45 67 89, care@shop.example' };

const merchantsSchema = z.record(
  z.string().regex(MERCHANT, 'is no merchant: use a-z, 0-9, - and _, 64 at most'),
  z.strictObject({
    name: z.string().trim().min(1).max(64),
    time_zone: z.string().refine(isTimeZone, 'is no time zone: use an IANA name, such as Europe/Paris'),
    contact: z.string().trim().min(1).max(200),
  }),
);

/**
 * Reads `merchants.yaml` and, for each language and kind, `KIND.sms.txt`, `KIND.mail.txt` (first its subject) and
 * `KIND.mail.html`. Rejects with AppError `config_invalid`: one line for each thing that is wrong, with file and line.
 */
export async function loadReceiptTexts(folder: string): Promise<ReceiptTexts> {
  const faults: MemberError[] = [];
  const merchants = await loadMerchants(folder, faults);
  const templates = new Map<string, Templates>();
  for (const language of LANGUAGES) {
    for (const kind of RECEIPT_KINDS) {
      const loaded = await loadKind(path.join(folder, language), kind, faults);
      if (loaded !== null) templates.set(`${language}/${kind}`, loaded);
    }
  }
  if (faults.length === 0) return new ReceiptTexts(templates, merchants);
  const lines = faults.map(({ path, message }) => `${path}: ${message}`);
  throw new AppError('config_invalid', lines.join('\n'), { errors: faults });
}

async function loadMerchants(folder: string, faults: MemberError[]): Promise<Map<string, ReceiptMerchant>> {
  const { sources, faults: unreadable } = await readFolder(folder);
  faults.push(...unreadable);
  const source = sources.get('merchants.yaml');
  if (source === undefined) return new Map();
  const reading = source.read(merchantsSchema);
  if (reading.ok) return new Map(Object.entries(reading.value));
  faults.push(...reading.faults);
  return new Map();
}

async function loadKind(folder: string, kind: ReceiptKind, faults: MemberError[]): Promise<Templates | null> {
  const names = PLACEHOLDERS[kind];
  const sms = await load('sms.txt');
  const mail = await load('mail.txt');
  const html = await load('mail.html');
  if (sms === null || mail === null || html === null) return null;
  const subject = SUBJECT.exec(mail.text);
  if (subject === null) {
    faults.push({ path: `${mail.file}:1:1`, message: "must begin with 'Subject: ' and an empty line" });
    return null;
  }
  const read = {
    sms: readTemplate(sms.file, sms.text, names),
    subject: readTemplate(mail.file, subject[0].trimEnd(), names),
    mail: readTemplate(mail.file, mail.text.slice(subject[0].length), names, 3),
    html: readTemplate(html.file, html.text, names),
  };
  for (const one of Object.values(read)) if (!one.ok) faults.push(...one.faults);
  if (!(read.sms.ok && read.subject.ok && read.mail.ok && read.html.ok)) return null;
  return {
    sms: read.sms.template,
    subject: read.subject.template,
    mail: read.mail.template,
    html: read.html.template,
  };

  async function load(ending: string): Promise<{ file: string; text: string } | null> {
    const file = path.join(folder, `${kind}.${ending}`);
    const text = await readTextFile(folder, `${kind}.${ending}`);
    if (text.ok) return { file, text: text.value };
    faults.push({ path: file, message: text.reason });
    return null;
  }
}

const SUBJECT_WORD = 'Subject: ';
const SUBJECT = /^Subject: .+\n\n/;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
