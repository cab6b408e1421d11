import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import type { CaptureView } from '../../src/capture/view.js';
import { canaryNumber } from '../support/needles.js';
import type { Program } from '../support/program.js';
import { until } from '../support/service.js';
import { messageNeedles, numberNeedles, toneNeedles } from './memory-needles.js';
import { BackgroundSearch } from './background-search.js';
import { copyMemory } from './process-memory.js';
import { callByHand } from './raw-caller.js';

const PRESS = { onMs: 50, offMs: 50 };
const PATIENCE_MS = 30_000;
/** Calls that are placed at a time. */
const AT_A_TIME = 10;
const TEST_BINS = ['401288', '510510', '353011'];

/** So many are callers of the simulated carrier, whose lines carry sound all the time; the others are played by hand. */
const ON_THE_CARRIER = 8;
/** What a line of the simulated carrier carries of a key. */
const LINES = [{ events: 'absent' }, { tones: 'removed' }] as const;

interface Caller {
  readonly name: string;
  readonly digits: Uint8Array;
  readonly code: string;
  readonly phone: Phone;
  capture: string;
}

/** A caller's telephone, whoever plays it. */
interface Phone {
  readonly sid: string;
  press(keys: string): Promise<void>;
  hangUp(): void;
}

/** What one scan found: for each form how often, over all numbers. */
export type Found = Record<string, number>;

export interface Scan {
  /** Of the numbers whose captures are live, of all others, and of no number: messages and tones. */
  readonly live: Found;
  readonly over: Found;
  readonly traces: Found;
}

/** The expiry that everybody keys; a security code is looked for behind it, as it is too short alone. */
const EXPIRY = '1140';

/** The security code of a number, and that behind the expiry, as keyed. */
function codeOf(digits: Uint8Array): string {
  return digits.subarray(-5, -2).toReversed().join('');
}

function withCodes(numbers: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  const codes = [...numbers].map(
    ([name, digits]) => [`${name} code`, Uint8Array.from(EXPIRY + codeOf(digits), Number)] as const,
  );
  return new Map([...numbers, ...codes]);
}

/** Numbers that differ in their first eight digits already. */
function distinctNumbers(count: number): Map<string, Uint8Array> {
  const seen = new Set<string>();
  const numbers = new Map<string, Uint8Array>();
  while (numbers.size < count) {
    const digits = canaryNumber(TEST_BINS[numbers.size % TEST_BINS.length]);
    const beginning = digits.subarray(0, 8).join('');
    if (seen.has(beginning)) continue;
    seen.add(beginning);
    numbers.set(`card ${numbers.size}`, digits);
  }
  return numbers;
}

/** Takes many captures side by side through the stages of a capture, and scans the process's memory at each. */
export class Stages {
  readonly #program: Program;
  readonly #numbers: ReadonlyMap<string, Uint8Array>;
  readonly #search: BackgroundSearch;
  readonly #live = new Set<string>();
  #callers: Caller[] = [];

  private constructor(program: Program, numbers: ReadonlyMap<string, Uint8Array>, search: BackgroundSearch) {
    this.#program = program;
    this.#numbers = numbers;
    this.#search = search;
  }

  /**
   * Chooses numbers of which the idle process holds no part: it knows published test numbers, which begin alike. One
   * number more than callers, for the caller whose messages are broken.
   */
  static async begin(program: Program, count: number): Promise<Stages> {
    const candidates = distinctNumbers(2 * count + 10);
    const search = searchFor(candidates);
    const known = await search.search(await memoryOf(program));
    await search.close();
    for (const needle of known.keys()) candidates.delete(cardIn(needle));
    const numbers = new Map([...candidates].slice(0, count + 1));
    return new Stages(program, numbers, searchFor(numbers));
  }

  /** What the process's memory holds at this moment. */
  async scan(): Promise<Scan> {
    const scan = await this.#sort(await memoryOf(this.#program));
    await this.#keepAlive();
    return scan;
  }

  /** What these bytes hold. */
  look(bytes: Uint8Array): Promise<Scan> {
    const copy = new ArrayBuffer(bytes.length);
    new Uint8Array(copy).set(bytes);
    return this.#sort([copy]);
  }

  async #sort(memory: readonly ArrayBuffer[]): Promise<Scan> {
    const found = { live: {} as Found, over: {} as Found, traces: {} as Found };
    for (const [needle, times] of await this.#search.search(memory)) {
      const card = cardIn(needle);
      const group = found[card === '' ? 'traces' : this.#live.has(card) ? 'live' : 'over'];
      const form = needle.slice(needle.indexOf(':') + 1).trim();
      group[form] = (group[form] ?? 0) + times;
    }
    return found;
  }

  close(): Promise<void> {
    return this.#search.close();
  }

  /**
   * Every caller is on the line with an agent: half of them on lines that carry tones alone, half on lines that carry
   * events alone. The agents' lines are still: two hundred that are not are more than two cores bear.
   */
  async talk(): Promise<void> {
    this.#program.carrier.settings.lossPercent = 100;
    const names = [...this.#numbers].slice(0, -1);
    for (let from = 0; from < names.length; from += AT_A_TIME) {
      const placed = names.slice(from, from + AT_A_TIME).map(async ([name, digits], index) => {
        return { name, digits, code: codeOf(digits), phone: await this.#call(from + index), capture: '' };
      });
      this.#callers.push(...(await Promise.all(placed)));
    }
  }

  async #call(index: number): Promise<Phone> {
    const number = `+3363998${1000 + index}`;
    if (index < ON_THE_CARRIER) {
      const settings = { ...LINES[index % 2], lossPercent: 0 };
      const { caller } = await this.#program.talk(number, settings);
      return {
        sid: caller.sid,
        press: (keys) => caller.press(keys, PRESS),
        hangUp: () => caller.hangUp(),
      };
    }
    const raw = await callByHand(this.#program, number);
    await this.#liveCall(raw.sid);
    return {
      sid: raw.sid,
      press: async (keys) => (index % 2 === 0 ? raw.press(keys) : raw.key(keys)),
      hangUp: () => raw.hangUp(),
    };
  }

  /** `more` is what the captures are to do beyond giving a token. */
  async arm(more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    for (const caller of this.#callers) {
      caller.capture = await this.#arm(caller.phone.sid, more);
      this.#live.add(caller.name);
    }
  }

  /** Everybody keys the number's first eight digits. */
  async firstDigits(): Promise<void> {
    await this.#key(this.#callers, (digits) => digits.subarray(0, 8).join(''));
    await this.#each(this.#callers, ({ fields: [number] }) => number?.digits_entered === 8);
  }

  /** Everybody keys the rest, and half of the expiry. */
  async number(): Promise<void> {
    await this.#key(this.#callers, (digits) => `${digits.subarray(8).join('')}11`);
    await this.#each(this.#callers, ({ fields: [, expiry] }) => expiry?.digits_entered === 2);
  }

  /** The next callers key the rest of the expiry, and their captures reach that status. */
  async expiry(count: number, status: CaptureView['status']): Promise<void> {
    const callers = this.#next(count);
    await this.#key(callers, () => '40');
    await this.#each(callers, (view) => view.status === status);
  }

  /** Everybody keys the rest of the expiry and the security code; their captures are charging then. */
  async code(): Promise<void> {
    await Promise.all(this.#callers.map(({ phone, code }) => phone.press(`40${code}`)));
    await this.#each(this.#callers, ({ status }) => status === 'processing');
  }

  /** The captures of all come to their end. */
  async charged(): Promise<void> {
    await this.#each(this.#next(this.#callers.length), ({ status }) => status === 'completed');
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
    const [name = '', digits = new Uint8Array()] = [...this.#numbers].at(-1) ?? [];
    const number = digits.join('');
    const raw = await callByHand(this.#program, '+33639990000');
    await this.#liveCall(raw.sid);
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
    for (const { capture, name } of this.#callers) {
      if (this.#live.has(name)) await this.#program.api('POST', `/v1/captures/${capture}/extend`);
    }
  }

  #next(count: number): Caller[] {
    const callers = this.#callers.splice(0, count);
    for (const { name } of callers) this.#live.delete(name);
    return callers;
  }

  async #liveCall(sid: string): Promise<void> {
    await until(async () => {
      const { body } = await this.#program.api('GET', `/v1/calls/${sid}`);
      return body['status'] === 'live';
    }, PATIENCE_MS);
  }

  async #arm(call: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { status, body } = await this.#program.api<CaptureView>('POST', '/v1/captures', { call, ...more });
    if (status !== 201) throw new Error(`the capture was not armed: ${status}`);
    return body.id;
  }

  async #key(callers: readonly Caller[], keys: (digits: Uint8Array) => string): Promise<void> {
    await Promise.all(callers.map(({ phone, digits }) => phone.press(keys(digits))));
  }

  async #each(callers: readonly Caller[], is: (view: CaptureView) => boolean): Promise<void> {
    for (const { capture } of callers) await this.#shows(capture, is);
  }

  async #shows(capture: string, is: (view: CaptureView) => boolean): Promise<void> {
    await until(async () => {
      const { body } = await this.#program.api<CaptureView>('GET', `/v1/captures/${capture}`);
      if (is(body)) return true;
      await sleep(50);
      return false;
    }, PATIENCE_MS);
  }
}

function searchFor(numbers: ReadonlyMap<string, Uint8Array>): BackgroundSearch {
  const needles = [...numberNeedles(withCodes(numbers)), ...messageNeedles(), ...toneNeedles(PRESS.onMs)];
  return new BackgroundSearch({ needles, numbers });
}

/** The program's memory at one moment. It stands still for as long as the copying takes: less than its timers forgive. */
async function memoryOf(program: Program): Promise<ArrayBuffer[]> {
  // What came together with the last answer is handled when this one comes: a turn of its event loop has passed.
  await program.api('GET', '/healthz');
  program.signal('SIGSTOP');
  await until(() => readFileSync(`/proc/${program.pid}/stat`, 'utf8').includes(') T '));
  const memory = copyMemory(program.pid);
  program.signal('SIGCONT');
  return memory;
}

/** Whose number a finding is about; empty for a trace of any. */
function cardIn(needle: string): string {
  return /^card \d+/.exec(needle)?.[0] ?? '';
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
