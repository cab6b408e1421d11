import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import { repeat } from 'lit/directives/repeat.js';
import type { ChargeView } from '../../capture/view.js';
import { IN_DOUBT } from '../../charge/refusals.js';
import { minorUnits } from '../../console/web/capture-entry.js';
import type { Language } from '../../console/web/language.js';
import { tellingOf } from '../../console/web/telling.js';
import { MINOR_UNITS, moneyText } from '../../currency.js';
import type { Movement } from '../../psp/simulated/ledger.js';
import type { CrmRequests } from './crm-requests.js';
import type { HeldCard } from './held-cards.js';
import { MONEY_TEXT, type MoneyText } from './money-text.js';

/** What the first charge is proposed as. */
const PROPOSED = { amount: '12.50', currencies: ['EUR', 'GBP', 'USD', 'CHF', 'JPY'] };
const STATUS_CHIP = { approved: 'good', declined: 'bad', unknown: 'warn' } as const;

interface MoneyPanel {
  cards: readonly HeldCard[];
  movements: readonly Movement[];
  requests: CrmRequests;
  language: Language;
}

/** The tokens that the CRM holds, and the money it moves with them. */
export function moneyPanel({ cards, movements, requests, language }: MoneyPanel): TemplateResult {
  const text = MONEY_TEXT[language];
  return html`
    <section class="money" aria-labelledby="money-title">
      <h2 id="money-title">${text.title}</h2>
      <ul class="held">
        ${repeat(
          cards,
          ({ id }) => id,
          (card) => heldCard(card, requests, text, language),
        )}
      </ul>
      ${movements.length === 0 ? nothing : ledger(movements, text)}
    </section>
  `;
}

function heldCard(
  card: HeldCard,
  requests: CrmRequests,
  text: MoneyText,
  language: Language,
): TemplateResult {
  const { token, reference } = card;
  const { brand, last4 } = card.card ?? {};
  const unnamed = token === null ? text.byLink : text.unknownCard;
  return html`
    <li class="panel" data-token=${token ?? nothing}>
      <div class="held-head">
        <h3>${brand === undefined ? unnamed : `${brand} •••• ${last4}`}</h3>
        ${reference === null ? nothing : html`<span class="soft">${reference}</span>`}
        ${token === null ? nothing : html`<code class="mono small">${token}</code>`}
      </div>
      ${token === null ? nothing : chargeForm(token, reference, requests, text)}
      <ul class="charges">
        ${repeat(
          card.charges,
          ({ id }) => id,
          (each) => chargeRow(each, requests, text, language),
        )}
      </ul>
    </li>
  `;
}

function chargeForm(
  token: string,
  reference: string | null,
  requests: CrmRequests,
  text: MoneyText,
): TemplateResult {
  const charge = (form: Record<string, string>) => {
    const { currency = '' } = form;
    const amount = amountIn(form, currency);
    if (amount === null) return requests.fail(token, text.amountWrong);
    void requests.post(token, '/charges', { token, amount, currency, reference }, text.noAnswer);
  };
  return html`
    <form class="money-form" autocomplete="off" novalidate @submit=${onForm(charge)}>
      <label
        >${text.amount}<input
          name="amount"
          inputmode="decimal"
          maxlength="12"
          .defaultValue=${PROPOSED.amount}
      /></label>
      <label
        >${text.currency}<select name="currency">
          ${PROPOSED.currencies.map((code) => html`<option>${code}</option>`)}
        </select></label
      >
      <button type="submit" class="primary" ?disabled=${requests.running(token)}>${text.charge}</button>
    </form>
    ${problem(requests.wrong(token))}
  `;
}

function chargeRow(
  charge: ChargeView,
  requests: CrmRequests,
  text: MoneyText,
  language: Language,
): TemplateResult {
  const { id, amount, currency, refunded, status } = charge;
  const left = amount - refunded;
  return html`
    <li data-charge=${id} data-status=${status}>
      <div class="charge-head">
        <strong>${moneyText(amount, currency)}</strong>
        <span class="chip ${STATUS_CHIP[status]}">${text.status[status]}</span>
        ${refunded === 0 ? nothing : html`<span class="chip">${text.refunded(moneyText(refunded, currency))}</span>`}
        <code class="mono small soft">${charge.provider_reference ?? id}</code>
      </div>
      ${said(charge, language)}
      ${status === 'approved' && left > 0 ? giveBack(charge, left, requests, text) : nothing}
      ${problem(requests.wrong(id))}
    </li>
  `;
}

/** Why there is no money, in the words that an agent gets. */
function said({ status, decline }: ChargeView, language: Language): TemplateResult | typeof nothing {
  if (status === 'unknown') return html`<p class="small">${IN_DOUBT[language].forAgent}</p>`;
  return decline === null ? nothing : html`<p class="small">${tellingOf(decline, language).forAgent}</p>`;
}

function giveBack(
  { id, currency, refunded }: ChargeView,
  left: number,
  requests: CrmRequests,
  text: MoneyText,
) {
  const refund = (form: Record<string, string>) => {
    const amount = amountIn(form, currency);
    if (amount === null) return requests.fail(id, text.amountWrong);
    void requests.post(id, `/charges/${id}/refunds`, { amount }, text.noAnswer);
  };
  const undo = () => void requests.post(id, `/charges/${id}/void`, {}, text.noAnswer);
  const busy = requests.running(id);
  return html`
    <form class="money-form" autocomplete="off" novalidate @submit=${onForm(refund)}>
      ${keyed(
        left,
        html`<label
          >${text.giveBack}<input
            name="amount"
            inputmode="decimal"
            maxlength="12"
            .defaultValue=${moneyText(left, currency).split(' ')[0] ?? ''}
        /></label>`,
      )}
      <button type="submit" ?disabled=${busy}>${text.refund}</button>
      ${refunded > 0 ? nothing : html`<button type="button" class="quiet" ?disabled=${busy} @click=${undo}>${text.void}</button>`}
    </form>
  `;
}

function problem(why: string | null): TemplateResult | typeof nothing {
  return why === null ? nothing : html`<p class="notice bad" role="alert">${why}</p>`;
}

function ledger(movements: readonly Movement[], text: MoneyText): TemplateResult {
  return html`
    <details class="ledger">
      <summary>${text.ledger(movements.length)}</summary>
      <div class="scroll" tabindex="0" role="group" aria-label=${text.ledger(movements.length)}>
        <table>
          <thead>
            <tr>
              <th scope="col">${text.movement}</th>
              <th scope="col">${text.amount}</th>
              <th scope="col">${text.underReference}</th>
            </tr>
          </thead>
          <tbody>
            ${movements.map(
              ({ kind, amount, currency, reference }) =>
                html`<tr>
                  <td>${text.kind[kind]}</td>
                  <td>${moneyText(amount, currency)}</td>
                  <td class="mono small">${reference}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>
  `;
}

function onForm(submit: (form: Record<string, string>) => void) {
  return (event: SubmitEvent) => {
    event.preventDefault();
    submit(
      Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement)) as Record<string, string>,
    );
  };
}

/** Minor units; null when it is no amount that can be charged. */
function amountIn({ amount = '' }: Record<string, string>, currency: string): number | null {
  const minor = minorUnits(amount.trim(), MINOR_UNITS.get(currency) ?? 2);
  return minor > 0 ? minor : null;
}
