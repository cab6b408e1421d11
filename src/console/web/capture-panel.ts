import { html, nothing, type TemplateResult } from 'lit';
import type { DeskView } from '../../call/calls.js';
import type { CaptureView, FieldError, FieldName, FieldView, Reason } from '../../capture/view.js';
import { correctionOf } from '../../capture/refusal.js';
import type { AgentText } from './agent-text.js';
import { captureTitle } from './capture-title.js';
import type { Language } from './language.js';
import { moneyText } from '../../currency.js';
import { isOpenLink } from './link-standing.js';
import { advicePanel, outcomePanel } from './outcome-panel.js';
import { tellingOf } from './telling.js';
import { clock } from './time-text.js';

export interface CaptureActions {
  clearField(field: FieldName): void;
  extend(): void;
  cancel(): void;
  copyToken(): void;
}

export interface CapturePanel {
  desk: DeskView;
  capture: CaptureView;
  text: AgentText;
  language: Language;
  /** Of the field in progress, in ms; `of` is what it was when it last started anew. Null: no time runs. */
  time: { left: number; of: number } | null;
  copied: boolean;
  actions: CaptureActions;
}

/** Digits that a field usually has, and how they stand in groups: drawn as places that fill up. */
const PLACES: Record<FieldName, { count: number; group: number }> = {
  'payment-card-number': { count: 16, group: 4 },
  'expiration-date': { count: 4, group: 2 },
  'security-code': { count: 3, group: 4 },
  'postal-code': { count: 5, group: 5 },
};

/** Reasons that the title and the provider's answer tell of. */
const SAID_BELOW: ReadonlySet<Reason> = new Set(['charge_declined', 'charge_unknown', 'verification_failed']);

/** A capture from its first key to its token. */
export function capturePanel(panel: CapturePanel): TemplateResult {
  const { capture } = panel;
  const busy = capture.status === 'collecting' || capture.status === 'processing';
  return html`
    <section class="capture" data-status=${capture.status} aria-labelledby="capture-title">
      <div class="capture-head">
        <h2 id="capture-title">${captureTitle(capture, panel.text)}</h2>
        ${aboutWhat(capture)}
      </div>
      ${capture.reason === null || SAID_BELOW.has(capture.reason) ? nothing : html`<p class="soft">${panel.text.reason[capture.reason]}</p>`}
      ${capture.status === 'collecting' ? nothing : outcomePanel(capture, panel.text, panel.language)}
      ${advicePanel(capture, panel.text, panel.language)}
      ${capture.status === 'completed' ? result(panel) : nothing}
      ${capture.status === 'collecting' ? pulse(panel) : nothing}
      ${
        busy && !isOpenLink(capture.link)
          ? html`<ol class="fields">
              ${capture.fields.map((field) => fieldRow(field, panel))}
            </ol>`
          : nothing
      }
      ${capture.status === 'collecting' ? actions(panel) : nothing}
    </section>
  `;
}

function aboutWhat({ reference, amount, currency }: CaptureView): TemplateResult {
  const money =
    amount === null || currency === null ? nothing : html`<span>${moneyText(amount, currency)}</span>`;
  return html`<p class="soft about">
    ${reference === null ? nothing : html`<span>${reference}</span>`}${money}
  </p>`;
}

/** Keying, choosing or idle, and the time left. */
function pulse({ desk, text, time }: CapturePanel): TemplateResult {
  const waiting = desk.choosing ? text.choosing : text.idle;
  return html`
    <div class="pulse" data-keying=${desk.keying}>
      <span class="pulse-keys" aria-hidden="true"><i></i><i></i><i></i></span>
      <span class="pulse-text">${desk.keying ? text.keying : waiting}</span>
      ${
        time === null
          ? nothing
          : html`
              <span class="time" data-short=${time.left < 10_000}>
                <span class="soft small">${text.timeLeft}</span>
                <progress max=${time.of} .value=${time.left} aria-label=${text.timeLeft}></progress>
                <span class="time-left">${clock(time.left)}</span>
              </span>
            `
      }
    </div>
  `;
}

function fieldRow(field: FieldView, panel: CapturePanel): TemplateResult {
  const { text, desk, actions } = panel;
  const current = field.status === 'collecting';
  const started = current || field.status === 'accepted';
  return html`
    <li
      class="field"
      data-status=${field.status}
      data-error=${field.error !== null}
      aria-current=${current ? 'step' : 'false'}
    >
      <div class="field-head">
        <span class="field-name">${text.fields[field.name]}</span>
        <span class="chip ${chipOf(field)}">${text.fieldStatus[field.status]}</span>
        ${current ? html`<span class="soft small">${text.attempt(field.attempt, desk.attempts)}</span>` : nothing}
        ${
          started && (field.digits_entered > 0 || field.error !== null)
            ? html`<button type="button" class="quiet small" @click=${() => actions.clearField(field.name)}>
                ${text.askAgain}<span class="visually-hidden"> : ${text.fields[field.name]}</span>
              </button>`
            : nothing
        }
      </div>
      <div class="places">
        ${places(field)}
        <span class="visually-hidden">${text.digits(field.digits_entered)}</span>
      </div>
      ${field.error === null ? nothing : html`<p class="field-error">${whatIsWrong(field, field.error, panel)}</p>`}
    </li>
  `;
}

/** A field that the provider refused was well keyed: its own words say more. */
function whatIsWrong(
  { name }: FieldView,
  error: FieldError,
  { capture, text, language }: CapturePanel,
): string {
  const { decline } = capture;
  if (decline === null || correctionOf(decline.code)?.field !== name) return text.error[error];
  return tellingOf(decline, language).forAgent;
}

function chipOf(field: FieldView): string {
  if (field.status === 'accepted') return 'good';
  if (field.status === 'pending') return '';
  return field.error === null ? 'active' : 'bad';
}

/** One mark a digit keyed, one empty place for each that usually follows; the last four in clear once accepted. */
function places({ name, status, masked }: FieldView): TemplateResult[] {
  const marks = Array.from(masked, (mark) =>
    mark === '•' ? html`<i class="on"></i>` : html`<b>${mark}</b>`,
  );
  const { count, group } = PLACES[name];
  if (status !== 'accepted') {
    for (let empty = count - marks.length; empty > 0; empty--) marks.push(html`<i></i>`);
  }
  const groups: TemplateResult[] = [];
  for (let at = 0; at < marks.length; at += group) {
    groups.push(html`<span class="group" aria-hidden="true">${marks.slice(at, at + group)}</span>`);
  }
  return groups;
}

function actions({ text, actions }: CapturePanel): TemplateResult {
  return html`
    <div class="actions">
      <button type="button" @click=${() => actions.extend()}>${text.moreTime}</button>
      <button type="button" class="stop" @click=${() => actions.cancel()}>${text.cancel}</button>
    </div>
  `;
}

function result({ capture, text, copied, actions }: CapturePanel): TemplateResult | typeof nothing {
  const { card, token } = capture;
  if (card === null || token === null) return nothing;
  const expires = `${String(card.exp_month).padStart(2, '0')}/${card.exp_year % 100}`;
  return html`
    <div class="result">
      <div class="card" data-brand=${card.brand}>
        <span class="card-brand">${card.brand}</span>
        <span class="card-number"
          ><span aria-hidden="true">•••• •••• ••••</span
          ><span class="visually-hidden">…</span> ${card.last4}</span
        >
        <span class="card-expires"><span class="small">${text.expires}</span> ${expires}</span>
      </div>
      <div class="token">
        <span class="soft small">${text.token}</span>
        <code class="mono">${token}</code>
        <button type="button" @click=${() => actions.copyToken()}>${copied ? text.copied : text.copy}</button>
      </div>
    </div>
  `;
}
