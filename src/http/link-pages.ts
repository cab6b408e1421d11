import { randomBytes } from 'node:crypto';
import express, { type ErrorRequestHandler, type Request, type Response, type Router } from 'express';
import { contentSecurityPolicy } from 'helmet';
import type { Links, Opening } from '../call/links.js';
import type { Language } from '../capture/flow.js';
import { typedCode } from '../link/link-code.js';
import { goOnHtml, linkPageHtml, type LinkPage } from './link-page-html.js';

/** A form with one code in it. */
const MAX_FORM_BYTES = 1024;

const STATUS: Readonly<Record<LinkPage, number>> = {
  ask: 200,
  done: 200,
  unknown: 404,
  over: 410,
  too_many: 429,
};

/** The short address of payment links, mounted at `/l`: for payers, who have no key but their code. */
export function createLinkPages(links: Pick<Links, 'open'>): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  const form = express.urlencoded({
    extended: false,
    limit: MAX_FORM_BYTES,
    inflate: false,
    parameterLimit: 1,
  });

  router.use((_request, response, next) => {
    response.set({ 'x-robots-tag': 'noindex, nofollow', 'referrer-policy': 'no-referrer' });
    next();
  });
  router.get('/', (request, response) => show(request, response, 'ask'));
  // Where the provider's page leads back to: whatever it is called with says nothing of the payment.
  router.get('/done', (request, response) => show(request, response, 'done'));
  router.get('/:code', async (request, response) => {
    const opening = await open(request, request.params.code);
    if (opening.status === 'open') response.redirect(302, opening.url);
    else show(request, response, opening.status);
  });
  router.post('/', form, async (request, response) => {
    const { code } = (request.body ?? {}) as { code?: unknown };
    const typed = typeof code === 'string' ? code : '';
    const opening = await open(request, typed);
    if (opening.status === 'open')
      answer(request, response, 200, goOnHtml.bind(null, typedCode(typed) ?? ''));
    else show(request, response, opening.status);
  });
  router.use(unreadable);
  return router;

  function open({ socket }: Request, code: string): Promise<Opening> {
    return links.open(code, socket.remoteAddress ?? 'gone');
  }
}

/** What is no form of ours holds no code; a fault is for the app to answer. */
const unreadable: ErrorRequestHandler = (error: unknown, request, response, next) => {
  const { status } = error as { status?: unknown };
  if (typeof status === 'number' && status >= 400 && status < 500) show(request, response, 'unknown');
  else next(error);
};

function show(request: Request, response: Response, page: LinkPage): void {
  answer(request, response, STATUS[page], linkPageHtml.bind(null, page));
}

/** A page with nothing in it but itself: no code runs, nothing is loaded, its form leads here. */
function answer(
  request: Request,
  response: Response,
  status: number,
  html: (language: Language, nonce: string) => string,
): void {
  const nonce = randomBytes(16).toString('base64');
  const policy = contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      styleSrc: [`'nonce-${nonce}'`],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
  });
  policy(request, response, () => {
    const language = request.acceptsLanguages('en', 'fr') === 'fr' ? 'fr' : 'en';
    response.status(status).type('html').vary('accept-language').send(html(language, nonce));
  });
}
