import type { Clock } from '../../clock.js';
import { rfc2822 } from './resource.js';
import type { SimulatorSettings } from './simulator-settings.js';
import type { Method } from './webhook.js';

export type CallbackEvent = 'initiated' | 'ringing' | 'answered' | 'completed';

export interface CallbackOptions {
  url: string;
  method: Method;
  events: ReadonlySet<CallbackEvent>;
}

/** With shuffled order a callback waits for the next one to overtake it, at most this long. */
const OVERTAKE_MS = 200;

/** The status callbacks of one call, numbered from 0 in the order of what happened. */
export class StatusCallbacks {
  readonly #options: CallbackOptions | null;
  readonly #clock: Clock;
  readonly #settings: Readonly<SimulatorSettings>;
  readonly #send: (options: CallbackOptions, parameters: Record<string, string>) => Promise<void>;
  #sequence = 0;
  #last: Promise<void> = Promise.resolve();
  #held: Record<string, string> | null = null;

  constructor(
    options: CallbackOptions | null,
    clock: Clock,
    settings: Readonly<SimulatorSettings>,
    send: (options: CallbackOptions, parameters: Record<string, string>) => Promise<void>,
  ) {
    this.#options = options;
    this.#clock = clock;
    this.#settings = settings;
    this.#send = send;
  }

  tell(event: CallbackEvent, parameters: Readonly<Record<string, string>>): void {
    if (this.#options === null || !this.#options.events.has(event)) return;
    const numbered = {
      ...parameters,
      Timestamp: rfc2822(this.#clock.now()),
      CallbackSource: 'call-progress-events',
      SequenceNumber: String(this.#sequence++),
    };
    if (this.#settings.callbackOrder === 'kept') {
      this.#post(numbered);
      return;
    }
    const overtaken = this.#held;
    if (overtaken !== null) {
      this.#held = null;
      this.#post(numbered);
      this.#post(overtaken);
      return;
    }
    this.#held = numbered;
    this.#clock.after(OVERTAKE_MS, () => {
      if (this.#held !== numbered) return;
      this.#held = null;
      this.#post(numbered);
    });
  }

  /** One after the other, so that the order of this side is the order of arrival. */
  #post(parameters: Record<string, string>): void {
    const options = this.#options;
    if (options !== null) this.#last = this.#last.then(() => this.#send(options, parameters));
  }
}
