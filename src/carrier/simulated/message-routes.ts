import type { Response, Router } from 'express';
import { isE164 } from './address.js';
import { rfc2822 } from './resource.js';
import { notFound, refuse } from './rest-answer.js';
import type { ShortMessage, ShortMessages } from './short-messages.js';

export interface MessageRoutesOptions {
  accountSid: string;
  owns: (number: string) => boolean;
  messages: ShortMessages;
}

const MAX_CHARACTERS = 1_600;
const PAGE_SIZE = 50;
/** Characters in one part: of the GSM alphabet, and of any other; less in each of several (GSM 03.40). */
const PART = { gsm: [160, 153], other: [70, 67] } as const;
/** As much of the GSM alphabet as is in Latin-1, near enough to count parts by. */
const GSM = /^[\n\r !"#$%&'()*+,\-./0-9:;<=>?@A-Z_a-z¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü€]*$/;
/** A name in place of a number, as most countries of Europe let one. */
const SENDER_NAME = /^(?=.*[A-Za-z])[\w .&+-]{1,11}$/;
const SERVICE = /^MG[0-9a-f]{32}$/;

/** The carrier's REST interface for short messages, behind that for calls. */
export function addMessageRoutes(router: Router, options: MessageRoutesOptions): void {
  const { accountSid, owns, messages } = options;
  const list = `/2010-04-01/Accounts/${accountSid}/Messages.json`;

  router.post(list, (request, response) => {
    const body = (request.body ?? {}) as Record<string, unknown>;
    const { To: to, Body: text, StatusCallback: callback } = body;
    const from = body.MessagingServiceSid ?? body.From;
    if (typeof to !== 'string' || to === '') return refuse(response, 400, 21604, "A 'To' number is required");
    if (!isE164(to)) return refuse(response, 400, 21211, "The 'To' number is not valid");
    if (typeof from !== 'string' || from === '') {
      return refuse(response, 400, 21603, "A 'From' number or a messaging service is required");
    }
    if (!owns(from) && !SENDER_NAME.test(from) && !SERVICE.test(from)) {
      return refuse(response, 400, 21606, "The 'From' number can't send short messages for this account");
    }
    if (typeof text !== 'string' || text === '') return refuse(response, 400, 21602, 'A body is required');
    if (text.length > MAX_CHARACTERS) return refuse(response, 400, 21617, 'The body is over 1600 characters');
    if (callback !== undefined && !(typeof callback === 'string' && URL.canParse(callback))) {
      return refuse(response, 400, 21609, "The 'StatusCallback' is not a valid URL");
    }
    const message = messages.send(from, to, text, callback ?? null);
    answer(response.status(201), message);
  });

  router.get(list, (request, response) => {
    const { To, From } = request.query;
    const found = messages.all.filter(
      ({ to, from }) => (To === undefined || to === To) && (From === undefined || from === From),
    );
    response.json({
      messages: found.slice(-PAGE_SIZE).map((message) => resource(accountSid, message)),
      ...{ page: 0, page_size: PAGE_SIZE, start: 0, end: Math.max(Math.min(found.length, PAGE_SIZE) - 1, 0) },
      ...{ uri: list, first_page_uri: list, next_page_uri: null, previous_page_uri: null },
    });
  });

  router.get(list.replace('.json', '/:sid.json'), (request, response) => {
    const message = messages.find(String(request.params.sid));
    if (message === undefined) return notFound(request, response);
    answer(response, message);
  });

  function answer(response: Response, message: ShortMessage): void {
    response.json(resource(accountSid, message));
  }
}

function resource(accountSid: string, message: ShortMessage): Record<string, unknown> {
  const { sid, from, to, body, status, errorCode, createdAt, updatedAt } = message;
  const service = SERVICE.test(from);
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`;
  return {
    ...{ sid, account_sid: accountSid, api_version: '2010-04-01', direction: 'outbound-api' },
    ...{ from: service ? null : from, messaging_service_sid: service ? from : null, to, body, status },
    ...{ num_segments: String(parts(body)), num_media: '0', price: null, price_unit: 'USD' },
    ...{
      error_code: errorCode,
      error_message: errorCode === null ? null : 'Unreachable destination handset',
    },
    ...{ date_created: rfc2822(createdAt), date_updated: rfc2822(updatedAt) },
    date_sent: status === 'queued' ? null : rfc2822(updatedAt),
    ...{ uri: `${uri}.json`, subresource_uris: { media: `${uri}/Media.json` } },
  };
}

function parts(body: string): number {
  const [alone, each] = GSM.test(body) ? PART.gsm : PART.other;
  return body.length <= alone ? 1 : Math.ceil(body.length / each);
}
