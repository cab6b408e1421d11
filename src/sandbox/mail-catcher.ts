import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { callbackify } from 'node:util';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Clock } from '../clock.js';
import { newId } from '../id.js';
import { readMail, type MailText } from './mail-text.js';

/** A mail that has arrived. */
export interface CaughtMail extends MailText {
  readonly id: string;
  readonly to: string;
  /** In ms. */
  readonly arrivedAt: number;
}

/** Mails kept; the oldest go first. */
export const MAX_MAILS = 100;
/** Ours are a few KB; a longer one is refused. */
export const MAX_MAIL_BYTES = 256 * 1024;
/** Connections at a time. */
export const MAX_CLIENTS = 20;
/** How long a connection may be silent. */
const SILENCE_MS = 30_000;
/** How long connections are waited for when it ends. */
const CLOSE_MS = 100;

/** A mail server on this machine that takes every mail, whoever it is for, and passes none on. */
export class MailCatcher {
  readonly #clock: Clock;
  readonly #server: SMTPServer;
  /** Oldest first. */
  readonly #byId = new Map<string, CaughtMail>();
  readonly #watchers = new Set<(mail: CaughtMail) => void>();

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.#server = new SMTPServer({
      ...{ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'], disableReverseLookup: true },
      ...{ size: MAX_MAIL_BYTES, rejectOversized: true, maxRecipients: 1, maxClients: MAX_CLIENTS },
      ...{ socketTimeout: SILENCE_MS, closeTimeout: CLOSE_MS, logger: false },
      onData: callbackify(this.#take.bind(this)),
    });
    // Clients that break off are theirs to mend.
    this.#server.on('error', () => {});
  }

  static async start(clock: Clock): Promise<MailCatcher> {
    const catcher = new MailCatcher(clock);
    catcher.#server.listen(0, '127.0.0.1');
    await once(catcher.#server.server, 'listening');
    return catcher;
  }

  /** As `SMTP_URL` has it. */
  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  /** Oldest first. */
  get all(): CaughtMail[] {
    return [...this.#byId.values()];
  }

  find(id: string): CaughtMail | undefined {
    return this.#byId.get(id);
  }

  /** Calls `told` for each mail that arrives, until the returned function is called. */
  onArrival(told: (mail: CaughtMail) => void): () => void {
    this.#watchers.add(told);
    return () => void this.#watchers.delete(told);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** One that is too long is read to its end, and kept nowhere. */
  async #take(stream: SMTPServerDataStream, { envelope }: SMTPServerSession): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (stream.sizeExceeded) chunks.length = 0;
      else chunks.push(chunk);
    }
    if (!stream.sizeExceeded) await this.#keep(Buffer.concat(chunks), envelope.rcptTo[0]?.address ?? '');
  }

  async #keep(raw: Buffer, to: string): Promise<void> {
    const mail = { id: newId('mail_'), to, arrivedAt: this.#clock.now(), ...(await readMail(raw)) };
    this.#byId.set(mail.id, mail);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > MAX_MAILS && oldest !== undefined) this.#byId.delete(oldest);
    for (const told of this.#watchers) told(mail);
  }
}
