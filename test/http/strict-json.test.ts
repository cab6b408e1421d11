import { describe, expect, it } from '@jest/globals';
import { assert, jsonValue, pre, property } from 'fast-check';
import { MAX_JSON_DEPTH, parseStrictJson } from '../../src/http/strict-json.js';

const parse = (text: string) => parseStrictJson(Buffer.from(text));

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    assert(
      property(jsonValue({ depthSize: 'small' }), (value) => {
        pre(!JSON.stringify(value).includes('__proto__'));
        expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('takes brackets, colons and quotes inside strings for text', () => {
    expect(parse('{"a:{[":"}]\\":\\"","b":["x:","x:"]}')).toEqual({ 'a:{[': '}]":"', b: ['x:', 'x:'] });
  });

  it('takes the same name in two objects', () => {
    expect(parse('[{"a":1},{"a":{"a":2}}]')).toEqual([{ a: 1 }, { a: { a: 2 } }]);
  });

  it.each([
    ['nothing', ''],
    ['half an object', '{"call":'],
    ['a byte order mark', '\ufeff{}'],
    ['two values', '{} {}'],
    ['a comment', '{/* */}'],
    ['a name twice', '{"call":"a","call":"b"}'],
    ['a name twice, spelled differently', '{"call":"a","c\\u0061ll":"b"}'],
    ['a name twice, deeper', '[{"x":{"y":1,"y":2}}]'],
    ['__proto__', '{"__proto__":{"polluted":true}}'],
    ['__proto__ in disguise', '{"\\u005f_proto__":1}'],
    ['half a surrogate pair', '{"a":"\\ud800"}'],
    ['half a surrogate pair in a name', '{"\\udc00":1}'],
    ['NUL', '{"a":"\\u0000"}'],
    ['a raw control character', '{"a":"\n"}'],
    ['64 levels', '['.repeat(64) + ']'.repeat(64)],
    ['64 levels of objects', '{"a":'.repeat(64) + '1' + '}'.repeat(64)],
    ['30,000 open brackets', '['.repeat(30_000)],
  ])('refuses %s without repeating it', (_name, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'bad_request' }));
    expect(() => parse(text)).toThrow(/^the body (is|has) /);
  });

  it('says of nothing at all that it is empty', () => {
    expect(() => parse('')).toThrow('the body is empty');
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/not valid JSON/);
  });

  it('goes as deep as its bound and no deeper', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(() => parse(deep(MAX_JSON_DEPTH))).not.toThrow();
    expect(() => parse(deep(MAX_JSON_DEPTH + 1))).toThrow(/nested/);
  });

  it('pollutes no prototype', () => {
    const value = parse('{"constructor":{"prototype":{"polluted":1}}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
  });
});
