import type { DemoText } from './demo-text.js';
import { moneyText } from '../currency.js';
import type { CaptureAnswer, LedgerEntry } from './sandbox-client.js';

const UP = '\u001b[A';
const CLEAR_LINE = '\u001b[2K\r';
const LABEL_WIDTH = 16;

/** The demo's lines: on a terminal progress is drawn in place, elsewhere only what is new is written. */
export class DemoScreen {
  readonly #out: NodeJS.WritableStream;
  readonly #text: DemoText;
  readonly #inPlace: boolean;
  #drawn: readonly string[] = [];
  #digits: Readonly<Record<string, number>> = {};
  #beeps = 0;

  constructor(out: NodeJS.WritableStream, text: DemoText) {
    this.#out = out;
    this.#text = text;
    this.#inPlace = (out as { isTTY?: boolean }).isTTY === true;
  }

  line(text: string): void {
    this.#out.write(`${text}\n`);
  }

  progress(capture: CaptureAnswer): void {
    this.#countBeeps(capture);
    const lines = capture.fields.map(({ name, status, masked }) => {
      const mark = status === 'accepted' ? ` ${this.#text.accepted}` : '';
      return label(this.#text.fields[name] ?? name, masked + mark);
    });
    if (this.#inPlace) lines.push(this.#beepLine());
    if (capture.status === 'processing') lines.push(label('', this.#text.processing));
    this.#draw(lines.map((line) => line.trimEnd()));
  }

  result({ token, card, reason, status }: CaptureAnswer): void {
    if (!this.#inPlace) this.line(this.#beepLine());
    if (token === null || card === null) {
      this.line(this.#text.noToken(reason ?? status));
      return;
    }
    const expiry = `${String(card.exp_month).padStart(2, '0')}/${card.exp_year}`;
    this.line('');
    this.line(label(this.#text.token, token));
    this.line(label(this.#text.card, `${card.brand} •••• ${card.last4}  ${expiry}`));
  }

  /** What became of the money, and what the provider says of it. */
  charge(charge: NonNullable<CaptureAnswer['charge']>, ledger: readonly LedgerEntry[]): void {
    const { id, status, amount, currency, decline } = charge;
    this.line(
      label(this.#text.charge, `${moneyText(amount, currency)}  ${this.#text.status[status]}  ${id}`),
    );
    if (decline !== null) this.line(label('', decline.for_agent));
    const moved = ledger.map(({ kind, amount, currency }) => `${kind} ${moneyText(amount, currency)}`);
    this.line(label(this.#text.ledger, moved.join(', ') || this.#text.nothingMoved));
  }

  files(recordings: { caller_sent: string; agent_heard: string }, picture: string): void {
    this.line(label(this.#text.callerSent, recordings.caller_sent));
    this.line(label(this.#text.agentHeard, recordings.agent_heard));
    this.line(label(this.#text.picture, picture));
  }

  #beepLine(): string {
    return label(this.#text.agentHears, '♪'.repeat(this.#beeps));
  }

  /** One a key: the digits that were added, and the `*` that took some back. */
  #countBeeps(capture: CaptureAnswer): void {
    for (const { name, digits_entered } of capture.fields) {
      const added = digits_entered - (this.#digits[name] ?? 0);
      this.#beeps += added < 0 ? digits_entered + 1 : added;
    }
    this.#digits = Object.fromEntries(
      capture.fields.map(({ name, digits_entered }) => [name, digits_entered]),
    );
  }

  #draw(lines: readonly string[]): void {
    if (this.#inPlace) {
      this.#out.write((UP + CLEAR_LINE).repeat(this.#drawn.length));
      for (const line of lines) this.line(line);
    } else {
      for (const [i, line] of lines.entries()) if (line !== this.#drawn[i]) this.line(line);
    }
    this.#drawn = lines;
  }
}

function label(name: string, value: string): string {
  return `  ${name.padEnd(LABEL_WIDTH)}${value}`;
}
