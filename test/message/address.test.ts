import { describe, expect, it } from '@jest/globals';
import { isAddress, masked } from '../../src/message/address.js';

describe('an address', () => {
  it.each([
    'jane@example.com',
    "j.o'neil+tag@mail.example.co.uk",
    'a@b-c.fr',
    `${'a'.repeat(64)}@example.com`,
  ])('of mail is %s', (to) => expect(isAddress('email', to)).toBe(true));

  it.each([
    '',
    'jane',
    '@example.com',
    'jane@',
    'jane@localhost',
    'jane@example..com',
    'jane@-example.com',
    'jane@example-.com',
    '.jane@example.com',
    'jane.@example.com',
    'ja ne@example.com',
    'jane@example.com, john@example.com',
    'jane@example.com\r\nBcc: all@example.com',
    'jane@example.com\n',
    '<jane@example.com>',
    '"jane doe"@example.com',
    'jane@[127.0.0.1]',
    'jané@example.com',
    `${'a'.repeat(65)}@example.com`,
    `jane@${'a.'.repeat(125)}fr`,
  ])('of mail is not %j', (to) => expect(isAddress('email', to)).toBe(false));

  it('of 100,000 characters is looked at in no time', () => {
    expect(isAddress('email', `${'a.'.repeat(50_000)}@`)).toBe(false);
  });

  it.each([
    ['+33612345678', true],
    ['+1', false],
    ['33612345678', false],
    ['+33 6 12 34 56 78', false],
    ['+3361234567890123', false],
  ])('of short messages: %s is one: %s', (to, is) => expect(isAddress('sms', to)).toBe(is));

  it('is shown masked', () => {
    expect(masked('sms', '+33612345678')).toBe('+336******78');
    expect(masked('email', 'jane.doe@example.com')).toBe('j***@example.com');
  });
});
