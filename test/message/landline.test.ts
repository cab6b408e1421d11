import { expect, it } from '@jest/globals';
import { isLandline } from '../../src/message/landline.js';

it.each<[string, boolean]>([
  ['+33199000001', true],
  ['+33561000001', true],
  ['+33800000001', true],
  ['+33939980001', true],
  ['+33639980001', false],
  ['+33700000001', false],
  // Nothing is known of other plans.
  ['+442079460001', false],
  ['', false],
])('%s is a number that takes no short messages: %s', (number, is) => {
  expect(isLandline(number)).toBe(is);
});
