import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { BATTERY } from '../battery/battery.js';
import type { Sound } from '../battery/figure.js';
import { tonewall } from '../battery/receiver.js';
import { Random } from '../support/random.js';
import { voiceLike } from '../support/tones.js';
import { dtmfCharts } from './dtmf-charts.js';
import { boundTable, figureTable, type MeasuredRow } from './dtmf-report.js';
import { Progress } from './progress.js';
import { installedRecordings, missingRecordings } from './recordings.js';
import { multimon } from './rivals/multimon.js';
import { spandsp } from './rivals/spandsp.js';

/**
 * How our receiver of keys does beside others, on the same audio: prints what is asked for and what each reaches.
 * `--markdown FILE` writes that, and draws the curves as SVG beside it.
 */

const { values } = parseArgs({
  options: {
    effort: { type: 'string', default: 'full' },
    seed: { type: 'string', default: '1' },
    markdown: { type: 'string' },
  },
});
const effort = (['small', 'full'] as const).find((one) => one === values.effort);
const seed = Number(values.seed);
if (effort === undefined || !Number.isInteger(seed)) {
  console.error('--effort is small or full, --seed is a whole number');
  process.exit(2);
}

const receivers = [{ name: 'Tonewall', receiver: tonewall }];
for (const rival of [spandsp, multimon]) {
  const missing = rival.missing();
  if (missing === undefined) receivers.push(rival);
  else console.error(missing);
}

/** Where no recordings are, a voice that is made. */
function sounds(): Sound[] {
  const recordings = installedRecordings();
  const missing = missingRecordings(recordings);
  if (missing.length > 0) {
    console.error(`not installed, and so not heard: ${missing.join(', ')} (see test/bench/recordings.ts)`);
  }
  if (recordings.some(({ music }) => !music)) return recordings;
  return [...recordings, { music: false, samples: voiceLike(600, new Random(seed)) }];
}

const progress = new Progress();
progress.say('reading recordings');
const setting = { effort, seed, sounds: sounds() };
const rows = BATTERY.map((row): MeasuredRow => ({
  name: row.name,
  results: receivers.map(({ name, receiver }) => {
    progress.say(`${row.name}: ${name}`);
    return row.measure(receiver, setting);
  }),
}));
progress.clear();

const names = receivers.map(({ name }) => name);
const report = `${figureTable(rows, names)}\n\n${boundTable(rows)}\n`;
console.log(report);
if (values.markdown !== undefined) {
  writeFileSync(values.markdown, report);
  for (const [name, svg] of Object.entries(dtmfCharts(rows, names))) {
    writeFileSync(join(dirname(values.markdown), name), svg);
  }
}
