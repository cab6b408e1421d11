import { html, nothing, type TemplateResult } from 'lit';
import type { Outcome } from '../../capture/view.js';
import type { AgentText } from './agent-text.js';
import type { Typed } from './capture-entry.js';

/** Offered in the list, most likely first; the API takes every one of ISO 4217. */
const CURRENCIES = ['EUR', 'GBP', 'USD', 'CHF'];

interface NewCaptureForm {
  text: AgentText;
  /** What the service can do with a card. */
  outcomes: readonly Outcome[];
  /** A card was taken, or tried, on this call before. */
  again: boolean;
  wrong: string | null;
  submit: (typed: Typed) => void;
}

/** The big button, and what it may carry. */
export function newCapture({ text, outcomes, again, wrong, submit }: NewCaptureForm): TemplateResult {
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
      ${outcomes.length > 1 ? choice(text, outcomes) : nothing}
      <button class=${again ? 'again' : 'primary big'} type="submit">
        ${again ? text.takeAnother : text.takeCard}
      </button>
      <label class="reference"
        ><span>${text.reference} ${optional}</span>
        <input name="reference" maxlength="200" />
      </label>
      <label class="amount"
        ><span>${text.amount} ${optional}</span>
        <input name="amount" inputmode="decimal" maxlength="12" />
      </label>
      <label class="currency"
        ><span>${text.currency}</span>
        <select name="currency">
          ${CURRENCIES.map((code) => html`<option>${code}</option>`)}
        </select>
      </label>
      ${wrong === null ? nothing : html`<p class="notice bad" role="alert">${wrong}</p>`}
    </form>
  `;
}

/** What the card is taken for; the first one that the service can do is chosen. */
function choice(text: AgentText, outcomes: readonly Outcome[]): TemplateResult {
  return html`
    <fieldset class="outcomes">
      <legend>${text.outcome.legend}</legend>
      <div class="segmented">
        ${outcomes.map(
          (outcome, index) => html`
            <label
              ><input type="radio" name="outcome" value=${outcome} ?checked=${index === 0} /><span
                >${text.outcome[outcome]}</span
              ></label
            >
          `,
        )}
      </div>
    </fieldset>
  `;
}
