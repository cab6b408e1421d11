import { html, nothing, type TemplateResult } from 'lit';
import type { CaptureView, NextStep } from '../../capture/view.js';
import { IN_DOUBT } from '../../charge/refusals.js';
import { ADVICE } from '../../fraud/advice.js';
import type { AgentText } from './agent-text.js';
import type { Language } from './language.js';
import { moneyText } from '../../currency.js';
import { tellingOf } from './telling.js';

/** What the provider said of the card or the money, and what the agent does next. */
export function outcomePanel(
  { charge, decline }: CaptureView,
  text: AgentText,
  language: Language,
): TemplateResult | typeof nothing {
  if (decline !== null) {
    const { forAgent } = tellingOf(decline, language);
    const next = html`<span class="chip ${NEXT_CHIP[decline.next]}">${text.next[decline.next]}</span>`;
    return panel('declined', text.whyRefused, forAgent, next);
  }
  if (charge?.status === 'unknown')
    return panel('unknown', text.inDoubt, IN_DOUBT[language].forAgent, nothing);
  if (charge?.status !== 'approved') return nothing;
  const reference = html`<span class="soft small"
    >${text.provider} <code class="mono">${charge.provider_reference ?? charge.id}</code></span
  >`;
  return panel('approved', text.completed.charge, moneyText(charge.amount, charge.currency), reference);
}

/** What is foreseen, or why no link was sent, while there is none. */
export function advicePanel(
  { advice, link }: CaptureView,
  text: AgentText,
  language: Language,
): TemplateResult | typeof nothing {
  if (advice === null || link !== null) return nothing;
  const next = html`<span class="chip ${NEXT_CHIP.link}">${text.next.link}</span>`;
  return panel('unknown', text.advice[advice.code], ADVICE[advice.code][language], next);
}

const NEXT_CHIP: Record<NextStep, string> = {
  retry: 'active',
  other_card: 'active',
  link: 'warn',
  stop: 'bad',
};

function panel(
  outcome: 'approved' | 'declined' | 'unknown',
  title: string,
  words: string,
  more: TemplateResult | typeof nothing,
): TemplateResult {
  return html`
    <div class="outcome" data-outcome=${outcome}>
      <span class="outcome-title">${title}</span>
      <p>${words}</p>
      ${more}
    </div>
  `;
}
