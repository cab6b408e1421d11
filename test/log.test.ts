import { describe, expect, it } from '@jest/globals';
import { blankCardNumbers, createLogger, type LogFields } from '../src/log.js';

function logged(write: (log: ReturnType<typeof createLogger>) => void): { lines: string[]; blanked: number } {
  const lines: string[] = [];
  let blanked = 0;
  write(
    createLogger({
      level: 'trace',
      destination: { write: (line) => lines.push(line) },
      onBlanked: () => blanked++,
    }),
  );
  return { lines, blanked };
}

describe('the log', () => {
  it('carries allowed fields alone', () => {
    const fields = { call: 'call_1', pan: '4242424242424242', err: new Error('x') } as LogFields;
    const { lines } = logged((log) => log.info(fields, 'call started'));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 30, call: 'call_1', msg: 'call started' });
    expect(lines[0]).not.toMatch(/pan|err|4242/);
  });

  it('stays one line whatever the outside world sends', () => {
    const { lines } = logged((log) => log.warn({ detail: 'a\n{"level":60}\u001b[31m\u202e' }, 'said'));
    expect(lines).toHaveLength(1);
    expect(lines[0]?.trim().split('\n')).toHaveLength(1);
    expect(lines[0]).not.toContain('\u001b');
  });

  it('cuts long texts', () => {
    const { lines } = logged((log) => log.info({ detail: 'x'.repeat(5000) }, 'long'));
    expect(lines[0]?.length).toBeLessThan(400);
  });

  it('blanks and counts a card number that slipped through', () => {
    const { lines, blanked } = logged((log) => log.info({ detail: 'ref 4242 4242 4242 4242 end' }, 'slip'));
    expect(lines[0]).toContain('ref [blanked] end');
    expect(blanked).toBe(1);
  });

  it.each(['4242424242424242', '4242-4242-4242-4242', '3782.822463.10005', '6205500000000000004'])(
    'knows %s by its shape and check digit',
    (number) => {
      expect(blankCardNumbers(`a ${number} b`)).toBe('a [blanked] b');
    },
  );

  it('leaves other numbers alone', () => {
    const line = '{"time":"2026-01-01T00:00:00.000Z","detail":"+33612345678 4242424242424241"}';
    expect(blankCardNumbers(line)).toBe(line);
  });
});
