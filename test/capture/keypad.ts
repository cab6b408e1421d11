import type { CaptureEffect, CaptureEvent } from '../../src/capture/event.js';
import { flowSchema, SENTENCE_NAMES, type Flow, type Sentences } from '../../src/capture/flow.js';
import { begin, step } from '../../src/capture/machine.js';
import { codeOf, progress, type CaptureSetup, type CaptureState } from '../../src/capture/state.js';
import type { FieldName, FieldView } from '../../src/capture/view.js';
import { KeyCell, type Secret } from '../../src/secret.js';

export const NUMBER: FieldName = 'payment-card-number';
export const EXPIRY: FieldName = 'expiration-date';
export const CODE: FieldName = 'security-code';
export const POSTAL: FieldName = 'postal-code';

export function flowWith(capture: object = {}): Flow {
  const sentences = Object.fromEntries(SENTENCE_NAMES.map((name) => [name, name])) as Sentences;
  return { ...flowSchema.parse({ name: 'test', capture }), sentences };
}

export function setupWith(
  fields: readonly FieldName[] = [NUMBER, EXPIRY],
  more: Partial<CaptureSetup> & { capture?: object } = {},
): CaptureSetup {
  const { capture, ...setup } = more;
  return {
    flow: flowWith(capture),
    fields,
    testCards: 'allow',
    askNetwork: false,
    month: { year: 2026, month: 11 },
    ...setup,
  };
}

const KEYS = '0123456789*#ABCD';
const KEY_PERIOD_MS = 100;

/** A caller at a keypad, and a clock that moves only by what the caller does. */
export class Keypad {
  state: CaptureState;
  now = 0;
  effects: CaptureEffect['type'][] = [];
  /** How often the till's answer was taken. */
  answers = 0;
  /** Digits of the code that an answer of the till left. */
  codesLeft = 0;
  #code: Secret | null = null;
  readonly #cell = new KeyCell();

  constructor(setup: CaptureSetup = setupWith()) {
    this.state = begin(setup, 0);
  }

  /** One key every 100 ms, the first at once. */
  press(keys: string): this {
    for (const key of keys) {
      this.#cell.key = KEYS.indexOf(key);
      this.tell({ type: 'key', at: this.now, cell: this.#cell });
      this.#cell.clear();
      this.now += KEY_PERIOD_MS;
    }
    return this;
  }

  /** Lets time pass, with the timer that the machine asks for. */
  wait(ms: number): this {
    const until = this.now + ms;
    while (this.state.wakeAt !== null && this.state.wakeAt <= until) {
      this.now = this.state.wakeAt;
      this.tell({ type: 'timer', at: this.now });
      if (this.state.wakeAt === this.now) throw new Error('the timer changed nothing');
    }
    this.now = until;
    return this;
  }

  /** `at` is now unless the event says otherwise. */
  tell(event: CaptureEvent): this {
    const before = this.state.status;
    const [next, effects] = step(this.state, event);
    this.state = next;
    if (before === 'processing' && next.status !== 'processing') {
      this.answers++;
      this.codesLeft += this.#code?.length ?? 0;
    }
    if (next.status === 'processing') this.#code = codeOf(next);
    this.effects.push(...effects.map((effect) => effect.type));
    return this;
  }

  clear(field: FieldName): this {
    return this.tell({ type: 'clear', at: this.now, field });
  }

  field(name: FieldName): FieldView {
    const found = progress(this.state).fields.find((field) => field.name === name);
    if (found === undefined) throw new Error(`no field ${name}`);
    return found;
  }

  get current(): FieldName | null {
    return progress(this.state).current_field;
  }

  /** Digits that the machine still holds. */
  get held(): number {
    return this.state.fields.reduce((sum, field) => sum + field.digits.length, 0);
  }
}
