import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { AUDIT_TYPES } from '../../src/audit/audit-event.js';

describe('the events of the audit trail', () => {
  it('are each told somewhere', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('audit-event.ts'))
      .map((path) => readFileSync(join('src', path), 'utf8'))
      .join('');
    const untold = AUDIT_TYPES.filter((type) => !sources.includes(`'${type}'`));
    // By the name of the command.
    expect(untold).toEqual(['key.retire', 'key.reinstate', 'key.destroy']);
  });
});
