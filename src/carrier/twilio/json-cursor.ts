/**
 * Walks one JSON text (RFC 8259) in its bytes, without making a string or an object of any part of it. What it
 * refuses is what `JSON.parse` refuses, and nesting deeper than `MAX_DEPTH`.
 */

export type JsonType = 'string' | 'number' | 'object' | 'other';

/** Deeper nesting is refused: the recursion is bounded. */
export const MAX_DEPTH = 16;

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const SMALL_E = 0x65;
const SMALL_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const END = -1;

/** The character after a backslash and what the two stand for (section 7), `\u` aside. */
const ESCAPES: Readonly<Record<number, number>> = {
  [QUOTE]: QUOTE,
  [BACKSLASH]: BACKSLASH,
  [SLASH]: SLASH,
  0x62: 0x08,
  0x66: 0x0c,
  0x6e: LINE_FEED,
  0x72: CARRIAGE_RETURN,
  0x74: TAB,
};
/** Stands for an escaped character outside ASCII, and is in no ASCII word. */
const NOT_ASCII = 0xff;

const EMPTY = new Uint8Array(0);

export class JsonCursor {
  /** Content of the name, string or number passed last, without quotes. */
  start = 0;
  end = 0;
  /** The string passed last has escapes in it. */
  escaped = false;
  #bytes: Uint8Array = EMPTY;
  #at = 0;
  #broken = false;

  open(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#at = 0;
    this.#broken = false;
  }

  /** Lets go of the bytes. True when they were one whole JSON text. */
  close(): boolean {
    const whole = !this.#broken && this.#peek() === END;
    this.#bytes = EMPTY;
    return whole;
  }

  /** Steps into the object that comes next; false when something else comes. */
  enterObject(): boolean {
    return this.#take(OPEN_BRACE);
  }

  /** Steps on to the next member's value, its name in `start` and `end`; false at the object's end or a fault. */
  nextMember(first: boolean): boolean {
    if (this.#take(CLOSE_BRACE)) return false;
    if (!first && !this.#take(COMMA)) return this.#fail();
    if (this.#peek() !== QUOTE || !this.#string()) return this.#fail();
    return this.#take(COLON) || this.#fail();
  }

  /** Passes one value, content of a string or number in `start` and `end`. Null: it can't be read. */
  value(depth: number): JsonType | null {
    const first = this.#peek();
    if (first === QUOTE) return this.#string() ? 'string' : this.#refuse();
    if (first === MINUS || isDigit(first)) return this.#number() ? 'number' : this.#refuse();
    if (depth >= MAX_DEPTH) return this.#refuse();
    if (first === OPEN_BRACE) return this.#object(depth) ? 'object' : this.#refuse();
    if (first === OPEN_BRACKET) return this.#array(depth) ? 'other' : this.#refuse();
    return this.#word('true') || this.#word('false') || this.#word('null') ? 'other' : this.#refuse();
  }

  #object(depth: number): boolean {
    this.#at++;
    for (let first = true; this.nextMember(first); first = false) {
      if (this.value(depth + 1) === null) return false;
    }
    return !this.#broken;
  }

  #array(depth: number): boolean {
    this.#at++;
    if (this.#take(CLOSE_BRACKET)) return true;
    do {
      if (this.value(depth + 1) === null) return false;
    } while (this.#take(COMMA));
    return this.#take(CLOSE_BRACKET);
  }

  #string(): boolean {
    const bytes = this.#bytes;
    let at = this.#at + 1;
    this.start = at;
    this.escaped = false;
    for (;;) {
      const byte = bytes[at];
      if (byte === undefined || byte < SPACE) return false;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) {
        at++;
        continue;
      }
      if (escaped(bytes, at) < 0) return false;
      at += escapeLength(bytes, at);
      this.escaped = true;
    }
    this.end = at;
    this.#at = at + 1;
    return true;
  }

  #number(): boolean {
    this.start = this.#at;
    if (this.#bytes[this.#at] === MINUS) this.#at++;
    if (this.#bytes[this.#at] === ZERO) this.#at++;
    else if (!this.#digits()) return false;
    if (this.#bytes[this.#at] === DOT) {
      this.#at++;
      if (!this.#digits()) return false;
    }
    // | 0x20: either case.
    if (((this.#bytes[this.#at] ?? 0) | 0x20) === SMALL_E) {
      this.#at++;
      const sign = this.#bytes[this.#at];
      if (sign === PLUS || sign === MINUS) this.#at++;
      if (!this.#digits()) return false;
    }
    this.end = this.#at;
    return true;
  }

  #digits(): boolean {
    const from = this.#at;
    while (isDigit(this.#bytes[this.#at])) this.#at++;
    return this.#at > from;
  }

  #word(word: string): boolean {
    for (let i = 0; i < word.length; i++) if (this.#bytes[this.#at + i] !== word.charCodeAt(i)) return false;
    this.#at += word.length;
    return true;
  }

  #peek(): number {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return END;
      if (byte !== SPACE && byte !== LINE_FEED && byte !== CARRIAGE_RETURN && byte !== TAB) return byte;
      this.#at++;
    }
  }

  #take(byte: number): boolean {
    if (this.#peek() !== byte) return false;
    this.#at++;
    return true;
  }

  #fail(): false {
    this.#broken = true;
    return false;
  }

  #refuse(): null {
    this.#broken = true;
    return null;
  }
}

/** Whether the content of a JSON string is `word`, in ASCII, escapes resolved. */
export function spells(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  let at = start;
  for (let i = 0; i < word.length; i++) {
    if (at >= end) return false;
    const plain = bytes[at] !== BACKSLASH;
    if ((plain ? bytes[at] : escaped(bytes, at)) !== word[i]) return false;
    at += plain ? 1 : escapeLength(bytes, at);
  }
  return at === end;
}

/** Resolves the escapes of a JSON string's content in place; returns its new end. What is cut off is zeroed. */
export function unescape(bytes: Uint8Array, start: number, end: number): number {
  let to = start;
  for (let at = start; at < end;) {
    const plain = bytes[at] !== BACKSLASH;
    const next = at + (plain ? 1 : escapeLength(bytes, at));
    bytes[to++] = plain ? (bytes[at] as number) : escaped(bytes, at);
    at = next;
  }
  if (to < end) bytes.fill(0, to, end);
  return to;
}

/** What the escape at `at` stands for, or -1 when it is none. */
function escaped(bytes: Uint8Array, at: number): number {
  const letter = bytes[at + 1] ?? 0;
  if (letter !== SMALL_U) return ESCAPES[letter] ?? -1;
  let code = 0;
  for (let i = 2; i < 6; i++) {
    const digit = hexValue(bytes[at + i] ?? 0);
    if (digit < 0) return -1;
    code = (code << 4) | digit;
  }
  return code < 0x80 ? code : NOT_ASCII;
}

function escapeLength(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === SMALL_U ? 6 : 2;
}

function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
