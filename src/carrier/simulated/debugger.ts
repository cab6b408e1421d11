import { timestamp, type Clock } from '../../clock.js';

/** What a code means, in our words; the numbers are Twilio's. */
const MEANING = {
  11200: 'the webhook answered with an error status, or its answer broke off',
  11205: 'no connection to the webhook',
  11210: 'the host of the webhook is not known',
  11750: 'the answer of the webhook is over 64 KiB',
  12100: 'the answer is not well-formed TwiML',
  12200: 'a verb or noun that is not known here was skipped',
  12300: 'the answer is not of type text/xml or application/xml',
  21217: 'nobody has a telephone at that address',
  31910: 'TLS with the stream server failed',
  31920: 'the stream server did not answer 101',
  31921: 'the connection to the stream server failed',
  31922: 'the stream URL is not wss (ws is taken for loopback hosts only)',
  31924: 'the stream server broke the protocol',
  31941: 'a stream of a live call needs a url',
} as const;

export type FaultCode = keyof typeof MEANING;

export interface DebuggerEntry {
  at: string;
  code: FaultCode;
  message: string;
  call_sid: string | null;
  /** Where in particular: a URL, a verb, a member. */
  detail: string | null;
}

/** Entries kept; the oldest go first. */
const MAX_ENTRIES = 1000;
const MAX_DETAIL = 200;

/** A failure that the carrier notes and lives with. */
export class CarrierFault extends Error {
  readonly code: FaultCode;
  readonly detail: string | null;

  constructor(code: FaultCode, detail: string | null = null) {
    super(MEANING[code]);
    this.name = 'CarrierFault';
    this.code = code;
    this.detail = detail;
  }
}

/** The account's list of what went wrong, as a carrier shows it to its customer. */
export class Debugger {
  readonly entries: DebuggerEntry[] = [];
  readonly #clock: Clock;
  readonly #onEntry: (entry: DebuggerEntry) => void;

  constructor(clock: Clock, onEntry: (entry: DebuggerEntry) => void) {
    this.#clock = clock;
    this.#onEntry = onEntry;
  }

  note(code: FaultCode, callSid: string | null, detail: string | null = null): void {
    const entry: DebuggerEntry = {
      at: timestamp(this.#clock.now()),
      code,
      message: MEANING[code],
      call_sid: callSid,
      detail: detail === null ? null : detail.slice(0, MAX_DETAIL),
    };
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.shift();
    this.#onEntry(entry);
  }
}
