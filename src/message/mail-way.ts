import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Handover, Letter, MessageWay } from './messages.js';

export interface MailServer {
  host: string;
  port: number;
  /** From the first byte on (`smtps:`), by STARTTLS or not at all, or not at all (loopback). */
  tls: 'always' | 'starttls' | 'none';
  user: { name: string; password: string } | null;
}

export interface MailWayOptions {
  server: MailServer;
  /** `Name <address>` or an address alone. */
  from: string;
  /** PEM of an authority to trust besides the usual ones. */
  ca?: string;
  clock: Clock;
  log: Logger;
}

const CONNECT_MS = 10_000;
const REPLY_MS = 20_000;
/** All of a handover: many slow replies are too slow as well. */
const HANDOVER_MS = 60_000;

/** How the mail server failed: what nodemailer says of it. */
interface Fault {
  responseCode?: number;
  command?: string;
}

/** Mails, by SMTP. nodemailer's connection is driven by hand, to know what had been sent when it broke. */
export class MailWay implements MessageWay {
  readonly #options: MailWayOptions;
  readonly #open = new Set<SMTPConnection>();

  constructor(options: MailWayOptions) {
    this.#options = options;
  }

  async hand(letter: Letter): Promise<Handover> {
    const { clock, log } = this.#options;
    const mail = await this.#compose(letter);
    const connection = this.#connection();
    this.#open.add(connection);
    let begun = false;
    // Read from the moment on that the server has asked for the mail itself.
    const body = new Readable({
      read() {
        begun = true;
        this.push(mail);
        this.push(null);
      },
    });
    let cancel = (): void => {};
    try {
      await new Promise<void>((resolve, reject) => {
        cancel = clock.after(HANDOVER_MS, () => reject(new Error('too slow')));
        connection.once('error', reject);
        this.#send(connection, letter.to, body).then(resolve, reject);
      });
      return { status: 'taken' };
    } catch (error) {
      const { responseCode = null } = error as Fault;
      log.warn({ status: responseCode, code: codeOf(error) }, 'the mail server did not take a mail');
      return handoverOf(error as Fault, begun);
    } finally {
      cancel();
      // Whatever comes of closing it is nobody's any more.
      connection.on('error', () => {});
      connection.quit();
      connection.close();
      this.#open.delete(connection);
    }
  }

  close(): Promise<void> {
    for (const connection of this.#open) connection.close();
    return Promise.resolve();
  }

  async #compose({ id, to, subject, text, html, language }: Letter): Promise<Buffer> {
    const { from } = this.#options;
    const composer = new MailComposer({
      ...{ from, to, subject: subject ?? '', text, ...(html !== null && { html }) },
      // The same for the same message: a mail box knows a mail that it has already.
      messageId: `<${id}@${domainOf(from)}>`,
      headers: { 'Content-Language': language, 'Auto-Submitted': 'auto-generated' },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    return composer.compile().build();
  }

  #connection(): SMTPConnection {
    const { server, ca } = this.#options;
    return new SMTPConnection({
      ...{ host: server.host, port: server.port, secure: server.tls === 'always' },
      ...{ requireTLS: server.tls === 'starttls', ignoreTLS: server.tls === 'none' },
      ...{ connectionTimeout: CONNECT_MS, greetingTimeout: CONNECT_MS, dnsTimeout: CONNECT_MS },
      ...{ socketTimeout: REPLY_MS, maxResponseSize: 64 * 1024 },
      tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) },
    });
  }

  async #send(connection: SMTPConnection, to: string, body: Readable): Promise<void> {
    const { server, from } = this.#options;
    const { user } = server;
    await done((callback) => connection.connect(callback));
    if (user !== null) {
      const credentials = { user: user.name, pass: user.password };
      await done((callback) =>
        connection.login({ user: user.name, pass: user.password, credentials }, callback),
      );
    }
    await done((callback) => connection.send({ from: addressOf(from), to: [to] }, body, callback));
  }
}

/** A 5xx is a no for good, a 4xx one for now (RFC 5321 4.2.1); who may send at all is the operator's to mend. */
function handoverOf({ responseCode = 0, command }: Fault, begun: boolean): Handover {
  const about = command?.split(' ')[0] ?? '';
  if (responseCode >= 500 && (begun || about === 'MAIL' || about === 'RCPT' || about === 'DATA')) {
    return { status: 'refused', reason: about === 'RCPT' ? 'bad_address' : 'refused' };
  }
  return begun && responseCode === 0 ? { status: 'unsure' } : { status: 'later' };
}

function done(ask: (callback: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => ask((error) => (error ? reject(error) : resolve())));
}

/** The address in `Name <address>`. */
export function addressOf(from: string): string {
  return /<([^<>]+)>$/.exec(from)?.[1] ?? from;
}

function domainOf(from: string): string {
  const address = addressOf(from);
  return address.slice(address.lastIndexOf('@') + 1);
}
