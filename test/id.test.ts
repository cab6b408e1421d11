import { describe, expect, it } from '@jest/globals';
import { bucketOf, canonicalId, isId, newId } from '../src/id.js';

describe('ids', () => {
  it('are a prefix and 26 characters of Crockford base 32', () => {
    for (let i = 0; i < 200; i++) expect(newId('tnw_')).toMatch(/^tnw_[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it('carry two zero bits at the end, so that most typing errors show', () => {
    for (let i = 0; i < 200; i++) expect(newId('tnw_').at(-1)).toMatch(/[048CGMRW]/);
  });

  it('never hold twelve digits in a row', () => {
    for (let i = 0; i < 2000; i++) expect(newId('tnw_')).not.toMatch(/\d{12}/);
  });

  it('tell their bucket', () => {
    for (let bucket = 0; bucket < 256; bucket++) expect(bucketOf(newId('cap_', bucket))).toBe(bucket);
    expect(bucketOf('cap_short')).toBeNull();
  });

  it('are told from everything else', () => {
    expect(isId('cap_', newId('cap_'))).toBe(true);
    for (const text of [
      'cap_short',
      'call_01ABCDEFGHJKMNPQRSTVWXYZ04',
      'cap_01abcdefghjkmnpqrstvwxyz04',
      'cap_4242424242424242ABCDEFGH04',
      'cap_01ABCDEFGHJKMNPQRSTVWXYZ04\n',
      'cap_01ABCDEFGHJKMNPQRSTVWXY{4}',
    ])
      expect([text, isId('cap_', text)]).toEqual([text, false]);
  });

  it('are found again as people type them', () => {
    const id = 'tnw_01ABCDEFGHJKMNPQRSTVWXYZ04';
    expect(canonicalId('tnw_', id.toLowerCase())).toBe(id);
    expect(canonicalId('tnw_', 'TNW_OLABCDEFGHJKMNPQRSTVWXYZo4')).toBe(id);
    expect(canonicalId('tnw_', 'tnw_01ABCDEFGHJKMNPQRSTVWXYZ0U')).toBeNull();
    expect(canonicalId('tnw_', 'cap_01ABCDEFGHJKMNPQRSTVWXYZ04')).toBeNull();
  });
});
