import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureView } from '../../src/capture/view.js';
import type { Program } from '../support/program.js';
import { over } from '../support/service.js';
import { becomesLive, PATIENCE_MS, placeCall, PRESS, type Phone } from './caller.js';
import { distinctCards, EXPIRY, type CanaryCard } from './canary-cards.js';
import { MemoryScan, memoryOf, type Scan } from './memory-scan.js';
import { callByHand } from './raw-caller.js';

/** Calls that are placed at a time. */
const AT_A_TIME = 10;
/** Keys are dropped for so long after a field was refused. */
const DEAF_MS = 1_100;

interface Caller {
  readonly card: CanaryCard;
  readonly phone: Phone;
  capture: string;
}

/** Takes many captures side by side through the stages of a capture, and scans the process's memory at each. */
export class Stages {
  readonly #program: Program;
  readonly #cards: readonly CanaryCard[];
  readonly #scan: MemoryScan;
  /** Names of cards. */
  readonly #live = new Set<string>();
  #callers: Caller[] = [];

  private constructor(program: Program, cards: readonly CanaryCard[]) {
    this.#program = program;
    this.#cards = cards;
    this.#scan = new MemoryScan(cards, PRESS.onMs);
  }

  /**
   * Chooses cards of which the idle process holds no part: it knows published test numbers, which begin alike. One
   * card more than callers, for the caller whose messages are broken.
   */
  static async begin(program: Program, count: number): Promise<Stages> {
    const candidates = distinctCards(2 * count + 10);
    const scan = new MemoryScan(candidates, PRESS.onMs);
    const known = await scan.known(await memoryOf(program));
    await scan.close();
    const unknown = candidates.filter(({ name }) => !known.has(name));
    return new Stages(program, unknown.slice(0, count + 1));
  }

  /** What the process's memory holds at this moment; `copied` is called before the search, which takes its time. */
  async scan(copied = (): void => {}): Promise<Scan> {
    const memory = await memoryOf(this.#program);
    copied();
    const scan = await this.#scan.look(memory, this.#live);
    await this.#keepAlive();
    return scan;
  }

  /** What these bytes hold. */
  look(bytes: Uint8Array): Promise<Scan> {
    const copy = new ArrayBuffer(bytes.length);
    new Uint8Array(copy).set(bytes);
    return this.#scan.look([copy], this.#live);
  }

  close(): Promise<void> {
    return this.#scan.close();
  }

  /**
   * Every caller is on the line with an agent. The agents' lines are still: two hundred that are not are more than two
   * cores bear.
   */
  async talk(): Promise<void> {
    this.#program.carrier.settings.lossPercent = 100;
    const cards = this.#cards.slice(0, -1);
    for (let from = 0; from < cards.length; from += AT_A_TIME) {
      const placed = cards.slice(from, from + AT_A_TIME).map(async (card, index) => {
        return { card, phone: await placeCall(this.#program, from + index), capture: '' };
      });
      this.#callers.push(...(await Promise.all(placed)));
    }
  }

  /** `orders` is what the captures are to do beyond giving a token, in turn. */
  async arm(...orders: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    for (const [index, caller] of this.#callers.entries()) {
      caller.capture = await this.#arm(caller.phone.sid, orders[index % orders.length]);
      this.#live.add(caller.card.name);
    }
  }

  /** Everybody keys the number's first eight digits. */
  async firstDigits(): Promise<void> {
    await this.#key(this.#callers, ({ number }) => number.subarray(0, 8).join(''));
    await this.#each(this.#callers, ({ fields: [number] }) => number?.digits_entered === 8);
  }

  /** Everybody keys the rest, and half of the expiry. */
  async number(): Promise<void> {
    await this.#key(this.#callers, ({ number }) => number.subarray(8).join('') + EXPIRY.slice(0, 2));
    await this.#each(this.#callers, ({ fields: [, expiry] }) => expiry?.digits_entered === 2);
  }

  /** The next callers key the rest of the expiry, and their captures reach that status. */
  async expiry(count: number, status: CaptureView['status']): Promise<void> {
    const callers = this.#next(count);
    await this.#key(callers, () => EXPIRY.slice(2));
    await this.#each(callers, (view) => view.status === status);
  }

  /** Everybody keys the rest of the expiry and the security code; no capture awaits any of it then. */
  async code(): Promise<void> {
    await this.#key(this.#callers, ({ code }) => EXPIRY.slice(2) + code.join(''));
    await this.#each(this.#callers, ({ status, decline }) => status !== 'collecting' || decline !== null);
  }

  /** The captures of all come to their end; whose code is refused keys it again. */
  async ended(): Promise<CaptureView[]> {
    const callers = this.#callers;
    const ends = await Promise.all(callers.map((caller) => this.#toItsEnd(caller)));
    this.#next(callers.length);
    return ends;
  }

  async #toItsEnd({ capture, phone, card: { code } }: Caller): Promise<CaptureView> {
    for (let attempt = 1; ; attempt++) {
      const view = await this.#shows(capture, (view) => over(view) || attemptAtCode(view) > attempt);
      if (over(view)) return view;
      await sleep(DEAF_MS);
      await phone.press(code.join(''));
    }
  }

  async cancel(count: number): Promise<void> {
    for (const { capture } of this.#next(count))
      await this.#program.api('POST', `/v1/captures/${capture}/cancel`);
  }

  async hangUp(count: number): Promise<void> {
    const callers = this.#next(count);
    for (const { phone } of callers) phone.hangUp();
    await this.#each(callers, ({ status }) => status === 'failed');
  }

  /** A caller keys a whole number by events; between them, and then, come messages that can't be read. */
  async parseErrors(): Promise<void> {
    const { name = '', number: digits = new Uint8Array() } = this.#cards.at(-1) ?? {};
    const number = digits.join('');
    const raw = await callByHand(this.#program, '+33639990000');
    await becomesLive(this.#program, raw.sid);
    const capture = await this.#arm(raw.sid);
    raw.key(number.slice(0, 8));
    for (const text of unreadable(number)) raw.send(text);
    raw.key(number.slice(8));
    await this.#shows(capture, ({ current_field }) => current_field === 'expiration-date');
    this.#live.add(name);
    for (const text of unreadable(number)) raw.send(text);
    raw.hangUp();
    await this.#shows(capture, ({ status }) => status === 'failed');
    this.#live.delete(name);
  }

  /** A scan may take as long as a caller has for a key. */
  async #keepAlive(): Promise<void> {
    for (const { capture, card } of this.#callers) {
      if (this.#live.has(card.name)) await this.#program.api('POST', `/v1/captures/${capture}/extend`);
    }
  }

  #next(count: number): Caller[] {
    const callers = this.#callers.splice(0, count);
    for (const { card } of callers) this.#live.delete(card.name);
    return callers;
  }

  async #arm(call: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { status, body } = await this.#program.api<CaptureView>('POST', '/v1/captures', { call, ...more });
    if (status !== 201) throw new Error(`the capture was not armed: ${status}`);
    return body.id;
  }

  async #key(callers: readonly Caller[], keys: (card: CanaryCard) => string): Promise<void> {
    await Promise.all(callers.map(({ phone, card }) => phone.press(keys(card))));
  }

  async #each(callers: readonly Caller[], is: (view: CaptureView) => boolean): Promise<void> {
    for (const { capture } of callers) await this.#shows(capture, is);
  }

  async #shows(capture: string, is: (view: CaptureView) => boolean): Promise<CaptureView> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const { body } = await this.#program.api<CaptureView>('GET', `/v1/captures/${capture}`);
      if (is(body)) return body;
      if (Date.now() > deadline) throw new Error(`the capture has stayed ${body.status}`);
      await sleep(50);
    }
  }
}

/** How often the security code has been asked for. */
function attemptAtCode({ fields }: CaptureView): number {
  return fields.find(({ name }) => name === 'security-code')?.attempt ?? 0;
}

/** Messages about a number that are no messages of a carrier. */
function unreadable(number: string): string[] {
  return [
    `{"event":"dtmf","sequenceNumber":"9000","dtmf":{"track":"inbound_track","digit":"${number}"}}`,
    `{"event":"dtmf","dtmf":{"track":"inbound_track","digit":"${number}`,
    `{"event":"media","sequenceNumber":"9001","media":{"track":"inbound","payload":"${number}!"}}`,
    `{"event":"note","text":"${number}"}`,
    `card ${number}`,
  ];
}
