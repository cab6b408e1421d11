import type { Opening } from '../call/links.js';
import type { Language } from '../capture/flow.js';

/** What a payer is shown of ours: where a code is typed, and what became of it. */
export type LinkPage = 'ask' | 'done' | Exclude<Opening['status'], 'open'>;

interface Words {
  title: string;
  code: string;
  go: string;
  pay: string;
  ready: string;
  say: Record<LinkPage, string>;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    title: 'Pay',
    code: 'Your code',
    go: 'Continue',
    pay: 'Go to the payment page',
    ready: 'The code is right. You pay on a page of the payment provider, which your bank secures.',
    say: {
      ask: 'Type the code that you were told on the telephone. You need not end the call.',
      done: 'Thank you. You can close this page; you will be told on the telephone how it went.',
      unknown: 'This code is not known. Please check it, and type it again.',
      over: 'This code can not be used any more. Please ask for a new one.',
      too_many: 'Too many codes were tried. Please wait ten minutes, or ask for a new link.',
    },
  },
  fr: {
    title: 'Payer',
    code: 'Votre code',
    go: 'Continuer',
    pay: 'Aller à la page de paiement',
    ready: 'Le code est bon. Vous payez sur une page du prestataire de paiement, sécurisée par votre banque.',
    say: {
      ask: 'Saisissez le code donné au téléphone. Inutile de raccrocher.',
      done: 'Merci. Vous pouvez fermer cette page ; on vous dira au téléphone ce qu’il en est.',
      unknown: 'Ce code n’est pas connu. Vérifiez-le et saisissez-le de nouveau.',
      over: 'Ce code n’est plus utilisable. Demandez-en un nouveau.',
      too_many: 'Trop de codes ont été essayés. Attendez dix minutes, ou demandez un nouveau lien.',
    },
  },
};

const STYLE = `
:root { color-scheme: light dark; --ink: #10202b; --paper: #fff; --accent: #0b5f4a; --line: #6b7a83 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eef1; --paper: #10191f; --accent: #5fd0ac; --line: #8b9aa3 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; color: var(--ink); background: var(--paper);
  font: 1.125rem/1.5 system-ui, sans-serif }
main { width: min(26rem, 100%); padding: 1.5rem }
h1 { font-size: 1.75rem; margin: 0 0 .5rem }
label { display: block; margin: 1.5rem 0 .25rem; font-weight: 600 }
input, button, .go { font: inherit; width: 100%; padding: .75rem 1rem; border-radius: .5rem; min-height: 3rem }
input { border: 1px solid var(--line); background: transparent; color: inherit; font-size: 1.5rem;
  letter-spacing: .15em; text-transform: uppercase }
button, .go { display: block; margin-top: 1rem; border: 0; background: var(--accent); color: var(--paper);
  font-weight: 600; text-align: center; text-decoration: none }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
`;

/** Its style is named by `nonce`; nothing in it comes from a visitor. */
export function linkPageHtml(page: LinkPage, language: Language, nonce: string): string {
  const { title, code, go, say } = WORDS[language];
  const form = `<form method="post" action="/l">
<label for="code">${code}</label>
<input id="code" name="code" required maxlength="32" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false" autofocus>
<button>${go}</button>
</form>`;
  const asks = page === 'ask' || page === 'unknown' || page === 'over';
  return documentOf(language, nonce, title, `<p role="status">${say[page]}</p>${asks ? form : ''}`);
}

/** After a right code: the way on is a link, for a form may lead to no page of others. */
export function goOnHtml(code: string, language: Language, nonce: string): string {
  const { title, ready, pay } = WORDS[language];
  return documentOf(
    language,
    nonce,
    title,
    `<p role="status">${ready}</p><a class="go" href="/l/${code}">${pay}</a>`,
  );
}

function documentOf(language: Language, nonce: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`;
}
