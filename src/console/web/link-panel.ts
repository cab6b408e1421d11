import { html, nothing, type TemplateResult } from 'lit';
import type { DeskView } from '../../call/calls.js';
import type { CaptureView, LinkChannel, LinkView } from '../../capture/view.js';
import { isOpenLink, standingOf, type LinkStanding } from './link-standing.js';
import { LINK_TEXT } from './link-text.js';
import type { Language } from './language.js';
import { clock } from './time-text.js';

interface LinkPanel {
  desk: DeskView;
  capture: CaptureView;
  language: Language;
  /** How a link can be given here; none: there are no links. */
  channels: readonly LinkChannel[];
  /** The server's time, in ms. */
  now: number;
  send: (channel: LinkChannel, to: string | null) => void;
  cancel: () => void;
}

/** The way out: a link offered, or what becomes of one. */
export function linkPanel(panel: LinkPanel): TemplateResult | typeof nothing {
  const { capture, language } = panel;
  const { link } = capture;
  const text = LINK_TEXT[language];
  if (link === null && !isOffered(panel)) return nothing;
  return html`
    <section class="link" data-status=${link?.status ?? 'none'} aria-labelledby="link-title">
      <div class="link-head">
        <h3 id="link-title">${text.title}</h3>
        ${link === null ? nothing : html`<span class="chip ${CHIP[standingOf(link)]}">${text.status[standingOf(link)]}</span>`}
      </div>
      ${link === null ? html`<p class="soft small">${text.offer}</p>` : nothing}
      ${isOpenLink(link) ? progress(link, panel) : nothing} ${isOffered(panel) ? form(panel) : nothing}
    </section>
  `;
}

const CHIP: Readonly<Record<LinkStanding, string>> = {
  ...{ created: 'active', spoken: 'active', sent: 'active', opened: 'active', authenticated: 'active' },
  ...{ lost: 'bad', paid: 'good', failed: 'bad', expired: 'warn', cancelled: '' },
};

/** A capture that is to charge, on a call that lives, of which no money has moved or may have, or shall. */
function isOffered({ desk, capture, channels }: LinkPanel): boolean {
  const { status, outcome, amount, charge, decline, reason, link } = capture;
  if (channels.length === 0 || desk.call.status !== 'live' || outcome !== 'charge' || amount === null)
    return false;
  if (isOpenLink(link)) return true;
  const inDoubt = charge?.status === 'unknown' || (reason === 'service_restarted' && charge === null);
  return status === 'collecting' || (status === 'failed' && !inDoubt && decline?.next !== 'stop');
}

function progress(link: LinkView, { language, now, cancel }: LinkPanel): TemplateResult {
  const text = LINK_TEXT[language];
  const left = Math.max(0, Date.parse(link.expires_at) - now);
  return html`
    ${link.delivery === 'failed' ? html`<p class="notice bad" role="alert">${text.undelivered}</p>` : nothing}
    <dl class="link-facts">
      <dt>${text.spoken.address}</dt>
      <dd><code class="mono">${link.address.replace(/^https?:\/\//, '')}</code></dd>
      <dt>${text.spoken.code}</dt>
      <dd><code class="mono link-code">${link.code}</code></dd>
      <dt>${text.validFor}</dt>
      <dd>${clock(left)}${link.to === null ? nothing : html` · <span class="soft">${link.to}</span>`}</dd>
    </dl>
    <div class="actions">
      <button type="button" class="stop" @click=${() => cancel()}>${text.cancel}</button>
    </div>
  `;
}

function form({ desk, capture, language, channels, send }: LinkPanel): TemplateResult {
  const text = LINK_TEXT[language];
  const written = channels.some((channel) => channel !== 'spoken');
  const wanted = capture.decline?.next === 'link' && !isOpenLink(capture.link);
  return html`
    <form
      class="link-form"
      autocomplete="off"
      novalidate
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const to = new FormData(event.target as HTMLFormElement).get('to');
        const typed = typeof to === 'string' ? to.trim() : '';
        const channel = (event.submitter as HTMLButtonElement).value as LinkChannel;
        send(channel, channel === 'spoken' || typed === '' ? null : typed);
      }}
    >
      ${
        written
          ? html`<label
              ><span>${isOpenLink(capture.link) ? text.again : text.to}</span>
              <input name="to" maxlength="254" placeholder=${text.hint(desk.call.caller.address)} />
            </label>`
          : nothing
      }
      ${channels.map(
        (channel, index) =>
          html`<button class=${index === 0 && wanted ? 'primary' : ''} value=${channel}>
            ${text.send[channel]}
          </button>`,
      )}
    </form>
  `;
}
