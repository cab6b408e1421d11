import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from '../../console/web/language.js';
import type { ArrivedMessage } from '../arrived-message.js';
import type { PhoneText } from './phone-text.js';

/** As many as the carrier keeps. */
const MAX_MESSAGES = 200;

/** Short messages on the caller's telephone, newest first. */
export class PhoneMessages {
  /** Oldest first. */
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
    const messages = [...this.#byId.values()].reverse();
    return html`
      <section class="panel messages" aria-labelledby="messages-title">
        <h2 id="messages-title">${text.messages}</h2>
        <p class="soft small">
          ${text.messagesHint}
          <a href=${codePageUrl} target="_blank" rel="noopener">${text.codePage}</a>
        </p>
        <ol aria-live="polite" aria-relevant="additions">
          ${messages.map(
            ({ from, text: words, arrived_at }) => html`
              <li>
                <p class="message">${withLinks(words)}</p>
                <span class="soft small"
                  >${from} ·
                  <time datetime=${arrived_at}
                    >${new Date(arrived_at).toLocaleTimeString(language)}</time
                  ></span
                >
              </li>
            `,
          )}
        </ol>
      </section>
    `;
  }
}

/** Addresses in a text become links, as on any telephone. */
export function withLinks(words: string): (TemplateResult | string | typeof nothing)[] {
  return words
    .split(/(https?:\/\/\S*[^\s.,;:!?)])/)
    .map((part, index) =>
      index % 2 === 0 ? part || nothing : html`<a href=${part} target="_blank" rel="noopener">${part}</a>`,
    );
}
