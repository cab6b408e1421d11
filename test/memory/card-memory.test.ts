import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProgram, type Program } from '../support/program.js';
import { SABOTAGES } from './sabotages.js';
import { stageTable } from './stage-table.js';
import type { Scan } from './memory-scan.js';
import { Stages } from './stages.js';

/** Captures side by side: a multiple of four, eight or more. `npm run prove:memory` takes 100. */
const CAPTURES = Number(process.env['MEMORY_CAPTURES'] ?? 20);
const STAGES = stageTable(CAPTURES);
const MINUTES = 60_000;

const onLinux = process.platform === 'linux' ? describe : describe.skip;
if (process.platform !== 'linux')
  process.stderr.write('memory is not scanned: only Linux shows it to a parent\n');

/** A live capture holds its digits once, as bytes, and in no other form. */
const HELD_FORMS = ['digit bytes', 'in part, digit bytes'];

onLinux(`the memory of a service with ${CAPTURES} captures side by side`, () => {
  let program: Program;
  let scans: ReadonlyMap<string, Scan>;

  beforeAll(async () => {
    program = await startProgram({ tls: true });
    scans = await throughAllStages(program);
  }, 10 * MINUTES);
  afterAll(() => program.stop());

  it.each(STAGES)('A18: $name: holds $whole whole numbers, in their captures', ({ name, whole }) => {
    const { live = {}, over, traces } = scans.get(name) ?? {};
    expect(live['digit bytes'] ?? 0).toBe(whole);
    expect(Object.keys(live).filter((form) => !HELD_FORMS.includes(form))).toEqual([]);
    expect({ over, traces }).toEqual({ over: {}, traces: {} });
  });

  it('would be seen to hold the first eight digits of each', () => {
    expect(scans.get('after eight digits')?.live['in part, digit bytes']).toBeGreaterThanOrEqual(CAPTURES);
  });
});

onLinux('the memory of a service that is broken on purpose', () => {
  let program: Program;
  let scan: Scan;

  beforeAll(async () => {
    program = await startProgram({ tls: true, sabotages: SABOTAGES });
    const stages = await Stages.begin(program, 4);
    await stages.talk();
    await stages.arm();
    await stages.firstDigits();
    await stages.number();
    await stages.expiry(4, 'completed');
    scan = await stages.scan();
    await stages.close();
  }, 2 * MINUTES);
  afterAll(() => program.stop());

  it.each([
    ['ascii', 'keys kept as text'],
    ['digit bytes', 'digits not wiped'],
  ])('is seen to hold numbers, %s: %s', (form) => {
    expect(scan.over[form] ?? 0).toBeGreaterThan(0);
  });

  it.each([
    ['tone', 'audio kept'],
    ['key message', 'messages read by JSON.parse'],
  ])('is seen to hold traces, %s: %s', (form) => {
    expect(scan.traces[form] ?? 0).toBeGreaterThan(0);
  });
});

async function throughAllStages(program: Program): Promise<Map<string, Scan>> {
  const stages = await Stages.begin(program, CAPTURES);
  const scans = new Map<string, Scan>();
  for (const { name, go } of STAGES) {
    await go(stages, program);
    scans.set(name, await stages.scan());
  }
  await stages.close();
  return scans;
}
