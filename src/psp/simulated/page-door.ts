import type { IncomingMessage, ServerResponse } from 'node:http';
import { readForm } from './form-reader.js';
import type { HostedPages, Page, PageLanguage } from './hosted-pages.js';
import { PAGE_STYLE_HASH, pageHtml } from './page-html.js';

const PATH = /^\/pay\/([0-9A-Z]{26})(?:\/(bank|outcome))?$/;

/**
 * The pages over HTTP: GET shows where the payer stands, POST takes what he says, and `/outcome` leads on once there is
 * one. Works without scripts or cookies.
 */
export class PageDoor {
  readonly #pages: HostedPages;

  constructor(pages: HostedPages) {
    this.#pages = pages;
  }

  readonly serve = (request: IncomingMessage, response: ServerResponse): void => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const [, key, part] = PATH.exec(path) ?? [];
    if (key === undefined || this.#pages.find(key) === null) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.');
      return;
    }
    const lang = new URLSearchParams(query).get('lang');
    const isOver = part === 'outcome' && this.#pages.stepOf(key)?.step !== 'acquirer';
    if (isOver) this.#leadOn(key, lang, response);
    else if (request.method === 'POST') void this.#take(key, part === 'bank', request, response);
    else this.#show(key, lang, response);
  };

  async #take(key: string, bank: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request, '');
    if (form === null) return void response.writeHead(400).end();
    if (bank) this.#pages.answerBank(key, form.fields.get('answer') === 'approve');
    else this.#pages.pay(key, form);
    form.wipe();
    this.#leadOn(key, form.fields.get('lang') ?? null, response);
  }

  /** Back to the merchant once it is paid, or can't be any more. */
  #leadOn(key: string, asked: string | null, response: ServerResponse): void {
    const page = this.#pages.find(key);
    const step = this.#pages.stepOf(key)?.step;
    if (page === null) return;
    const part = step === 'acquirer' ? '/outcome' : '';
    const isOver = step === 'paid' || step === 'failed';
    const location = isOver ? page.returnUrl : `/pay/${key}${part}?lang=${languageOf(asked, page)}`;
    response.writeHead(303, { location, 'cache-control': 'no-store' }).end();
  }

  #show(key: string, asked: string | null, response: ServerResponse): void {
    const page = this.#pages.find(key);
    const step = this.#pages.stepOf(key);
    if (page === null || step === null) return;
    // Browsers hold form-action against the redirect that follows a form, too.
    const policy = [
      "default-src 'none'",
      `style-src '${PAGE_STYLE_HASH}'`,
      `form-action 'self' ${new URL(page.returnUrl).origin}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ];
    response
      .writeHead(step.step === 'expired' ? 410 : 200, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy.join('; '),
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      })
      .end(pageHtml(page, step, languageOf(asked, page), key));
  }
}

function languageOf(asked: string | null, page: Page): PageLanguage {
  return asked === 'fr' || asked === 'en' ? asked : page.language;
}
