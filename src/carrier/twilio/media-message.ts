import { KEY_A, NO_KEY, POUND, STAR } from '../../secret.js';
import { JsonCursor, spells, unescape, type JsonType } from './json-cursor.js';

/**
 * Media Streams messages, classed from their bytes. `media` and `dtmf` carry what the caller said and keyed:
 * `JSON.parse` would leave copies of it that nobody can wipe, so this reader tells where things stand and copies
 * nothing.
 */

export type MediaMessageKind = (typeof EVENTS)[number] | 'unknown' | 'unreadable';

const EVENTS = ['media', 'dtmf', 'mark', 'connected', 'start', 'stop'] as const;
/** Words are compared as bytes: with strings of several kinds, V8 looks up their length anew at every byte. */
const EVENT_WORDS = EVENTS.map((word) => Buffer.from(word));

/** A number that the message doesn't say. */
export const ABSENT = -1;

/** A number of more digits is no counter of a call. */
const MAX_NUMBER_DIGITS = 15;

/** `media` says `inbound`, `dtmf` says `inbound_track`; each is taken for both. */
const INBOUND_WORDS = ['inbound', 'inbound_track'].map((word) => Buffer.from(word));

/** The members that are read, each where its content stands in the message read last. */
class Member {
  readonly name: Uint8Array;
  readonly inside: readonly Member[];
  type: JsonType | null = null;
  start = 0;
  end = 0;
  escaped = false;

  constructor(name: string, inside: readonly Member[] = []) {
    this.name = Buffer.from(name);
    this.inside = inside;
  }
}

/** Reads one message at a time; `read` fills the fields, which are good until the next. It keeps no byte. */
export class MediaMessageReader {
  /** The message's place in the stream, or ABSENT. */
  sequence = ABSENT;
  /** The frame's place among those of its track, or ABSENT. */
  chunk = ABSENT;
  /** The frame's time in ms from the start of the stream, or ABSENT. */
  timestamp = ABSENT;
  /** The audio or the key is the party's own, and not what we sent. */
  inbound = false;
  /** Where the base64 of a `media` message, or the key of a `dtmf` message, stands. */
  start = 0;
  end = 0;

  readonly #cursor = new JsonCursor();
  readonly #event = new Member('event');
  readonly #sequence = new Member('sequenceNumber');
  readonly #streamSid = new Member('streamSid');
  readonly #mediaTrack = new Member('track');
  readonly #chunk = new Member('chunk');
  readonly #timestamp = new Member('timestamp');
  readonly #payload = new Member('payload');
  readonly #media = new Member('media', [this.#mediaTrack, this.#chunk, this.#timestamp, this.#payload]);
  readonly #dtmfTrack = new Member('track');
  readonly #digit = new Member('digit');
  readonly #dtmf = new Member('dtmf', [this.#dtmfTrack, this.#digit]);
  readonly #message = [this.#event, this.#sequence, this.#streamSid, this.#media, this.#dtmf];

  /**
   * Classes one message. `media` and `dtmf` of a stream other than `streamSid` are unreadable (null: any will do).
   * Escapes in a payload or key are resolved in place.
   */
  read(bytes: Uint8Array, streamSid: Uint8Array | null): MediaMessageKind {
    forget(this.#message);
    this.#cursor.open(bytes);
    const whole = this.#cursor.enterObject() && this.#members(bytes, this.#message, 1);
    if (!this.#cursor.close() || !whole || this.#event.type !== 'string') return 'unreadable';

    const kind = EVENTS[EVENT_WORDS.findIndex((word) => says(bytes, this.#event, word))] ?? 'unknown';
    if (kind !== 'media' && kind !== 'dtmf') {
      // What goes on to JSON.parse has no room for audio or a key.
      return this.#media.type === null && this.#dtmf.type === null ? kind : 'unreadable';
    }
    if (streamSid !== null && this.#streamSid.type !== null && !says(bytes, this.#streamSid, streamSid)) {
      return 'unreadable';
    }
    const track = kind === 'media' ? this.#mediaTrack : this.#dtmfTrack;
    const secret = kind === 'media' ? this.#payload : this.#digit;
    this.sequence = numberIn(bytes, this.#sequence);
    this.chunk = numberIn(bytes, this.#chunk);
    this.timestamp = numberIn(bytes, this.#timestamp);
    if (Number.isNaN(this.sequence + this.chunk + this.timestamp) || secret.type !== 'string')
      return 'unreadable';
    this.inbound = track.type === null || INBOUND_WORDS.some((word) => says(bytes, track, word));
    this.start = secret.start;
    this.end = secret.escaped ? unescape(bytes, secret.start, secret.end) : secret.end;
    return kind;
  }

  /** Passes the members of an object; false when one of `members` comes twice or the object can't be read. */
  #members(bytes: Uint8Array, members: readonly Member[], depth: number): boolean {
    const cursor = this.#cursor;
    for (let first = true; cursor.nextMember(first); first = false) {
      const member = named(bytes, cursor.start, cursor.end, members);
      if (member === undefined) {
        if (cursor.value(depth) === null) return false;
      } else if (member.type !== null) {
        return false;
      } else if (member.inside.length > 0 && cursor.enterObject()) {
        member.type = 'object';
        if (!this.#members(bytes, member.inside, depth + 1)) return false;
      } else {
        member.type = cursor.value(depth);
        if (member.type === null) return false;
        member.start = cursor.start;
        member.end = cursor.end;
        member.escaped = cursor.escaped;
      }
    }
    return true;
  }
}

/** The key that a byte stands for, or NO_KEY. */
export function keyOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte === 0x2a) return STAR;
  if (byte === 0x23) return POUND;
  return byte >= 0x41 && byte <= 0x44 ? KEY_A + byte - 0x41 : NO_KEY;
}

function named(
  bytes: Uint8Array,
  start: number,
  end: number,
  members: readonly Member[],
): Member | undefined {
  for (const member of members) if (spells(bytes, start, end, member.name)) return member;
  return undefined;
}

function forget(members: readonly Member[]): void {
  for (const member of members) {
    member.type = null;
    forget(member.inside);
  }
}

function says(bytes: Uint8Array, member: Member, word: Uint8Array): boolean {
  return member.type === 'string' && spells(bytes, member.start, member.end, word);
}

/** A counter, written as a string or a number; NaN when it is something else. */
function numberIn(bytes: Uint8Array, member: Member): number {
  if (member.type === null) return ABSENT;
  const length = member.end - member.start;
  if ((member.type !== 'string' && member.type !== 'number') || length < 1 || length > MAX_NUMBER_DIGITS)
    return NaN;
  let value = 0;
  for (let at = member.start; at < member.end; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return value;
}
