import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MAX_DEPTH } from '../../../src/carrier/twilio/json-cursor.js';
import { ABSENT, keyOf, MediaMessageReader } from '../../../src/carrier/twilio/media-message.js';

const STREAM = 'MZ00000000000000000000000000000001';
const reader = new MediaMessageReader();

/** What the reader made of a text. */
function read(text: string | Uint8Array, streamSid: string | null = STREAM): Record<string, unknown> {
  const bytes = Buffer.from(text);
  const kind = reader.read(bytes, streamSid === null ? null : Buffer.from(streamSid));
  if (kind !== 'media' && kind !== 'dtmf') return { kind };
  const { sequence, chunk, timestamp, inbound, start, end } = reader;
  return { kind, sequence, chunk, timestamp, inbound, content: bytes.toString('latin1', start, end) };
}

/** `text` as a JSON string in which any character may be escaped in any way that JSON has. */
function jsonString(text: string): fc.Arbitrary<string> {
  return fc.tuple(...Array.from(text).map(() => fc.nat({ max: 3 }))).map((ways) => {
    const written = Array.from(text).map((character, i) => {
      const hex = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
      if (ways[i] === 0) return `\\u${hex}`;
      if (ways[i] === 1) return `\\u${hex.toUpperCase()}`;
      return character === '/' && ways[i] === 2 ? '\\/' : character;
    });
    return `"${written.join('')}"`;
  });
}

const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
const other = fc.jsonValue({ depthSize: 'small', maxDepth: 4 }).map((value) => JSON.stringify(value));

/** An object with these members in any order, white space and strangers between them. */
function jsonObject(members: Record<string, fc.Arbitrary<string>>): fc.Arbitrary<string> {
  const known = Object.entries(members).map(([name, value]) => fc.tuple(jsonString(name), value));
  const strangers = fc
    .uniqueArray(fc.stringMatching(/^x[a-z]{0,6}$/), { maxLength: 3 })
    .chain((names) => fc.tuple(...names.map((name) => fc.tuple(fc.constant(JSON.stringify(name)), other))));
  return fc
    .tuple(fc.tuple(...known), strangers)
    .chain(([mine, theirs]) =>
      fc.shuffledSubarray([...mine, ...theirs], { minLength: mine.length + theirs.length }),
    )
    .chain((all) => fc.tuple(fc.constant(all), fc.array(space, { minLength: 4, maxLength: 4 })))
    .map(([all, [a = '', b = '', c = '', d = '']]) => {
      const inside = all.map(([name, value]) => `${a}${name}${b}:${c}${value}${d}`).join(',');
      return `${d}{${inside || a}}${b}`;
    });
}

/** A counter, as a string or a number. */
const counter = (value: number): fc.Arbitrary<string> => fc.constantFrom(`"${value}"`, String(value));

describe('a media message', () => {
  it('is read in any order, spacing and escaping, between any strangers', () => {
    const messages = fc
      .tuple(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        fc.constantFrom('inbound', 'outbound'),
      )
      .chain(([audio, sequence, chunk, timestamp, track]) => {
        const content = Buffer.from(audio).toString('base64');
        const media = jsonObject({
          track: jsonString(track),
          chunk: counter(chunk),
          timestamp: counter(timestamp),
          payload: jsonString(content),
        });
        const text = media.chain((inside) =>
          jsonObject({
            event: jsonString('media'),
            sequenceNumber: counter(sequence),
            streamSid: jsonString(STREAM),
            media: fc.constant(inside),
          }),
        );
        const expected = { kind: 'media', sequence, chunk, timestamp, inbound: track === 'inbound', content };
        return fc.tuple(text, fc.constant(expected));
      });
    fc.assert(
      fc.property(messages, ([text, expected]) => expect(read(text)).toEqual(expected)),
      { numRuns: 50 },
    );
  });

  it('of the carrier is read', () => {
    const text = `{"event":"media","sequenceNumber":"4","media":{"track":"inbound","chunk":"2","timestamp":"5",
      "payload":"no+JhoaJjpz/"},"streamSid":"${STREAM}"}`;
    expect(read(text)).toEqual({
      kind: 'media',
      sequence: 4,
      chunk: 2,
      timestamp: 5,
      inbound: true,
      content: 'no+JhoaJjpz/',
    });
  });

  it('needs no numbers, no track and no stream', () => {
    expect(read('{"event":"media","media":{"payload":"AAAA"}}')).toEqual({
      kind: 'media',
      sequence: ABSENT,
      chunk: ABSENT,
      timestamp: ABSENT,
      inbound: true,
      content: 'AAAA',
    });
  });

  it.each([
    ['of another stream', '{"event":"media","streamSid":"MZ2","media":{"payload":"AAAA"}}'],
    ['without a payload', '{"event":"media","media":{}}'],
    ['without media', '{"event":"media"}'],
    ['with a number for payload', '{"event":"media","media":{"payload":1}}'],
    ['with text for media', '{"event":"media","media":"AAAA"}'],
    ['with two payloads', '{"event":"media","media":{"payload":"AAAA","payload":"AAAA"}}'],
    ['with two events', '{"event":"mark","media":{"payload":"AAAA"},"event":"media"}'],
    ['with a fraction for a counter', '{"event":"media","media":{"chunk":1.5,"payload":"AAAA"}}'],
    [
      'with a counter of 16 digits',
      '{"event":"media","sequenceNumber":"1234567890123456","media":{"payload":"AAAA"}}',
    ],
    ['with an empty counter', '{"event":"media","sequenceNumber":"","media":{"payload":"AAAA"}}'],
  ])('%s is unreadable', (_what, text) => {
    expect(read(text)).toEqual({ kind: 'unreadable' });
  });

  it('has its escaped payload in place, and nothing behind it', () => {
    const bytes = Buffer.from('{"event":"media","media":{"payload":"\\/\\u002f\\/A"}}');
    expect(reader.read(bytes, null)).toBe('media');
    expect(bytes.toString('latin1', reader.start, reader.end)).toBe('///A');
    expect(bytes.toString('latin1', reader.end, reader.end + 7)).toBe('\0'.repeat(7));
  });
});

describe('a dtmf message', () => {
  it('tells where its key stands', () => {
    expect(
      read(
        `{"event":"dtmf","streamSid":"${STREAM}","sequenceNumber":"5","dtmf":{"track":"inbound_track","digit":"7"}}`,
      ),
    ).toEqual({ kind: 'dtmf', sequence: 5, chunk: ABSENT, timestamp: ABSENT, inbound: true, content: '7' });
  });

  it('of what we sent is not inbound', () => {
    expect(read('{"event":"dtmf","dtmf":{"track":"outbound_track","digit":"7"}}')).toMatchObject({
      inbound: false,
    });
  });

  it('with a number for its key is unreadable', () => {
    expect(read('{"event":"dtmf","dtmf":{"digit":7}}')).toEqual({ kind: 'unreadable' });
  });
});

describe('other messages', () => {
  it.each(['connected', 'start', 'mark', 'stop'])('%s is known', (event) => {
    expect(read(JSON.stringify({ event, anything: [1, { deep: null }] }))).toEqual({ kind: event });
  });

  it('are unknown by name, and readable', () => {
    expect(read('{"event":"media2"}')).toEqual({ kind: 'unknown' });
    expect(read('{"event":"Media"}')).toEqual({ kind: 'unknown' });
    expect(read('{"event":""}')).toEqual({ kind: 'unknown' });
  });

  it('with room for audio or a key are unreadable: they would be parsed', () => {
    expect(read('{"event":"mark","dtmf":{"digit":"7"}}')).toEqual({ kind: 'unreadable' });
    expect(read('{"event":"start","media":null}')).toEqual({ kind: 'unreadable' });
  });

  it('leave their bytes as they came', () => {
    const text = '{"event":"m\\u0061rk","mark":{"name":"\\u0061\\/"}}';
    const bytes = Buffer.from(text);
    expect(reader.read(bytes, null)).toBe('mark');
    expect(bytes.toString()).toBe(text);
  });

  it('nested to the bound are read, and no deeper', () => {
    const nested = (depth: number): string => `{"event":"mark","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
    expect(read(nested(MAX_DEPTH - 1))).toEqual({ kind: 'mark' });
    expect(read(nested(MAX_DEPTH))).toEqual({ kind: 'unreadable' });
  });
});

describe('what is read', () => {
  const readable = (text: string): boolean => {
    try {
      const value = JSON.parse(text) as unknown;
      return (
        typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string'
      );
    } catch {
      return false;
    }
  };

  it('is what JSON.parse reads', () => {
    const broken = fc
      .tuple(
        jsonObject({ event: jsonString('mark'), mark: other, sequenceNumber: other }),
        fc.nat(),
        fc.constantFrom(
          '',
          '"',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\',
          '\\u12',
          '0',
          '-',
          '.',
          'e5',
          'tru',
          '\n',
          '\x01',
          '\ufeff',
        ),
        fc.nat({ max: 3 }),
      )
      .map(([text, at, piece, cut]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + piece + text.slice(place + cut);
      });
    fc.assert(
      fc.property(broken, (text) => {
        expect([text, read(text).kind !== 'unreadable']).toEqual([text, readable(text)]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    '',
    ' ',
    '{}',
    '[]',
    'null',
    '"event"',
    '{"event":1}',
    '{"event":"mark"}}',
    '{"event":"mark"',
    '{"event":"mark",}',
    "{'event':'mark'}",
    '{"event":"mark","x":01}',
    '{"event":"mark","x":1.}',
    '{"event":"mark","x":+1}',
    '{"event":"mark","x":"\t"}',
    '{"event":"mark","x":[1,]}',
    '{"event" "mark"}',
    '\ufeff{"event":"mark"}',
  ])('is not %j', (text) => {
    expect(read(text)).toEqual({ kind: 'unreadable' });
  });

  it('never throws on bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(['unreadable', 'unknown']).toContain(read(bytes).kind);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a key', () => {
  it('is one of sixteen', () => {
    const keys = Array.from('0123456789*#ABCD').map((key) => keyOf(key.charCodeAt(0)));
    expect(keys).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });

  it('is nothing else', () => {
    expect(Array.from(' /:EaP\0\xff').map((key) => keyOf(key.charCodeAt(0)))).toEqual(
      Array.from({ length: 8 }, () => -1),
    );
  });
});
