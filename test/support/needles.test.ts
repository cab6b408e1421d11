import { expect, it } from '@jest/globals';
import { canaryNumber, findNeedles, needles } from './needles.js';

const digits = canaryNumber();
const text = digits.join('');
const wanted = needles(digits);

it.each([
  ['ascii', Buffer.from(`pan=${text};`)],
  ['utf-16 little-endian', Buffer.from(`x${text}`, 'utf16le')],
  ['utf-16 big-endian', Buffer.from(text, 'utf16le').swap16()],
  ['digit bytes', Buffer.from([255, ...digits, 255])],
  ['hex of ascii', Buffer.from(Buffer.from(text).toString('hex'))],
  ['hex of digit bytes', Buffer.from(Buffer.from(digits).toString('hex'))],
  ['packed from digit 0', Buffer.from(`ff${text}ff`, 'hex')],
  ['packed from digit 1', Buffer.from(`f${text}f`, 'hex')],
  ['reversed ascii', Buffer.from(text.split('').toReversed().join(''))],
  ['base64 of ascii at 0', Buffer.from(Buffer.from(`abc${text}z`).toString('base64'))],
  ['base64 of ascii at 1', Buffer.from(Buffer.from(`a${text}`).toString('base64'))],
  ['base64 of ascii at 2', Buffer.from(Buffer.from(`ab${text}zz`).toString('base64'))],
  ['in groups by " "', Buffer.from((text.match(/.{4}/g) ?? []).join(' '))],
  ['digits 3–13 ascii', Buffer.from(text.slice(3, 13))],
  ['digits by ","', Buffer.from(text.split('').join(','))],
])('finds a number as %s', (name, haystack) => {
  expect(findNeedles(haystack, wanted)).toContain(name);
});

it('finds nothing in nine digits of it, or in another number', () => {
  expect(findNeedles(Buffer.from(`${text.slice(0, 9)}x${text.slice(-4)}`), wanted)).toEqual([]);
  expect(findNeedles(Buffer.from(canaryNumber('555555').join('')), wanted)).toEqual([]);
});
