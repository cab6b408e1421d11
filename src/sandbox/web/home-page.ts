import { html, nothing, svg, type TemplateResult } from 'lit';
import { PageElement } from '../../console/web/page-element.js';
import type { SandboxStart } from '../sandbox-start.js';
import { HOME_TEXT, type HomeText } from './home-text.js';
import { scenarioTables } from './scenario-tables.js';
import { sandboxStart } from './sandbox-settings.js';

/** `<home-page>`: who is who in the sandbox, as a picture whose parts are links. */
class HomePage extends PageElement {
  #start: SandboxStart | null = null;

  constructor() {
    super();
    void this.#load();
  }

  async #load(): Promise<void> {
    this.#start = await sandboxStart();
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const text = HOME_TEXT[this.language];
    return html`
      ${this.header(text.page)}
      <main class="home">
        <p class="lead">${text.lead}</p>
        ${this.#start ? picture(text, this.#start) : nothing}
        <section class="steps" aria-labelledby="steps-title">
          <h2 id="steps-title">${text.steps}</h2>
          <ol>
            ${text.step.map((step) => html`<li>${step}</li>`)}
          </ol>
          <p>${text.demo} <code class="mono">npx tonewall demo --charge</code></p>
        </section>
        ${this.#start?.simulates_payments ? scenarioTables(text.scenarios, this.language) : nothing}
      </main>
    `;
  }
}

function picture(text: HomeText, start: SandboxStart): TemplateResult {
  return html`
    <div class="picture">
      ${place('caller', text.caller, 'phone')} ${way('to-tonewall', text.toTonewall, toneWave())}
      <div class="place tonewall">
        <span class="mark" aria-hidden="true"></span>
        <h2>${text.tonewall.name}</h2>
        <p>${text.tonewall.what}</p>
      </div>
      ${way('to-agent', text.toAgent, beepWave())} ${place('agent', text.agent, start.agent_page_url)}
      ${way('to-crm', text.toCrm, sealedEvent())} ${place('crm', text.crm, 'inbox')}
      ${place('docs', text.docs, start.docs_url)}
    </div>
  `;
}

function place(area: string, { name, what, open }: HomeText['agent'], href: string): TemplateResult {
  return html`
    <div class="place panel ${area}">
      <h2>${name}</h2>
      <p class="soft">${what}</p>
      <a class="button" href=${href} target="_blank" rel="noopener">${open}</a>
    </div>
  `;
}

function way(area: string, label: string, wave: TemplateResult): TemplateResult {
  return html`
    <div class="way ${area}">
      <svg viewBox="0 0 160 40" aria-hidden="true">${wave}</svg>
      <span class="small">${label}</span>
    </div>
  `;
}

/** Two tones at once: 770 and 1336 Hz, slowed down to be seen. */
function toneWave() {
  const points = Array.from({ length: 145 }, (_, x) => {
    const y = 20 + 7 * Math.sin(x * 0.27) + 7 * Math.sin(x * 0.27 * (1336 / 770));
    return `${x},${y.toFixed(1)}`;
  });
  return svg`<polyline points=${points.join(' ')} /><path class="head" d="M150 13l8 7-8 7" />`;
}

/** Every key the same. */
function beepWave() {
  return svg`<path d="M0 20h14m24 0h12m24 0h12m24 0h12m24 0h4" />
    <g class="beeps">${[14, 50, 86, 122].map((x) => svg`<rect x=${x} y="11" width="24" height="18" rx="5" />`)}</g>
    <path class="head" d="M150 13l8 7-8 7" />`;
}

function sealedEvent() {
  return svg`<path d="M0 20h52m56 0h46" /><rect class="event" x="54" y="6" width="52" height="28" rx="6" />
    <circle class="event" cx="80" cy="20" r="7" /><path class="head" d="M150 13l8 7-8 7" />`;
}

customElements.define('home-page', HomePage);
