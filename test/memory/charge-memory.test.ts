import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProgram, type Program } from '../support/program.js';
import { startProvider, type Provider } from '../support/provider.js';
import { Stages, type Scan } from './stages.js';

const CAPTURES = 4;
const MINUTES = 60_000;
const CHARGE = { outcome: 'charge', amount: 1250, currency: 'EUR' };

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux(`the memory of a service that charges ${CAPTURES} cards, security codes keyed`, () => {
  let provider: Provider;
  let program: Program;
  let stages: Stages;
  let charging: Scan;
  let charged: Scan;

  beforeAll(async () => {
    provider = await startProvider({ takes: () => true });
    program = await startProgram({ tls: true, env: provider.env });
    stages = await Stages.begin(program, CAPTURES);
    await stages.talk();
    await stages.arm(CHARGE);
    await stages.firstDigits();
    await stages.number();
    for (let count = 0; count < CAPTURES; count++) provider.server.faults.next('slow', { verb: 'authorize' });
    await stages.code();
    charging = await stages.scan();
    await stages.charged();
    charged = await stages.scan();
  }, 5 * MINUTES);
  afterAll(async () => {
    await stages.close();
    await program.stop();
    await provider.close();
  });

  it('with the code keyed: holds numbers in captures and requests alone', () => {
    expect(charging.live['digit bytes'] ?? 0).toBeGreaterThan(0);
    expect({ over: charging.over, traces: charging.traces }).toEqual({ over: {}, traces: {} });
  });

  it('after charge: holds no number and no code', () => {
    expect(charged).toEqual({ live: {}, over: {}, traces: {} });
  });
});
