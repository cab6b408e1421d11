import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import twilio from 'twilio';
import { signatureOf } from '../../../src/carrier/simulated/signature.js';
import { AUTH_TOKEN } from '../../support/carrier.js';

describe('the signature', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['a stream', 'wss://voice.example.test/media', {}, 'Q+82Zh+6h3XUYGulJvqj0Cl5hC4='],
    [
      'a form',
      'https://voice.example.test/twilio/voice?tenant=acme',
      {
        CallSid: 'CA00000000000000000000000000000001',
        Digits: '1234',
        From: '+33612345678',
        To: '+33123456789',
      },
      'KC0BkYvjBYxnsh5ray8d06EoCNU=',
    ],
  ])('of %s is the published one', (_what, url, parameters, signature) => {
    expect(signatureOf(AUTH_TOKEN, url, new URLSearchParams(parameters))).toBe(signature);
  });

  it('of any parameters is what the twilio package accepts', () => {
    const url = 'https://voice.example.test/a';
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Za-z_.-]{1,12}$/), fc.string()), (parameters) => {
        const signature = signatureOf(AUTH_TOKEN, url, new URLSearchParams(parameters));
        return twilio.validateRequest(AUTH_TOKEN, signature, url, parameters);
      }),
    );
  });

  it('counts a repeated value once, sorted', () => {
    const url = 'https://voice.example.test/a';
    const parameters = new URLSearchParams([
      ['E', 'b'],
      ['E', 'a'],
      ['E', 'b'],
    ]);

    expect(signatureOf(AUTH_TOKEN, url, parameters)).toBe(
      twilio.getExpectedTwilioSignature(AUTH_TOKEN, url, { E: ['b', 'a', 'b'] }),
    );
  });
});
