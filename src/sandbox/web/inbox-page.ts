import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { ChargeView, DeclineView } from '../../capture/view.js';
import type { Language } from '../../console/web/language.js';
import { PageElement } from '../../console/web/page-element.js';
import { tellingOf } from '../../console/web/telling.js';
import { moneyText } from '../../currency.js';
import type { Movement } from '../../psp/simulated/ledger.js';
import type { InboxState, ReceivedEvent } from '../received-event.js';
import { CrmRequests } from './crm-requests.js';
import { heldCards } from './held-cards.js';
import { INBOX_TEXT, type InboxText } from './inbox-text.js';
import { moneyPanel } from './money-panel.js';

/** What counts within a charge; the rest counts within a call. */
const MONEY_EVENT = /^(charge|refund)\./;
/** As many as the sandbox keeps. */
const SHOWN = 300;

/** `<inbox-page>`: what the CRM has received, newest first. */
class InboxPage extends PageElement {
  #state: InboxState | null = null;
  /** Oldest first; the same id keeps its place. */
  #events = new Map<string, ReceivedEvent>();
  #movements: readonly Movement[] = [];
  readonly #requests = new CrmRequests(() => this.requestUpdate());

  constructor() {
    super();
    const stream = new EventSource('inbox/stream');
    stream.addEventListener('state', ({ data }: MessageEvent<string>) => {
      this.#state = JSON.parse(data) as InboxState;
      this.requestUpdate();
    });
    stream.addEventListener('received', ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as ReceivedEvent;
      this.#events.set(`${event.verdict} ${event.id}`, event);
      for (const [oldest] of this.#events) {
        if (this.#events.size <= SHOWN) break;
        this.#events.delete(oldest);
      }
      this.requestUpdate();
      if (MONEY_EVENT.test(event.type)) void this.#readLedger();
    });
    void this.#readLedger();
    // A stream that comes back tells everything again.
    stream.addEventListener('open', () => this.#events.clear());
  }

  async #readLedger(): Promise<void> {
    const { movements } = (await (await fetch('ledger.json')).json()) as { movements: Movement[] };
    this.#movements = movements;
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const text = INBOX_TEXT[this.language];
    const cards = heldCards(this.#events.values());
    return html`
      ${this.header(text.page)}
      <main class="inbox">
        <div class="inbox-head">
          <div>
            <p class="soft">${text.lead}</p>
            ${this.#state ? html`<p class="small mono">POST ${this.#state.endpoint}</p>` : nothing}
          </div>
          ${this.#state ? this.#refusal(this.#state, text) : nothing}
        </div>
        ${this.#state?.refusing ? html`<p class="notice" role="status">${text.refusing}</p>` : nothing}
        ${this.#events.size === 0 ? html`<p class="panel soft nothing-yet">${text.empty}</p>` : nothing}
        ${
          cards.length === 0
            ? nothing
            : moneyPanel({
                ...{ cards, movements: this.#movements },
                ...{ requests: this.#requests, language: this.language },
              })
        }
        <ol class="events" aria-live="polite" aria-relevant="additions">
          ${repeat(
            [...this.#events].reverse(),
            ([key]) => key,
            ([, event]) => eventCard(event, text, this.language),
          )}
        </ol>
      </main>
    `;
  }

  #refusal({ refusing }: InboxState, text: InboxText): TemplateResult {
    return html`<button type="button" aria-pressed=${refusing} @click=${() => void refuse(!refusing)}>
      ${refusing ? text.accept : text.refuse}
    </button>`;
  }
}

/** Members of an event's data that are worth a line of their own; everything is in the whole event below. */
interface KnownData extends Partial<Pick<ChargeView, 'amount' | 'currency' | 'refunded'>> {
  decline?: DeclineView | null;
  charge?: ChargeView | null;
  refund?: { amount: number };
  token?: string | null;
  reference?: string | null;
  reason?: string | null;
  call_id?: string;
  card?: { brand: string; bin: string | null; last4: string } | null;
}

function eventCard(event: ReceivedEvent, text: InboxText, language: Language): TemplateResult {
  const data = dataOf(event.body);
  const { amount, currency, refund } = data;
  const money = refund?.amount ?? amount;
  const decline = data.decline ?? data.charge?.decline ?? null;
  const fact = (name: string, value: unknown) =>
    value
      ? html`<div>
          <dt>${name}</dt>
          <dd class="mono">${value}</dd>
        </div>`
      : nothing;
  return html`
    <li class="event panel" data-type=${event.type} data-verdict=${event.verdict}>
      <div class="event-head">
        <h2>${event.type}</h2>
        <span class="chip ${event.verdict === 'verified' ? 'good' : 'bad'}"
          >${text.verdict[event.verdict]}</span
        >
        ${event.deliveries > 1 ? html`<span class="chip warn">${text.deliveries(event.deliveries)}</span>` : nothing}
        <span class="event-when soft small">
          ${event.sequence === null ? nothing : html`<span>${(MONEY_EVENT.test(event.type) ? text.sequenceOfCharge : text.sequence)(event.sequence)}</span>`}
          <time datetime=${event.received_at}
            >${new Date(event.received_at).toLocaleTimeString(language)}</time
          >
        </span>
      </div>
      <dl>
        ${fact(text.token, data.token)}
        ${fact(text.card, data.card && `${data.card.brand} •••• ${data.card.last4}`)}
        ${fact(text.amount, money && currency && moneyText(money, currency))}
        ${fact(text.decline, decline && tellingOf(decline, language).forAgent)}
        ${fact(text.reference, data.reference)} ${fact(text.reason, data.reason)}
        ${fact(text.call, data.call_id)}
      </dl>
      <details>
        <summary>${text.whole}</summary>
        <pre class="mono small" tabindex="0">
webhook-id: ${event.id}

${JSON.stringify(event.body, null, 2)}</pre>
      </details>
    </li>
  `;
}

function dataOf(body: unknown): KnownData {
  const data = typeof body === 'object' && body !== null && 'data' in body ? body.data : null;
  return typeof data === 'object' && data !== null ? data : {};
}

async function refuse(refusing: boolean): Promise<void> {
  await fetch('inbox/refusing', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(refusing),
  });
}

customElements.define('inbox-page', InboxPage);
