import type { IncomingMessage, ServerResponse } from 'node:http';
import { readForm } from './form-reader.js';
import type { HostedPages } from './hosted-pages.js';
import { PAGE_STYLE_HASH, pageHtml } from './page-html.js';

const PATH = /^\/pay\/([0-9A-Z]{26})(\/bank)?$/;

/** The pages over HTTP: GET shows where the payer stands, POST takes what he says. Works without scripts or cookies. */
export class PageDoor {
  readonly #pages: HostedPages;

  constructor(pages: HostedPages) {
    this.#pages = pages;
  }

  readonly serve = (request: IncomingMessage, response: ServerResponse): void => {
    const [path = '', query = ''] = (request.url ?? '').split('?', 2);
    const [, key, bank] = PATH.exec(path) ?? [];
    if (key === undefined || this.#pages.find(key) === null) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such page.');
      return;
    }
    if (request.method === 'POST') void this.#take(key, bank !== undefined, request, response);
    else this.#show(key, new URLSearchParams(query).get('lang'), response);
  };

  async #take(key: string, bank: boolean, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = await readForm(request, '');
    if (form === null) return void response.writeHead(400).end();
    if (bank) this.#pages.answerBank(key, form.fields.get('answer') === 'approve');
    else this.#pages.pay(key, form);
    form.wipe();
    const lang = form.fields.get('lang') === 'fr' ? 'fr' : 'en';
    const over = ['paid', 'failed'].includes(this.#pages.stepOf(key)?.step ?? '');
    const location = over ? (this.#pages.find(key)?.returnUrl ?? '') : `/pay/${key}?lang=${lang}`;
    response.writeHead(303, { location, 'cache-control': 'no-store' }).end();
  }

  #show(key: string, asked: string | null, response: ServerResponse): void {
    const page = this.#pages.find(key);
    const step = this.#pages.stepOf(key);
    if (page === null || step === null) return;
    const language = asked === 'fr' || asked === 'en' ? asked : page.language;
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
      .end(pageHtml(page, step, language, key));
  }
}
