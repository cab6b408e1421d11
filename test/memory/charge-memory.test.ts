import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Charging, type Way } from './charging.js';
import type { Scan } from './memory-scan.js';
import { CHARGE_SABOTAGES } from './sabotages.js';

const MINUTES = 60_000;

const charge = (amount: number) => ({ outcome: 'charge', amount, currency: 'EUR' });
const APPROVED: Way = { way: 'approved', order: charge(1250), end: 'completed, approved' };
const SLOW: Way = { ...APPROVED, way: 'approved once it has been looked at', order: charge(990_021) };
const VERIFIED: Way = { way: 'verified', order: { outcome: 'verify' }, end: 'completed' };
const WRONG_CODE: Way = {
  way: 'refused for its code, which is keyed three times',
  ...{ order: charge(990_003), end: 'failed, attempts_used_up, declined' },
};
const IN_DOUBT: Way = {
  way: 'in doubt',
  ...{ order: charge(990_026), end: 'failed, charge_unknown, unknown' },
};
const REPEATED: Way = {
  way: 'repeated by the provider',
  ...{ order: charge(990_030), end: 'failed, charge_declined' },
};
const WAYS = [SLOW, VERIFIED, WRONG_CODE, IN_DOUBT, REPEATED];

const PROVING = process.env['MEMORY_CAPTURES'] !== undefined;
/** Captures of each way. */
const TIMES = PROVING ? 8 : 1;
const CLEAN: Scan = { live: {}, over: {}, traces: {} };

const onLinux = process.platform === 'linux' ? describe : describe.skip;
const whenProving = PROVING ? onLinux : describe.skip;

onLinux(`the memory of a service that charges ${TIMES * WAYS.length} cards side by side`, () => {
  const ways = Array<Way[]>(TIMES).fill(WAYS).flat();
  let charging: Charging;
  let amid: Scan;
  let ends: string[];
  let after: Scan;

  beforeAll(async () => {
    charging = await Charging.begin(ways.length);
    await charging.key(ways);
    amid = await charging.amid();
    ends = await charging.ended();
    after = await charging.stages.scan();
  }, 10 * MINUTES);
  afterAll(() => charging.close());

  it.each(WAYS)('charges: $way', ({ way, end }) => {
    expect(ends.filter((_, index) => ways[index]?.way === way)).toEqual(Array(TIMES).fill(end));
  });

  it('holds numbers and codes of those that are at the provider, and no other', () => {
    expect({ over: amid.over, traces: amid.traces }).toEqual({ over: {}, traces: {} });
    const forms = ['ascii', 'digit bytes', 'code, in a request', 'code, alone in a buffer'];
    expect(forms.filter((form) => amid.live[form] === undefined)).toEqual([]);
  });

  it('holds no number and no code afterwards', () => {
    expect(after).toEqual(CLEAN);
  });
});

onLinux('the memory of a service that charges cards and is broken on purpose', () => {
  let charging: Charging;
  let after: Scan;

  beforeAll(async () => {
    charging = await Charging.begin(2, { sabotages: CHARGE_SABOTAGES });
    await charging.key([APPROVED, REPEATED]);
    await charging.ended();
    after = await charging.stages.scan();
  }, 5 * MINUTES);
  afterAll(() => charging.close());

  it.each([
    ['ascii', 'requests kept'],
    ['code, in a request', 'requests kept'],
    ['code, in an answer', 'answers kept'],
    ['digit bytes', 'numbers not wiped'],
    ['code, alone in a buffer', 'codes not wiped'],
  ])('is seen to hold %s: %s', (form) => {
    expect(after.over[form] ?? 0).toBeGreaterThan(0);
  });
});

whenProving('the memory of a service that keeps no card, and charges those that the provider keeps', () => {
  const ways = Array<Way[]>(TIMES).fill(WAYS).flat();
  let charging: Charging;
  let amid: Scan;
  let ends: string[];
  let after: Scan;

  beforeAll(async () => {
    charging = await Charging.begin(ways.length, { env: { STORE_CARDS: 'false' } });
    await charging.key(ways);
    amid = await charging.amid();
    ends = await charging.ended();
    after = await charging.stages.scan();
  }, 10 * MINUTES);
  afterAll(() => charging.close());

  it('charges them', () => {
    expect(ends).toEqual(ways.map(({ end }) => end));
  });

  it('holds no number and no code once a capture is over', () => {
    expect({ over: amid.over, traces: amid.traces }).toEqual({ over: {}, traces: {} });
    expect(after).toEqual(CLEAN);
  });
});
