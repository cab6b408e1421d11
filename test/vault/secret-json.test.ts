import { expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { BLANKED, blanks, parseQuietly, putSecret, takeSecrets } from '../../src/vault/secret-json.js';

const texts = (secrets: readonly Secret[] | null) =>
  secrets && secrets.map((secret) => Buffer.from(secret.reveal()).toString('latin1'));

it('takes every secret out of a text, and leaves blanks', () => {
  const text = Buffer.from('{"secret":"abc","other":"d","list":[{"secret" : "e~!"}]}');
  expect(texts(takeSecrets(text, 'secret'))).toEqual(['abc', 'e~!']);
  expect(text.toString()).toBe('{"secret":"xxx","other":"d","list":[{"secret" : "xxx"}]}');
  expect(texts(takeSecrets(Buffer.from('"secret":"at the start"'.replaceAll(' ', '-')), 'secret'))).toEqual([
    'at-the-start',
  ]);
  expect(texts(takeSecrets(Buffer.from('{"secret":""}'), 'secret'))).toEqual(['']);
  expect(texts(takeSecrets(Buffer.from('{"other":1}'), 'secret'))).toEqual([]);
});

it.each([
  ['a number', '{"secret":12}'],
  ['null, and a string behind it', '{"secret":null,"other":"abc"}'],
  ['a string without an end', '{"secret":"abc'],
  ['a string without anything', '{"secret":"'],
  ['a space', '{"secret":"a b"}'],
  ['a new line', '{"secret":"a\nb"}'],
  ['DEL', '{"secret":"a\x7f"}'],
  ['an escape', '{"secret":"a\\u0062"}'],
  ['a letter that is not ASCII', '{"secret":"é"}'],
  ['a bad one behind a good one', '{"secret":"abc","secret":"a b"}'],
])('takes nothing where a value is %s', (_what, text) => {
  expect(takeSecrets(Buffer.from(text), 'secret')).toBeNull();
});

it('puts a secret over its blanks, one after the other', () => {
  const [one, two] = [Secret.of(Buffer.from('abc')), Secret.of(Buffer.from('de'))];
  const text = Buffer.from(JSON.stringify([{ secret: blanks(one) }, { secret: blanks(two) }], null, 1));
  const end = putSecret(text, 'secret', one, 0);
  putSecret(text, 'secret', two, end);
  expect(JSON.parse(text.toString())).toEqual([{ secret: 'abc' }, { secret: 'de' }]);
});

it('knows blanks from what was not blanked', () => {
  expect(['', 'x', 'xxx', 'ax', 'xa', 'a'].map((text) => BLANKED.test(text))).toEqual([
    ...[true, true, true],
    ...[false, false, false],
  ]);
});

it('reads JSON, or nothing', () => {
  expect([parseQuietly('{"a":1}'), parseQuietly('{"secret')]).toEqual([{ a: 1 }, null]);
});
