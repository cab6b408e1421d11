import { html, nothing, type TemplateResult } from 'lit';
import type { CaptureView, Outcome } from '../../capture/view.js';
import type { AgentText } from './agent-text.js';
import { entryAfter, type Typed } from './capture-entry.js';

/** Offered in the list, most likely first; the API takes every one of ISO 4217. */
const CURRENCIES = ['EUR', 'GBP', 'USD', 'CHF'];

interface NewCaptureForm {
  text: AgentText;
  /** What the service can do with a card. */
  outcomes: readonly Outcome[];
  /** The capture before on this call. */
  last: CaptureView | null;
  wrong: string | null;
  submit: (typed: Typed) => void;
}

/** The big button, and what it may carry. */
export function newCapture({ text, outcomes, last, wrong, submit }: NewCaptureForm): TemplateResult {
  const entry = entryAfter(last);
  const currencies = new Set([...CURRENCIES, ...(entry.currency === '' ? [] : [entry.currency])]);
  const optional = html`<span class="small">(${text.optional})</span>`;
  return html`
    <form
      class="new-capture"
      autocomplete="off"
      novalidate
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        submit(
          Object.fromEntries(new FormData(event.target as HTMLFormElement)) as Record<keyof Typed, string>,
        );
      }}
    >
      ${outcomes.length > 1 ? choice(text, outcomes, entry) : nothing}
      <button class=${last ? 'again' : 'primary big'} type="submit">
        ${last ? text.takeAnother : text.takeCard}
      </button>
      <label class="reference"
        ><span>${text.reference} ${optional}</span>
        <input name="reference" maxlength="200" value=${entry.reference} />
      </label>
      <label class="amount"
        ><span>${text.amount} ${optional}</span>
        <input name="amount" inputmode="decimal" maxlength="12" value=${entry.amount} />
      </label>
      <label class="currency"
        ><span>${text.currency}</span>
        <select name="currency">
          ${[...currencies].map((code) => html`<option ?selected=${code === entry.currency}>${code}</option>`)}
        </select>
      </label>
      ${wrong === null ? nothing : html`<p class="notice bad" role="alert">${wrong}</p>`}
    </form>
  `;
}

/** What the card is taken for: what it was before, or else the first that the service can do. */
function choice(text: AgentText, outcomes: readonly Outcome[], before: Typed): TemplateResult {
  const chosen = outcomes.find((outcome) => outcome === before.outcome) ?? outcomes[0];
  return html`
    <fieldset class="outcomes">
      <legend>${text.outcome.legend}</legend>
      <div class="segmented">
        ${outcomes.map(
          (outcome) => html`
            <label
              ><input type="radio" name="outcome" value=${outcome} ?checked=${outcome === chosen} /><span
                >${text.outcome[outcome]}</span
              ></label
            >
          `,
        )}
      </div>
    </fieldset>
  `;
}
