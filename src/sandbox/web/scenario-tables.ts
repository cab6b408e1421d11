import { html, type TemplateResult } from 'lit';
import type { Language } from '../../console/web/language.js';
import { moneyText } from '../../currency.js';
import { AMOUNT_SCENARIOS, APPROVED, CARD_SCENARIOS, type Scenario } from '../../psp/simulated/scenarios.js';
import { grouped } from './shown-cards.js';
import type { HomeText } from './home-text.js';

/** What the payment provider of the sandbox answers, by card and by amount. */
export function scenarioTables(text: HomeText['scenarios'], language: Language): TemplateResult {
  const row = (what: string, { title }: Pick<Scenario, 'title'>) => html`
    <tr>
      <td class="mono">${what}</td>
      <td>${title[language]}</td>
    </tr>
  `;
  return html`
    <section class="scenarios" aria-labelledby="scenarios-title">
      <h2 id="scenarios-title">${text.title}</h2>
      <p>${text.lead}</p>
      ${table(text.card, text.answer, [
        ...Object.entries(CARD_SCENARIOS).map(([number, scenario]) => row(grouped(number), scenario)),
        html`<tr>
          <td>${text.others}</td>
          <td>${APPROVED.title[language]}</td>
        </tr>`,
      ])}
      <details>
        <summary>${text.amounts}</summary>
        ${table(
          text.amount,
          text.answer,
          Object.entries(AMOUNT_SCENARIOS).map(([amount, scenario]) =>
            row(moneyText(Number(amount), 'EUR'), scenario),
          ),
        )}
      </details>
    </section>
  `;
}

function table(what: string, answer: string, rows: readonly TemplateResult[]): TemplateResult {
  return html`
    <table>
      <thead>
        <tr>
          <th scope="col">${what}</th>
          <th scope="col">${answer}</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  `;
}
