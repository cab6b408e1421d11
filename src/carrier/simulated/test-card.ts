/** What a scripted caller may key: published test cards and nothing else. Any future expiry and any code are theirs. */
export const TEST_CARDS = {
  visa: { number: '4242424242424242', expiry: '1234', code: '123' },
  mastercard: { number: '5555555555554444', expiry: '1234', code: '123' },
  amex: { number: '378282246310005', expiry: '1234', code: '1234' },
  discover: { number: '6011111111111117', expiry: '1234', code: '123' },
  diners: { number: '36227206271667', expiry: '1234', code: '123' },
  jcb: { number: '3566002020360505', expiry: '1234', code: '123' },
  unionpay: { number: '6200000000000005', expiry: '1234', code: '123' },
  maestro: { number: '6771798021000008', expiry: '1234', code: '123' },
} as const;

export type TestCardName = keyof typeof TEST_CARDS;

export const TEST_CARD_NAMES = Object.keys(TEST_CARDS) as [TestCardName, ...TestCardName[]];
