import type { ServerResponse } from 'node:http';
import type { Clock } from '../../clock.js';
import type { Secret } from '../../secret.js';
import type { CardForm } from './card-form.js';
import type { Fault } from './fault.js';
import type { Notices } from './notices.js';
import type { ApiAnswer } from './provider-api.js';

/** Beyond what any customer reads of an answer. */
const HUGE_BYTES = 2 * 1024 * 1024;
const ZERO = 0x30;

export interface Delivery {
  response: ServerResponse;
  form: CardForm;
  fault: Fault | null;
  notices: Notices;
  clock: Clock;
  /** How long what is late is on its way. */
  lateMs: number;
  act: () => Promise<ApiAnswer>;
}

/** Does what was asked and answers, or fails to, as `fault` says. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { response, form, fault, notices, clock, lateMs, act } = delivery;
  if (fault === 'nothing_then_silent') return;
  if (fault === 'nothing_then_cut') return void response.destroy();
  if (fault === 'nothing_then_500') return answer(response, SERVER_ERROR);
  if (fault === 'busy') return answer(response, BUSY);
  if (fault === 'raw_cards_off' && form.number !== null) return answer(response, RAW_CARDS_OFF);
  if (fault === 'echo') return echo(response, form);
  if (fault === 'late') await new Promise<void>((resolve) => void clock.after(lateMs, resolve));

  const { told, ...done } = await act();
  const tell = async (): Promise<void> => {
    if (told !== undefined) await notices.tell(told.type, told.payment, fault);
  };
  if (fault === 'notice_first') await tell();
  misdeliver(response, fault, done);
  if (fault !== 'notice_first') await tell();
}

const SERVER_ERROR = error(500, 'server_error', 'something went wrong');
const BUSY = error(503, 'busy', 'nothing was done; try again later');
const RAW_CARDS_OFF = error(403, 'raw_cards_not_enabled', 'this account may not send card numbers');

function misdeliver(response: ServerResponse, fault: Fault | null, done: ApiAnswer): void {
  switch (fault) {
    case 'done_then_500':
      return answer(response, SERVER_ERROR);
    case 'done_then_silent':
      return;
    case 'done_then_cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write('{', () => response.destroy());
      return;
    case 'done_then_garbage':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>It works!</h1>');
      return;
    case 'done_then_huge':
      response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(HUGE_BYTES, ' '));
      return;
    case 'done_then_twice': {
      const { socket } = response;
      const text = JSON.stringify(done.body);
      const again = `HTTP/1.1 ${done.status} OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
      response.on('finish', () => setImmediate(() => socket?.write(again)));
      return answer(response, done);
    }
    default:
      return answer(response, done);
  }
}

/** A refusal whose code is the card's number, and whose message repeats number and security code. */
function echo(response: ServerResponse, { number, code }: CardForm): void {
  const body = Buffer.from(new ArrayBuffer(256));
  let length = 0;
  const text = (part: string): void => void (length += body.write(part, length));
  const digits = (secret: Secret | null): void => {
    for (const digit of secret?.reveal() ?? []) body[length++] = ZERO + digit;
  };
  text('{"error":{"code":"');
  digits(number);
  text('","message":"card ');
  digits(number);
  text(' with code ');
  digits(code);
  text('"}}');
  response.writeHead(400, { 'content-type': 'application/json', 'content-length': length }).flushHeaders();
  response.end(body.subarray(0, length), () => body.fill(0));
}

function answer(response: ServerResponse, { status, body }: ApiAnswer): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

function error(status: number, code: string, message: string): ApiAnswer {
  return { status, body: { error: { code, message } } };
}
