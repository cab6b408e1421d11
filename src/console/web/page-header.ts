import { html, nothing, type TemplateResult } from 'lit';
import type { Language } from './language.js';

const NAMES: Record<Language, string> = { fr: 'Français', en: 'English' };

interface Header {
  /** What this page is, beside the product's name. */
  title: string;
  language: Language;
  choose: (language: Language) => void;
  /** Shown before the language switch, such as the state of the connection. */
  aside?: TemplateResult | typeof nothing;
}

/** The bar on top of every page. */
export function pageHeader({ title, language, choose, aside = nothing }: Header): TemplateResult {
  const button = (each: Language) => html`
    <button
      type="button"
      lang=${each}
      title=${NAMES[each]}
      aria-pressed=${each === language}
      @click=${() => choose(each)}
    >
      ${each.toUpperCase()}
    </button>
  `;
  return html`
    <header class="page-header">
      <h1><span class="mark" aria-hidden="true"></span>Tonewall <span class="page-title">${title}</span></h1>
      <div class="page-aside">
        ${aside}
        <div class="segmented" role="group" aria-label="Langue, language">${button('fr')}${button('en')}</div>
      </div>
    </header>
  `;
}
