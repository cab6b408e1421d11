import { parseArgs } from 'node:util';
import { Guard, type GuardOptions } from '../../src/dsp/guard.js';
import { SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { toMulaw } from '../../src/dsp/tone.js';
import { leaked, passedThrough } from '../support/leak.js';
import { Random } from '../support/random.js';
import { ms, voiceLike } from '../support/tones.js';
import { keysOver, type KeyCondition, type Rest } from './keys-over.js';
import { installedRecordings, joined, type Recording } from './recordings.js';

/**
 * How the guard does: keys of which any sample came out, how much of voices it covers where there is no key, and how
 * fast it is. The synthetic voice is always there, recorded ones where they are installed.
 */

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    hold: { type: 'string', default: '20' },
  },
});
const holdMs = ([15, 20, 40] as const).find((hold) => String(hold) === values.hold);
const keysEach = Number(values.keys);
const seed = Number(values.seed);
if (holdMs === undefined || !(keysEach >= 1 && keysEach <= 10_000) || !Number.isInteger(seed)) {
  console.error('--hold is 15, 20 or 40, --keys is 1 to 10000, --seed is a whole number');
  process.exit(2);
}
const hold = ms(holdMs);
const FRAME = 160;

const LOUD = [-25, -3] as const;
const USUAL_TWIST = [-8, 4] as const;
const ANY_TWIST = [-12, 12] as const;
const WIDE: KeyCondition = {
  name: 'keys of 40–300 ms',
  duration: [40, 300],
  level: LOUD,
  twist: USUAL_TWIST,
};
const TWISTED: KeyCondition = {
  ...WIDE,
  name: 'keys of 15–100 ms, any twist',
  duration: [15, 100],
  twist: ANY_TWIST,
};
const BURSTS: KeyCondition = { ...WIDE, name: 'bursts of 15–40 ms', duration: [15, 40] };
const QUIET: KeyCondition = {
  name: 'keys of 15–60 ms at −45…−25 dBm0, any twist',
  duration: [15, 60],
  level: [-45, -25],
  twist: ANY_TWIST,
};
const LONG: KeyCondition = {
  name: 'keys held 0.5–2 s',
  duration: [500, 2000],
  level: [-45, -3],
  twist: ANY_TWIST,
};

type Field = 'closed' | 'open';

const recordings = installedRecordings();
const voices: Recording[] = [
  { name: 'synthetic voices', music: false, samples: joined(syntheticVoices()) },
  ...recordings.filter(({ music }) => !music),
];

function syntheticVoices(): Float64Array[] {
  return Array.from({ length: 50 }, (_, n) => voiceLike(12, new Random(seed * 1000 + n)));
}

const music = recordings.filter((recording) => recording.music);

function through(
  mulaw: Uint8Array,
  field: Field,
  options: GuardOptions,
): { output: Uint8Array; cpu: number } {
  const output = new Uint8Array(mulaw.length);
  const guard: Guard = new Guard(options, { press: () => guard.beep() });
  guard.fieldOpen = field === 'open';
  const before = process.cpuUsage();
  for (let at = 0; at < mulaw.length; at += FRAME) {
    guard.process(mulaw.subarray(at, at + FRAME), output.subarray(at, at + FRAME));
  }
  const { user, system } = process.cpuUsage(before);
  return { output, cpu: (user + system) / 1e6 };
}

const options: GuardOptions = { holdMs };

function leaks(
  condition: KeyCondition,
  rest: Rest | undefined,
  field: Field,
  count: number,
  salt: number,
): number {
  const { mulaw, keys } = keysOver(condition, rest, count, new Random(seed * 1000 + salt));
  const passed = passedThrough(mulaw, through(mulaw, field, options).output, hold);
  return keys.filter((key) => leaked(passed, key, hold) > 0).length;
}

/** Upper bound of a share of which `count` of `all` were seen: E. B. Wilson's, 95 % one-sided. */
function boundOf(count: number, all: number): number {
  const z2 = 1.645 ** 2;
  const middle = count + z2 / 2;
  return (middle + Math.sqrt(z2 * (count - count ** 2 / all + z2 / 4))) / (all + z2);
}

/** Leaky keys of all. */
function row(
  name: string,
  rests: readonly (Rest | undefined)[],
  condition: KeyCondition,
  field: Field,
): void {
  const count = condition === LONG ? Math.ceil(keysEach / 4) : keysEach;
  const leaky = rests.reduce((sum, rest, salt) => sum + leaks(condition, rest, field, count, salt), 0);
  const all = count * rests.length;
  console.log(
    `| ${condition.name}, ${name} | ${field} | ${leaky} of ${all} | < ${(100 * boundOf(leaky, all)).toFixed(2)} % |`,
  );
}

const over = (sounds: readonly Recording[], under: number, level: 'active' | 'local'): Rest[] =>
  sounds.map(({ samples }) => ({ samples, under, level }));

console.log(`hold-back ${holdMs} ms, seed ${seed}\n`);
console.log('| keys | field | any sample out | share, at 95 % |\n| --- | --- | --- | --- |');
for (const field of ['closed', 'open'] as const) {
  row('quiet line', [undefined], WIDE, field);
  row('noise 20 dB under', [{ under: 20 }], WIDE, field);
  row('voices 12 dB under', over(voices, 12, 'active'), WIDE, field);
  row('voices 12 dB under each key', over(voices, 12, 'local'), WIDE, field);
  row('quiet line', [undefined], BURSTS, field);
  row('voices 12 dB under', over(voices, 12, 'active'), BURSTS, field);
  row('voices 12 dB under each key', over(voices, 12, 'local'), BURSTS, field);
  row('quiet line', [undefined], TWISTED, field);
  row('noise 20 dB under', [{ under: 20 }], TWISTED, field);
  row('voices 12 dB under each key', over(voices, 12, 'local'), TWISTED, field);
  row('quiet line', [undefined], QUIET, field);
  row('quiet line', [undefined], LONG, field);
  row('voices 6 dB under', over(voices, 6, 'active'), WIDE, field);
  row('voices 6 dB under each key', over(voices, 6, 'local'), WIDE, field);
  if (music.length > 0) row('music 6 dB under each key', over(music, 6, 'local'), WIDE, field);
  row('noise 6 dB under', [{ under: 6 }], TWISTED, field);
  row('noise as loud', [{ under: 0 }], TWISTED, field);
  row('noise 6 dB over', [{ under: -6 }], TWISTED, field);
  row('voices as loud as each key', over(voices, 0, 'local'), WIDE, field);
}

console.log('\n| no keys | length | covered, field closed | open |\n| --- | --- | --- | --- |');
let seconds = 0;
let cpu = 0;
for (const { name, samples } of [...voices, ...music]) {
  const mulaw = toMulaw(samples);
  const covered = (['closed', 'open'] as const).map((field) => {
    const run = through(mulaw, field, options);
    cpu += run.cpu;
    seconds += mulaw.length / SAMPLE_RATE;
    const passed = passedThrough(mulaw, run.output, hold);
    return `${(100 * (1 - passed.reduce((sum, one) => sum + one, 0) / passed.length)).toFixed(3)} %`;
  });
  console.log(`| ${name} | ${(mulaw.length / SAMPLE_RATE / 60).toFixed(0)} min | ${covered.join(' | ')} |`);
}
console.log(`\n${(seconds / cpu).toFixed(0)} s of audio in a second of one core, detector included`);
