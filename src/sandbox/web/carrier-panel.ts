import { html, nothing, type TemplateResult } from 'lit';
import {
  EVENTS,
  TONES,
  eventsPatch,
  patchSwitches,
  readSwitches,
  tonesPatch,
  type Events,
  type Tones,
} from './carrier-switches.js';
import type { PhoneText } from './phone-text.js';

/** The carrier's habits, which differ from one to the next, with a switch for each. */
export class CarrierPanel {
  readonly #changed: () => void;
  #switches: { tones: Tones; events: Events } | null = null;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  async load(): Promise<void> {
    this.#switches = await readSwitches();
    this.#changed();
  }

  /** Nothing until it is loaded. */
  panel(text: PhoneText): TemplateResult | typeof nothing {
    if (!this.#switches) return nothing;
    const { tones, events } = this.#switches;
    return html`
      <section class="panel" aria-labelledby="carrier-title">
        <h2 id="carrier-title">${text.carrier}</h2>
        <p class="soft small">${text.carrierHint}</p>
        <div class="switches">
          ${switchOf(text.tones, TONES, tones, text.toneChoice, (choice) => {
            this.#switches = { tones: choice, events };
            void this.#patch(tonesPatch(choice));
          })}
          ${switchOf(text.events, EVENTS, events, text.eventChoice, (choice) => {
            this.#switches = { tones, events: choice };
            void this.#patch(eventsPatch(choice));
          })}
        </div>
      </section>
    `;
  }

  async #patch(patch: Parameters<typeof patchSwitches>[0]): Promise<void> {
    this.#changed();
    await patchSwitches(patch);
    await this.load();
  }
}

function switchOf<Choice extends string>(
  label: string,
  choices: readonly Choice[],
  chosen: Choice,
  names: Record<Choice, string>,
  choose: (choice: Choice) => void,
): TemplateResult {
  return html`
    <div class="switch">
      <span class="small">${label}</span>
      <div class="segmented" role="group" aria-label=${label}>
        ${choices.map(
          (choice) => html`
            <button type="button" aria-pressed=${choice === chosen} @click=${() => choose(choice)}>
              ${names[choice]}
            </button>
          `,
        )}
      </div>
    </div>
  `;
}
