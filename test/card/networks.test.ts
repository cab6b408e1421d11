import { describe, expect, it } from '@jest/globals';
import { networksOf, type NetworkRange } from '../../src/card/networks.js';
import { bytes } from './cards.js';

describe('a number', () => {
  it.each([
    ['4000002500001001', ['cartes_bancaires', 'visa']],
    ['4035501428146300', ['cartes_bancaires', 'visa']],
    ['4360000001000005', ['cartes_bancaires']],
    ['5555552500001001', ['cartes_bancaires', 'mastercard']],
    ['4242424242424242', null],
    ['378282246310005', null],
    ['400000250000100', null],
  ])('%s can be charged as %j', (text, networks) => {
    expect(networksOf(bytes(text))).toEqual(networks);
  });

  it('of a range that the merchant knows has the networks of the longest prefix, the first of equals', () => {
    const ranges: NetworkRange[] = [
      { prefix: '4242', networks: ['cartes_bancaires'] },
      { prefix: '424242', networks: ['cartes_bancaires', 'visa'] },
      { prefix: '424242', networks: ['cartes_bancaires', 'mastercard'] },
      { prefix: '4035', networks: ['cartes_bancaires'] },
    ];
    expect(networksOf(bytes('4242424242424242'), ranges)).toEqual(['cartes_bancaires', 'visa']);
    expect(networksOf(bytes('4242000000000001'), ranges)).toEqual(['cartes_bancaires']);
    expect(networksOf(bytes('4035501428146300'), ranges)).toEqual(['cartes_bancaires', 'visa']);
  });
});
