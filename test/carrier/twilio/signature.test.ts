import { describe, expect, it } from '@jest/globals';
import { isSigned } from '../../../src/carrier/twilio/signature.js';
import { sign, TOKEN } from './harness.js';

const FORM_URL = 'https://voice.example.test/twilio/voice?tenant=acme';
const FORM = {
  CallSid: 'CA00000000000000000000000000000001',
  Digits: '1234',
  From: '+33612345678',
  To: '+33123456789',
};
const FORM_SIGNATURE = 'KC0BkYvjBYxnsh5ray8d06EoCNU=';

describe('a signature', () => {
  it('is accepted over a stream URL', () => {
    const url = 'wss://voice.example.test/media';
    expect(isSigned([TOKEN], 'Q+82Zh+6h3XUYGulJvqj0Cl5hC4=', url, {})).toBe(true);
    expect(sign(url)).toBe('Q+82Zh+6h3XUYGulJvqj0Cl5hC4=');
  });

  it('is accepted over a form', () => {
    expect(isSigned([TOKEN], FORM_SIGNATURE, FORM_URL, FORM)).toBe(true);
    expect(sign(FORM_URL, FORM)).toBe(FORM_SIGNATURE);
  });

  it('is accepted under either token', () => {
    expect(isSigned(['the new token', TOKEN], FORM_SIGNATURE, FORM_URL, FORM)).toBe(true);
    expect(isSigned(['the new token'], FORM_SIGNATURE, FORM_URL, FORM)).toBe(false);
    expect(isSigned([], FORM_SIGNATURE, FORM_URL, FORM)).toBe(false);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['cut short', FORM_SIGNATURE.slice(0, 20)],
    ['another', 'LC0BkYvjBYxnsh5ray8d06EoCNU='],
    ['sent twice', [FORM_SIGNATURE, FORM_SIGNATURE]],
  ])('is refused when %s', (_what, signature) => {
    expect(isSigned([TOKEN], signature, FORM_URL, FORM)).toBe(false);
  });

  it.each([
    ['another host', 'https://voice.example.com/twilio/voice?tenant=acme', FORM],
    ['another query', 'https://voice.example.test/twilio/voice?tenant=acme&a=1', FORM],
    ['another path', 'https://voice.example.test/voice?tenant=acme', FORM],
    ['what is no URL', '/twilio/voice?tenant=acme', FORM],
    ['another value', FORM_URL, { ...FORM, Digits: '1235' }],
    ['a value more', FORM_URL, { ...FORM, Extra: '', Other: 'x' }],
    ['a value fewer', FORM_URL, { CallSid: FORM.CallSid }],
  ])('is refused over %s', (_what, url, parameters) => {
    expect(isSigned([TOKEN], FORM_SIGNATURE, url, parameters)).toBe(false);
  });
});
