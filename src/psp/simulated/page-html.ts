import { createHash } from 'node:crypto';
import { MINOR_UNITS } from '../../currency.js';
import type { Page, PageLanguage, PageStep } from './hosted-pages.js';
import { PAGE_TEXT } from './page-text.js';

const STYLE = `
:root{color-scheme:light dark;--ground:#f3f4f8;--surface:#fff;--ink:#141a26;--soft:#535d70;--line:#868fa3;--accent:#1f4fd8;--on:#fff;--bad:#b3261e}
@media(prefers-color-scheme:dark){:root{--ground:#0e121a;--surface:#171d28;--ink:#eef1f7;--soft:#a9b3c6;--line:#6b7690;--accent:#8fb0ff;--on:#0b1530;--bad:#ff9d95}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;padding:1.75rem;border-radius:16px;background:var(--surface);box-shadow:0 8px 24px rgb(16 24 40/8%)}
h1{margin:0 0 1rem;font-size:1.375rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1.25rem}
dt{color:var(--soft)}dd{margin:0;font-weight:600;text-align:right;overflow-wrap:anywhere}
form{display:grid;gap:1rem}
label{display:grid;gap:.25rem;font-weight:550}
input,select,button,.button{width:100%;min-height:2.75rem;padding:.5rem .75rem;border:1px solid var(--line);border-radius:10px;background:var(--surface);color:var(--ink);font:inherit}
button,.button{display:block;border-color:var(--accent);background:var(--accent);color:var(--on);font-weight:650;text-align:center;text-decoration:none;cursor:pointer}
.quiet{background:transparent;color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.mistake{margin:0 0 1rem;padding:.75rem 1rem;border:2px solid var(--bad);border-radius:10px;color:var(--bad)}
.kept{margin:0;color:var(--soft)}
.mistake strong{display:block}
footer{margin-top:1.25rem;color:var(--soft);font-size:.875rem}
a{color:var(--accent)}`;

/** For `style-src` of the page's policy. */
export const PAGE_STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

/** A little longer than the acquirer takes: the page is mostly loaded once. */
const RELOAD_S = 2;

/** The page as it stands, whole; nothing on it is loaded from elsewhere. */
export function pageHtml(page: Page, step: PageStep, language: PageLanguage, key: string): string {
  const text = PAGE_TEXT[language];
  const titles: Partial<Record<PageStep['step'], string>> = {
    bank: text.bankTitle,
    acquirer: text.waitTitle,
  };
  const title = titles[step.step] ?? text.title;
  const reload = `<meta http-equiv="refresh" content="${RELOAD_S}; url=${outcomeUrl(key, language)}">\n`;
  const mistake = step.step === 'card' ? step.mistake : null;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${step.step === 'acquirer' ? reload : ''}<title>${mistake === null ? '' : `${text.mistake}: `}${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<dl>
<dt>${text.amount}</dt><dd>${escaped(money(page, language))}</dd>
${page.payment.order.description === null ? '' : `<dt>${text.to}</dt><dd>${escaped(page.payment.order.description)}</dd>`}
</dl>
${content(page, step, language, key)}
<footer>
<p>${text.simulated}</p>
<p><a href="/pay/${key}?lang=${text.other.language}" lang="${text.other.language}" hreflang="${text.other.language}">${text.other.name}</a></p>
</footer>
</main>
</body>
</html>
`;
}

function content(page: Page, step: PageStep, language: PageLanguage, key: string): string {
  const text = PAGE_TEXT[language];
  switch (step.step) {
    case 'card':
      return cardForm(page, step.mistake, language, key);
    case 'bank':
      return `<p>${text.bankAsks(step.last4)}</p>
<form method="post" action="/pay/${key}/bank">
<input type="hidden" name="lang" value="${language}">
<button name="answer" value="approve">${text.approve}</button>
<button name="answer" value="refuse" class="quiet">${text.refuse}</button>
</form>`;
    case 'acquirer':
      return `<p role="status">${text.wait}</p>
<a class="button quiet" href="${outcomeUrl(key, language)}">${text.goOn}</a>`;
    default:
      return `<p role="status">${text[step.step]}</p>
<a class="button" href="${escaped(page.returnUrl)}">${text.back}</a>`;
  }
}

function cardForm(
  { payment: { order } }: Page,
  mistake: (PageStep & { step: 'card' })['mistake'],
  language: PageLanguage,
  key: string,
): string {
  const text = PAGE_TEXT[language];
  const wrong = (field: string): string =>
    mistake === field || (mistake === 'test_only' && field === 'number')
      ? ' aria-invalid="true" aria-describedby="mistake"'
      : '';
  const networks = Object.entries(text.networks).map(
    ([value, name]) => `<option value="${value}">${name}</option>`,
  );
  return `${mistake === null ? '' : `<p class="mistake" role="alert" id="mistake"><strong>${text.mistake}</strong> ${text.mistakes[mistake]}</p>`}
<form method="post" action="/pay/${key}">
<input type="hidden" name="lang" value="${language}">
<label>${text.number}<input name="card_number" inputmode="numeric" autocomplete="cc-number" maxlength="24" required${wrong('number')}></label>
<label>${text.expiry}<input name="expiry" inputmode="numeric" autocomplete="cc-exp" maxlength="7" required${wrong('expiry')}></label>
<label>${text.code}<input name="card_code" inputmode="numeric" autocomplete="cc-csc" maxlength="4" required${wrong('code')}></label>
<label>${text.network}<select name="network"${wrong('network')}><option value="">${text.networkAny}</option>${networks.join('')}</select></label>
${order.stored ? `<p class="kept">${text.kept}</p>\n` : ''}<button>${text.pay}</button>
</form>`;
}

function outcomeUrl(key: string, language: PageLanguage): string {
  return `/pay/${key}/outcome?lang=${language}`;
}

/** By ISO 4217's own exponents: the platform's tables differ. */
function money({ payment: { order } }: Page, language: PageLanguage): string {
  const digits = MINOR_UNITS.get(order.currency) ?? 2;
  return new Intl.NumberFormat(language, {
    style: 'currency',
    currency: order.currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(order.amount / 10 ** digits);
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
