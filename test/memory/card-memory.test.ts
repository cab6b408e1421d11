import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startProgram, type Program } from '../support/program.js';
import { SABOTAGES } from './sabotages.js';
import { Stages, type Scan } from './stages.js';

/** Captures side by side: a multiple of four, eight or more. `npm run prove:memory` takes more: as many as two cores bear. */
const CAPTURES = Number(process.env['MEMORY_CAPTURES'] ?? 20);
const QUARTER = CAPTURES / 4;
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

  it.each([
    ['after eight digits', 0],
    ['within the expiry', CAPTURES],
    ['completed', 3 * QUARTER],
    ['cancelled', 2 * QUARTER],
    ['hung up', QUARTER],
    ['after messages that could not be read', QUARTER],
    ['draining', QUARTER - 1],
    ['without Redis', 0],
  ])('%s: holds %d whole numbers, in their captures', (stage, whole) => {
    const { live = {}, over, traces } = scans.get(stage) ?? {};
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
  const scan = async (stage: string) => void scans.set(stage, await stages.scan());
  await stages.talk();
  await stages.arm();
  await stages.firstDigits();
  await scan('after eight digits');
  await stages.number();
  await scan('within the expiry');
  await stages.expiry(QUARTER, 'completed');
  await scan('completed');
  await stages.cancel(QUARTER);
  await scan('cancelled');
  await stages.hangUp(QUARTER);
  await scan('hung up');
  await stages.parseErrors();
  await scan('after messages that could not be read');
  program.signal('SIGTERM');
  await stages.expiry(1, 'completed');
  await scan('draining');
  program.redis.pause();
  await stages.expiry(QUARTER - 1, 'failed');
  await scan('without Redis');
  program.redis.resume();
  return scans;
}
