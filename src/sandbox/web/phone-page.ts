import { html, nothing, type TemplateResult } from 'lit';
import { PageElement } from '../../console/web/page-element.js';
import { PhonePanel } from '../../console/web/phone-panel.js';
import '../../console/web/sound-view.js';
import { CARD_SCENARIOS } from '../../psp/simulated/scenarios.js';
import type { SandboxStart } from '../sandbox-start.js';
import { CarrierPanel } from './carrier-panel.js';
import { KEYS, keypad } from './keypad.js';
import { KeypadSound } from './keypad-sound.js';
import { PhoneMessages } from './phone-messages.js';
import { PHONE_TEXT, type PhoneText } from './phone-text.js';
import { sandboxStart } from './sandbox-settings.js';
import { ScriptedKeys } from './scripted-keys.js';
import { SHOWN_CARDS, SHOWN_EXPIRY, digitsOf, shownCode, type ShownCard } from './shown-cards.js';

const LEVEL_MS = 100;

/** `<phone-page>`: the caller's telephone in the sandbox, with test cards to key and the carrier's switches. */
class PhonePage extends PageElement {
  #start: SandboxStart | null = null;
  #phone: PhonePanel | null = null;
  #down: string | null = null;
  /** Of the card that was keyed last. */
  #code = '123';
  readonly #sound = new KeypadSound();
  readonly #script = new ScriptedKeys();
  readonly #messages = new PhoneMessages('phone/messages', () => this.requestUpdate());
  readonly #carrier = new CarrierPanel(() => this.requestUpdate());

  constructor() {
    super();
    void this.#load();
    addEventListener('keydown', (event) => this.#keyboardDown(event));
    addEventListener('keyup', (event) => {
      if (event.key === this.#down) this.#release();
    });
    addEventListener('blur', () => this.#release());
    setInterval(() => this.#phone?.inCall && this.requestUpdate(), LEVEL_MS);
  }

  protected override render(): TemplateResult {
    const text = PHONE_TEXT[this.language];
    return html`
      ${this.header(text.page)}
      <main class="caller">
        <div class="in-hand">
          ${this.#phone && this.#start ? this.#telephone(this.#phone, this.#start, text) : nothing}
          ${this.#start ? this.#messages.panel(this.#start.code_page_url, text, this.language) : nothing}
        </div>
        <div class="beside">
          ${this.#phone ? this.#cards(this.#phone, text) : nothing} ${this.#carrier.panel(text)}
        </div>
      </main>
    `;
  }

  protected override updated(): void {
    this.#phone?.drawOn(this.querySelector('sound-view'));
  }

  #telephone(phone: PhonePanel, start: SandboxStart, text: PhoneText): TemplateResult {
    return html`
      <section class="telephone panel" data-state=${phone.state} aria-label=${text.page}>
        <div class="screen">
          <p class="line-state" role="status">${text.state[phone.state]}</p>
          <p class="line-number">${phone.inCall && phone.other ? phone.other : start.caller}</p>
          <p
            class=${phone.said ? 'caption' : 'caption unsaid'}
            aria-live="polite"
            lang=${phone.said?.language ?? this.language}
          >
            ${phone.said?.text ?? ''}
          </p>
        </div>
        <form
          class="dial"
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            phone.call((event.currentTarget as HTMLFormElement).querySelector('input')?.value ?? '');
          }}
        >
          ${
            phone.inCall
              ? nothing
              : html`
                  <label>
                    ${text.number}
                    <input
                      name="number"
                      type="tel"
                      autocomplete="off"
                      required
                      .defaultValue=${start.number}
                    />
                  </label>
                  <button
                    class="go big"
                    type="submit"
                    ?disabled=${phone.state === 'off' || phone.state === 'replaced'}
                  >
                    ${text.call}
                  </button>
                `
          }
        </form>
        ${keypad({
          label: text.keypad,
          names: { star: text.star, hash: text.hash },
          down: this.#down,
          press: (key) => this.#press(key),
          release: () => this.#release(),
        })}
        <div class="line-actions">
          ${
            phone.state === 'ringing'
              ? html`<button type="button" class="go big" @click=${() => phone.answer()}>
                  ${text.answer}
                </button>`
              : nothing
          }
          ${
            phone.inCall
              ? html`<button type="button" class="hang-up big" @click=${() => this.#hangUp(phone)}>
                  ${text.hangUp}
                </button>`
              : nothing
          }
          <button
            type="button"
            class="microphone"
            aria-pressed=${phone.listening}
            @click=${() => void phone.useMicrophone(!phone.listening)}
          >
            ${text.microphone}
          </button>
        </div>
        ${phone.microphoneRefused ? html`<p class="small soft" role="alert">${text.microphoneRefused}</p>` : nothing}
        <p class="soft small keyboard-hint">${text.keyboardHint}</p>
        <div>
          <p class="soft small">${text.heard}</p>
          <sound-view .label=${text.picture}></sound-view>
        </div>
      </section>
    `;
  }

  #cards(phone: PhonePanel, text: PhoneText): TemplateResult {
    const ready = phone.state === 'talking';
    return html`
      <section class="panel" aria-labelledby="cards-title">
        <div class="cards-head">
          <h2 id="cards-title">${text.cards}</h2>
          ${
            this.#script.running
              ? html`<button type="button" class="stop" @click=${() => this.#stopScript()}>
                  ${text.stop}
                </button>`
              : html`<span class="card-keys">
                  <button type="button" ?disabled=${!ready} @click=${() => void this.#key(SHOWN_EXPIRY)}>
                    ${text.keyExpiry}
                  </button>
                  <button type="button" ?disabled=${!ready} @click=${() => void this.#key(this.#code)}>
                    ${text.keyCode(this.#code)}
                  </button>
                </span>`
          }
        </div>
        <p class="soft small">${text.cardsHint}</p>
        <ul class="cards">
          ${SHOWN_CARDS.map((card) => this.#card(card, ready, text))}
        </ul>
      </section>
    `;
  }

  #card(card: ShownCard, ready: boolean, text: PhoneText): TemplateResult {
    const digits = digitsOf(card);
    const scenario = this.#start?.simulates_payments
      ? CARD_SCENARIOS[digits]?.title[this.language]
      : undefined;
    const remark = card.valid ? scenario : text.wrongNumber;
    return html`
      <li>
        <span class="card-name"
          >${card.name}${remark === undefined ? nothing : html` <span class="chip warn">${remark}</span>`}</span
        >
        <span class="mono">${card.number}${card.ending ? html` <b>${card.ending}</b>` : nothing}</span>
        <button
          type="button"
          ?disabled=${!ready || this.#script.running}
          @click=${() => {
            this.#code = shownCode(card);
            void this.#key(digits + card.ending);
          }}
        >
          ${text.keyNumber}<span class="visually-hidden"> ${card.name} ${remark ?? ''}</span>
        </button>
      </li>
    `;
  }

  async #load(): Promise<void> {
    this.#start = await sandboxStart();
    const url = new URL(`simulator/phones/${encodeURIComponent(this.#start.caller)}`, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#phone = new PhonePanel(url.href, () => this.#phoneChanged());
    this.requestUpdate();
    await this.#carrier.load();
  }

  #phoneChanged(): void {
    if (!this.#phone?.inCall) this.#stopScript();
    this.requestUpdate();
  }

  #hangUp(phone: PhonePanel): void {
    this.#stopScript();
    phone.line.hangUp();
  }

  async #key(keys: string): Promise<void> {
    const played = this.#script.play(
      keys,
      (key) => this.#press(key),
      () => this.#release(),
    );
    this.requestUpdate();
    await played;
    this.requestUpdate();
  }

  #stopScript(): void {
    this.#script.stop();
    this.#release();
  }

  #press(key: string): void {
    this.#release();
    this.#down = key;
    this.#sound.press(key);
    this.#phone?.line.keyDown(key);
    this.requestUpdate();
  }

  #release(): void {
    if (this.#down === null) return;
    this.#down = null;
    this.#sound.release();
    this.#phone?.line.keyUp();
    this.requestUpdate();
  }

  #keyboardDown(event: KeyboardEvent): void {
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || !KEYS.has(event.key)) return;
    if (event.target instanceof HTMLInputElement) return;
    this.#press(event.key);
  }
}

customElements.define('phone-page', PhonePage);
