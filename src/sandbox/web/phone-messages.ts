import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Language } from '../../console/web/language.js';
import type { ArrivedMessage } from '../arrived-message.js';
import type { PhoneText } from './phone-text.js';

/** As many as the carrier and the mail server keep. */
const MAX_MESSAGES = 300;

/** Text messages and mails that the caller has got, newest first. */
export class PhoneMessages {
  /** In the order in which they were told: those of before by channel, then each as it arrives. */
  readonly #byId = new Map<string, ArrivedMessage>();

  /** Listens to `stream`, which tells everything again when it comes back. */
  constructor(stream: string, changed: () => void) {
    new EventSource(stream).addEventListener('message', ({ data }: MessageEvent<string>) => {
      const message = JSON.parse(data) as ArrivedMessage;
      this.#byId.set(message.id, message);
      for (const oldest of this.#byId.keys()) {
        if (this.#byId.size <= MAX_MESSAGES) break;
        this.#byId.delete(oldest);
      }
      changed();
    });
  }

  panel(codePageUrl: string, text: PhoneText, language: Language): TemplateResult {
    const messages = [...this.#byId.values()]
      .reverse()
      .toSorted((one, other) => other.arrived_at.localeCompare(one.arrived_at));
    return html`
      <section class="panel messages" aria-labelledby="messages-title">
        <h2 id="messages-title">${text.messages}</h2>
        <p class="soft small">
          ${text.messagesHint}
          <a href=${codePageUrl} target="_blank" rel="noopener">${text.codePage}</a>.
        </p>
        <ol aria-live="polite" aria-relevant="additions">
          ${repeat(
            messages,
            ({ id }) => id,
            (message) => messageItem(message, text, language),
          )}
        </ol>
      </section>
    `;
  }
}

function messageItem(message: ArrivedMessage, text: PhoneText, language: Language): TemplateResult {
  const { channel, from, to, subject, html_url, arrived_at } = message;
  return html`
    <li data-channel=${channel}>
      <div class="message">
        ${subject === null ? nothing : html`<h3>${subject}</h3>`}
        <p class="message-text">${withLinks(message.text)}</p>
        ${
          html_url === null
            ? nothing
            : html`<p><a href=${html_url} target="_blank" rel="noopener">${text.asHtml}</a></p>`
        }
      </div>
      <span class="soft small"
        >${channel === 'sms' ? from : text.mailFrom(from, to)} ·
        <time datetime=${arrived_at}>${new Date(arrived_at).toLocaleTimeString(language)}</time></span
      >
    </li>
  `;
}

/** Addresses in a text become links, as on any telephone. */
export function withLinks(words: string): (TemplateResult | string | typeof nothing)[] {
  return words
    .split(/(https?:\/\/\S*[^\s.,;:!?)])/)
    .map((part, index) =>
      index % 2 === 0 ? part || nothing : html`<a href=${part} target="_blank" rel="noopener">${part}</a>`,
    );
}
