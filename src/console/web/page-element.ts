import { LitElement, type TemplateResult } from 'lit';
import type { Language } from './language.js';
import { pageHeader } from './page-header.js';
import { preferredLanguage, useLanguage } from './preferred-language.js';

/** A whole page as one element, in the language that its reader has chosen. It has no shadow: `ui.css` reaches it. */
export abstract class PageElement extends LitElement {
  protected language: Language = preferredLanguage();

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  /** The bar on top; the window is called after it. */
  protected header(title: string, aside?: TemplateResult): TemplateResult {
    const { language } = this;
    useLanguage(language, `Tonewall · ${title}`);
    return pageHeader({ title, language, choose: (chosen) => this.choose(chosen), ...(aside && { aside }) });
  }

  protected choose(language: Language): void {
    this.language = language;
    this.requestUpdate();
  }
}
