import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SimulatorSettings } from '../../src/carrier/simulated/simulator-settings.js';
import { startProgram, type Program } from '../support/program.js';
import { startProvider, type Provider } from '../support/provider.js';
import { beeps, guessed, onGrid, presses } from './agent-audio.js';
import { beginCanaryCall, type CanaryCall } from './canary-call.js';
import { watchOutlets } from './findings.js';
import { SABOTAGES } from './sabotages.js';

/** What carriers do with a tone, and whether they tell of the key besides. */
const LINES: readonly { line: string; settings: Partial<SimulatorSettings> }[] = [
  { line: 'tones and events', settings: {} },
  { line: 'tones alone', settings: { events: 'absent' } },
  { line: 'events alone', settings: { tones: 'removed' } },
  { line: 'tones clipped after 40 ms, and events', settings: { tones: { clippedAfterMs: 40 } } },
];
const WITH_TONES = LINES.filter(({ settings }) => settings.tones !== 'removed');

/** What luck gives a listener who knows the tones stays under this; the keys themselves give all. */
const LUCK = 0.5;

interface Played {
  findings: readonly string[];
  call(line: string): CanaryCall;
}

async function playAll(program: Program): Promise<Played> {
  const watch = await watchOutlets(program);
  const begun: Awaited<ReturnType<typeof beginCanaryCall>>[] = [];
  for (const { settings } of LINES) {
    begun.push(await beginCanaryCall(program, `+3363998000${begun.length}`, settings));
  }
  const calls = await Promise.all(begun.map(({ play }) => play()));
  return {
    findings: await watch.findings(calls.flatMap(({ canaries }) => canaries)),
    call(line) {
      const call = calls[LINES.findIndex((one) => one.line === line)];
      if (call === undefined) throw new RangeError('no call was on such a line');
      return call;
    },
  };
}

describe('whole calls with cards that exist nowhere else', () => {
  let provider: Provider;
  let program: Program;
  let played: Played;

  beforeAll(async () => {
    provider = await startProvider({ takes: () => true });
    program = await startProgram({ env: provider.env });
    provider.tell(program.publicUrl);
    played = await playAll(program);
  }, 180_000);
  afterAll(async () => {
    await program.stop();
    await provider.close();
  });

  it('A16: leave their numbers nowhere', () => {
    expect(played.findings).toEqual([]);
  });

  it.each(LINES)('give a token: $line', ({ line }) => {
    const { capture, canaries } = played.call(line);
    expect(capture).toMatchObject({
      status: 'completed',
      card: { brand: 'visa', bin: '411111', last4: canaries[2]?.subarray(-4).join(''), exp_month: 11 },
    });
  });

  it.each(LINES)('charge a card, and take no money that nobody knows of: $line', ({ line }) => {
    const { charged, echoed } = played.call(line);
    expect(charged).toMatchObject({ status: 'completed', charge: { status: 'approved', amount: 1250 } });
    expect(echoed).toMatchObject({ status: 'failed', token: null });
    expect(provider.server.ledger.of(charged.charge?.id ?? '', 'take').times).toBe(1);
  });

  it.each(LINES)('keep a card that was typed on a payment page: $line', ({ line }) => {
    const { linked, canaries } = played.call(line);
    const last4 = canaries[6]?.subarray(-4).join('');
    expect(linked).toMatchObject({
      ...{
        status: 'completed',
        link: { status: 'paid' },
        charge: { status: 'approved', token: linked.token },
      },
      card: { brand: 'mastercard', bin: null, last4, exp_month: 12, exp_year: 2034 },
    });
    expect(provider.server.ledger.of(linked.charge?.id ?? '', 'take').times).toBe(1);
  });

  it.each(WITH_TONES)('let the agent hear no key: $line', ({ line }) => {
    const { keys, spoken, heard } = played.call(line);
    const pressed = presses(spoken());
    expect(pressed.length).toBe(keys.length);
    expect(presses(heard())).toEqual([]);
    expect(guessed(pressed, heard())).toBeLessThan(LUCK);
  });

  it.each(LINES)('beep once a press, alike and on the grid: $line', ({ line }) => {
    const { keys, heard, armedAt } = played.call(line);
    const { starts, alike } = beeps(heard());
    expect([starts.length, alike]).toEqual([keys.length, true]);
    const bounds = [0, ...armedAt, Infinity];
    for (const [n, from] of bounds.slice(0, -1).entries()) {
      const between = starts.filter((start) => start >= from && start < (bounds[n + 1] ?? Infinity));
      expect([between.length > 0, onGrid(between)]).toEqual([true, true]);
    }
  });
});

describe('the same searches over a program that is broken on purpose', () => {
  let provider: Provider;
  let program: Program;
  let played: Played;

  beforeAll(async () => {
    provider = await startProvider({ takes: () => true });
    const sabotages = SABOTAGES.map(({ sabotage }) => sabotage);
    program = await startProgram({ env: provider.env, sabotages });
    provider.tell(program.publicUrl);
    played = await playAll(program);
  }, 180_000);
  afterAll(async () => {
    await program.stop();
    await provider.close();
  });

  it.each(SABOTAGES.flatMap(({ what, seenIn }) => seenIn.map((finding) => ({ what, finding }))))(
    'see that $what: $finding',
    ({ finding }) => {
      expect(played.findings).toContain(finding);
    },
  );

  it.each(WITH_TONES)('hear the keys of a caller who goes past the guard: $line', ({ line }) => {
    const { spoken, heard } = played.call(line);
    const pressed = presses(spoken());
    expect(presses(heard()).length).toBe(pressed.length);
    expect(guessed(pressed, heard())).toBeGreaterThan(0.9);
  });
});
