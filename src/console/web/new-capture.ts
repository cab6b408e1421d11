import { html, nothing, type TemplateResult } from 'lit';
import { holdsCardNumber } from '../../card/card-like.js';
import { MINOR_UNITS } from '../../currency.js';
import type { AgentText } from './agent-text.js';
import type { NewCapture } from './desk.js';

/** Offered in the list, most likely first; the API takes every one of ISO 4217. */
const CURRENCIES = ['EUR', 'GBP', 'USD', 'CHF'];

/** The form's fields as typed. */
export interface Typed {
  reference: string;
  amount: string;
  currency: string;
}

/** What the agent typed, as the service takes it, or the line that says what is wrong. */
export type Entered = { capture: Omit<NewCapture, 'call'> } | { wrong: string };

/** The big button, and what it may carry. */
export function newCapture(
  text: AgentText,
  again: boolean,
  wrong: string | null,
  submit: (typed: Typed) => void,
): TemplateResult {
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

/** A card number typed into the form is stopped here, before it leaves the page; the service refuses it too. */
export function readNewCapture(typed: Typed, text: AgentText): Entered {
  const reference = typed.reference.trim();
  const amount = typed.amount.trim();
  const { currency } = typed;
  if (holdsCardNumber(reference) || holdsCardNumber(amount)) return { wrong: text.noCardHere };
  const minor = amount === '' ? null : minorUnits(amount, MINOR_UNITS.get(currency) ?? 2);
  if (Number.isNaN(minor)) return { wrong: text.amountWrong };
  return {
    capture: { reference: reference || null, amount: minor, currency: minor === null ? null : currency },
  };
}

/** `12,5` or `12.50` of a currency with `digits` decimals; NaN when it is no such amount. */
export function minorUnits(amount: string, digits: number): number {
  const [, whole, part = ''] = /^(\d{1,9})(?:[.,](\d+))?$/.exec(amount) ?? [];
  if (whole === undefined || part.length > digits) return Number.NaN;
  return Number(whole + part.padEnd(digits, '0'));
}
