import { html, nothing, type TemplateResult } from 'lit';
import type { DeskView } from '../../call/calls.js';
import { AGENT_TEXT, type AgentText } from './agent-text.js';
import { agentPhone } from './agent-phone.js';
import { announcementFor } from './announcement.js';
import { readCaptureEntry, type Typed } from './capture-entry.js';
import { capturePanel } from './capture-panel.js';
import { captureTitle } from './capture-title.js';
import { Desk, type Refusal } from './desk.js';
import { linkPanel } from './link-panel.js';
import type { Language } from './language.js';
import { newCapture } from './new-capture.js';
import { PageElement } from './page-element.js';
import { PhonePanel } from './phone-panel.js';
import { sentenceFor } from './sentences.js';
import { clock } from './time-text.js';

/** Countdowns move so often. */
const TICK_MS = 250;
const COPIED_FOR_MS = 2000;

/** `<agent-page>`: the calls, the card being taken on one of them, and in the sandbox the agent's telephone. */
class AgentPage extends PageElement {
  readonly #desk = new Desk(() => this.#deskChanged());
  #phone: PhonePanel | null = null;
  #chosen: string | null = null;
  /** The deadline that the bar was last filled up for, and what was left then. */
  #timed: { deadline: string; of: number } | null = null;
  /** What went wrong with the last request, until the call moves on. */
  #wrong: string | null = null;
  #situation = '';
  #copied = false;

  constructor() {
    super();
    setInterval(() => this.requestUpdate(), TICK_MS);
  }

  protected override render(): TemplateResult {
    const text = AGENT_TEXT[this.language];
    const desk = this.#shown();
    const connection = html`<span class="chip ${this.#desk.connected ? 'good' : 'warn'}" role="status"
      >${this.#desk.connected ? text.connection.open : text.connection.lost}</span
    >`;
    return html`
      ${this.header(text.page, connection)}
      <main class="desk" data-phone=${this.#phone !== null}>
        ${this.#callList(text)}
        <div class="call panel">${desk ? this.#call(desk, text) : emptyDesk(text)}</div>
        ${this.#phone ? agentPhone(this.#phone, text) : nothing}
        <p class="visually-hidden" role="status" aria-live="polite">
          ${desk ? announcementFor(desk, text, this.language) : ''}
        </p>
      </main>
    `;
  }

  protected override updated(): void {
    this.#phone?.drawOn(this.querySelector('sound-view'));
  }

  #callList(text: AgentText): TemplateResult {
    const shown = this.#shown()?.call.id;
    return html`
      <nav class="calls" aria-label=${text.calls}>
        <h2>${text.calls}</h2>
        <ul>
          ${this.#desk.calls.map(
            ({ call, capture }) => html`
              <li>
                <button type="button" aria-current=${call.id === shown} @click=${() => this.#show(call.id)}>
                  <span class="call-who">${call.caller.address}</span>
                  <span class="chip ${CALL_CHIP[call.status]}">${text.callStatus[call.status]}</span>
                  <span class="soft small">${capture ? captureTitle(capture, text) : ''}</span>
                </button>
              </li>
            `,
          )}
        </ul>
        ${this.#desk.calls.length === 0 ? html`<p class="soft small">${text.noCallsHint}</p>` : nothing}
      </nav>
    `;
  }

  #call(desk: DeskView, text: AgentText): TemplateResult {
    const { call, capture } = desk;
    const sentence = sentenceFor(desk, this.language);
    const busy = capture?.status === 'collecting' || capture?.status === 'processing';
    // As long as nobody knows whether the money was taken, nobody shall be led to take it again.
    const idle = !busy && capture?.charge?.status !== 'unknown';
    return html`
      <div class="call-head">
        <div>
          <span class="soft small">${text.caller}</span>
          <p class="call-number">${call.caller.address}</p>
        </div>
        <div class="call-state">
          <span class="chip ${CALL_CHIP[call.status]}">${text.callStatus[call.status]}</span>
          <span class="call-time">${clock(this.#lasted(desk))}</span>
        </div>
      </div>
      ${
        sentence === null
          ? nothing
          : html`<div class="say">
              <span class="say-label">${call.status === 'ended' ? text.whatNow : text.say}</span>
              <p>${sentence}</p>
            </div>`
      }
      ${call.status === 'ringing' ? html`<p class="notice">${text.answerToTalk}</p>` : nothing}
      ${
        call.status === 'live' && idle && call.keys_before_capture > 0 && capture === null
          ? html`<p class="notice">${text.typedEarly(call.keys_before_capture)}</p>`
          : nothing
      }
      ${capture ? this.#capture(desk, capture, text) : nothing}
      ${
        capture
          ? linkPanel({
              ...{ desk, capture, language: this.language, now: this.#desk.now() },
              channels: this.#desk.start?.link_channels ?? [],
              send: (channel, to) => void this.#ask(this.#desk.link(capture.id, channel, to)),
              cancel: () => void this.#ask(this.#desk.cancel(capture.id)),
            })
          : nothing
      }
      ${
        call.status === 'live' && idle
          ? newCapture({
              text,
              outcomes: this.#desk.start?.outcomes ?? ['token'],
              last: capture,
              wrong: this.#wrong,
              submit: (typed) => void this.#arm(desk, typed),
            })
          : this.#wrong && html`<p class="notice bad" role="alert">${this.#wrong}</p>`
      }
    `;
  }

  #capture(desk: DeskView, capture: NonNullable<DeskView['capture']>, text: AgentText): TemplateResult {
    return capturePanel({
      desk,
      capture,
      text,
      language: this.language,
      time: this.#timeLeft(desk.deadline),
      copied: this.#copied,
      actions: {
        clearField: (field) => void this.#ask(this.#desk.clearField(capture.id, field)),
        extend: () => void this.#ask(this.#desk.extend(capture.id)),
        cancel: () => void this.#ask(this.#desk.cancel(capture.id)),
        copyToken: () => void this.#copy(capture.token ?? ''),
      },
    });
  }

  /** The call that was chosen; else the newest that is not over; else the newest. */
  #shown(): DeskView | undefined {
    const { calls } = this.#desk;
    return (
      calls.find(({ call }) => call.id === this.#chosen) ??
      calls.find(({ call }) => call.status !== 'ended') ??
      calls[0]
    );
  }

  #lasted({ call }: DeskView): number {
    const end = call.ended_at === null ? this.#desk.now() : Date.parse(call.ended_at);
    return Math.max(0, end - Date.parse(call.started_at) - 999);
  }

  #timeLeft(deadline: string | null): { left: number; of: number } | null {
    if (deadline === null) return null;
    const left = Math.max(0, Date.parse(deadline) - this.#desk.now());
    if (this.#timed?.deadline !== deadline) this.#timed = { deadline, of: left };
    return { left, of: this.#timed.of };
  }

  #deskChanged(): void {
    const url = this.#desk.start?.softphone_url;
    if (url && !this.#phone) this.#phone = new PhonePanel(url, () => this.requestUpdate());
    const shown = this.#shown();
    const situation = `${shown?.call.id} ${shown?.call.status} ${shown?.capture?.status} ${shown?.capture?.current_field} ${shown?.capture?.link?.status}`;
    if (situation !== this.#situation) this.#wrong = null;
    this.#situation = situation;
    this.requestUpdate();
  }

  protected override choose(language: Language): void {
    this.#wrong = null;
    super.choose(language);
  }

  #show(call: string): void {
    this.#chosen = call;
    this.#wrong = null;
    this.requestUpdate();
  }

  async #arm(desk: DeskView, typed: Typed): Promise<void> {
    const entered = readCaptureEntry(typed, AGENT_TEXT[this.language]);
    if ('wrong' in entered) {
      this.#wrong = entered.wrong;
      this.requestUpdate();
      return;
    }
    this.#chosen = desk.call.id;
    await this.#ask(this.#desk.arm({ call: desk.call.id, ...entered.capture }));
  }

  async #ask(request: Promise<Refusal | null>): Promise<void> {
    const refusal = await request;
    const text = AGENT_TEXT[this.language];
    this.#wrong = refusal === null ? null : (text.refused[refusal] ?? text.notAnswered);
    this.requestUpdate();
  }

  async #copy(token: string): Promise<void> {
    await navigator.clipboard.writeText(token);
    this.#copied = true;
    this.requestUpdate();
    setTimeout(() => {
      this.#copied = false;
      this.requestUpdate();
    }, COPIED_FOR_MS);
  }
}

const CALL_CHIP = { ringing: 'warn', live: 'good', ended: '' } as const;

function emptyDesk(text: AgentText): TemplateResult {
  return html`
    <div class="empty">
      <span class="empty-mark" aria-hidden="true"></span>
      <p class="empty-title">${text.noCalls}</p>
      <p class="soft">${text.noCallsHint}</p>
    </div>
  `;
}

customElements.define('agent-page', AgentPage);
