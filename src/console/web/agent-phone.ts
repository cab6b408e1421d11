import { html, nothing, type TemplateResult } from 'lit';
import type { AgentText } from './agent-text.js';
import type { PhonePanel } from './phone-panel.js';
import './sound-view.js';

const STATE_CHIP: Partial<Record<PhonePanel['state'], string>> = {
  talking: 'good',
  ringing: 'warn',
  dialing: 'active',
  off: 'bad',
  replaced: 'bad',
};

/** The sandbox's telephone for the agent: a banner while it rings, and a panel that shows what is heard. */
export function agentPhone(phone: PhonePanel, { phone: text }: AgentText): TemplateResult {
  return html`
    ${phone.state === 'ringing' ? ringing(phone, text) : nothing}
    <section class="phone panel" aria-labelledby="phone-title">
      <div class="phone-head">
        <h2 id="phone-title">${text.title}</h2>
        <span class="chip ${STATE_CHIP[phone.state] ?? ''}">${text.state[phone.state]}</span>
      </div>
      <div>
        <div class="heard">
          <span class="soft small">${text.heard}</span>
          <meter min="0" max="1" .value=${phone.level} aria-label=${text.level}></meter>
        </div>
        <sound-view .label=${text.picture}></sound-view>
      </div>
      ${phone.said ? html`<p class="said" lang=${phone.said.language}>${phone.said.text}</p>` : nothing}
      <div class="phone-actions">
        <button
          type="button"
          aria-pressed=${phone.listening}
          @click=${() => void phone.useMicrophone(!phone.listening)}
        >
          ${text.microphone}
        </button>
        <button
          type="button"
          class="stop"
          ?disabled=${phone.state !== 'talking'}
          @click=${() => phone.line.hangUp()}
        >
          ${text.hangUp}
        </button>
      </div>
      ${phone.microphoneRefused ? html`<p class="small soft" role="alert">${text.microphoneRefused}</p>` : nothing}
    </section>
  `;
}

function ringing(phone: PhonePanel, text: AgentText['phone']): TemplateResult {
  return html`
    <section class="ringing" role="alert">
      <span class="ringing-mark" aria-hidden="true"></span>
      <p>${text.ringing(phone.other ?? '')}</p>
      <button type="button" class="go" @click=${() => phone.answer()}>${text.answer}</button>
      <button type="button" class="stop" @click=${() => phone.line.decline()}>${text.decline}</button>
    </section>
  `;
}
