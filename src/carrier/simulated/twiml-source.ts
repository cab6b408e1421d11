import { CarrierFault } from './debugger.js';
import type { Next } from './twiml-run.js';
import { parseAnswer, parseTwiml, type Verb } from './twiml.js';
import type { Method, WebhookAnswer } from './webhook.js';

/** Where TwiML comes from: a webhook, or the request that placed or changed the call. */
export type Program = { url: string; method: Method } | { twiml: string };

export interface TwimlSourceOptions {
  fallback: Program | null;
  /** Asks a webhook. Rejects with CarrierFault. */
  request: (url: string, method: Method, extra: Readonly<Record<string, string>>) => Promise<WebhookAnswer>;
  note: (fault: CarrierFault) => void;
}

/** Documents that one run may ask for: a redirect that leads to itself ends here. */
const MAX_DOCUMENTS = 1000;

const APOLOGY: readonly Verb[] = [
  {
    name: 'Say',
    attributes: { language: 'en-US' },
    text: 'We are sorry, an application error has occurred. Goodbye.',
    children: [],
  },
];

/** The documents of one run of TwiML: the first, then where each leads. What fails leads to the fallback, or to an apology. */
export class TwimlSource {
  readonly #options: TwimlSourceOptions;
  #url: string | null = null;
  #count = 0;

  constructor(options: TwimlSourceOptions) {
    this.#options = options;
  }

  first(program: Program): Promise<readonly Verb[]> {
    return this.#fetch(program, {});
  }

  follow(next: Next): Promise<readonly Verb[]> {
    return this.#fetch({ url: absolute(next.url, this.#url), method: next.method }, next.extra ?? {});
  }

  async #fetch(program: Program, extra: Readonly<Record<string, string>>): Promise<readonly Verb[]> {
    try {
      return await this.#request(program, extra);
    } catch (error) {
      const fault = asFault(error);
      this.#options.note(fault);
      const { fallback } = this.#options;
      if (fallback === null) return APOLOGY;
      const why = { ErrorCode: String(fault.code), ErrorUrl: 'url' in program ? program.url : '' };
      return await this.#request(fallback, { ...extra, ...why }).catch((error: unknown) => {
        this.#options.note(asFault(error));
        return APOLOGY;
      });
    }
  }

  async #request(program: Program, extra: Readonly<Record<string, string>>): Promise<readonly Verb[]> {
    if ('twiml' in program) return parseTwiml(program.twiml);
    if (++this.#count > MAX_DOCUMENTS || !URL.canParse(program.url))
      throw new CarrierFault(11200, program.url);
    this.#url = program.url;
    return parseAnswer(await this.#options.request(program.url, program.method, extra));
  }
}

/** Anything but a fault is a bug of ours, and goes up. */
function asFault(error: unknown): CarrierFault {
  if (error instanceof CarrierFault) return error;
  throw error;
}

/** An absolute URL stays as it is written: its signature is over that. */
function absolute(url: string, base: string | null): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return url;
  return base !== null && URL.canParse(url, base) ? new URL(url, base).href : url;
}
