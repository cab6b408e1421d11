import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Random } from '../support/random.js';
import { shareBound } from '../support/statistics.js';
import { voiceLike } from '../support/tones.js';
import { coverOf } from './guard-cover.js';
import { leakCharts } from './guard-curves.js';
import { guessedPieces, timingOf } from './guard-eavesdropper.js';
import { FIELDS, HOLDS, leaksOf, type HoldMs, type Leaks } from './guard-leaks.js';
import {
  coverTable,
  eavesdropperTable,
  leakTable,
  otherHoldsTable,
  speedTable,
  timingTable,
} from './guard-report.js';
import { beforeAndAfter } from './guard-pictures.js';
import { promisedSets } from './guard-sets.js';
import { guardSpeed } from './guard-speed.js';
import { impairedTables } from './impaired.js';
import { keyedSpeech } from './keyed-speech.js';
import type { Effort } from './effort.js';
import { chartsSvg, type Chart } from './line-chart.js';
import { Progress } from './progress.js';
import { installedRecordings, joined, missingRecordings, type Recording } from './recordings.js';
import { spandspMissing, spandspSpeed } from './rivals/spandsp.js';

/**
 * How the guard does: keys of which any sample came out, what an eavesdropper makes of the rest, how much of voices
 * and music it covers where there is no key, and how fast it is.
 */

/** The hold-back of the main tables. */
const HOLD: HoldMs = 20;

const PARTS = ['leaks', 'impaired', 'cover', 'eavesdropper', 'curves', 'speed', 'pictures'] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    effort: { type: 'string', default: 'small' },
    seed: { type: 'string', default: '1' },
    markdown: { type: 'string' },
    only: { type: 'string', default: PARTS.join() },
  },
});
const effort = (['small', 'full'] as const).find((one) => one === values.effort);
const seed = Number(values.seed);
const parts = PARTS.filter((part) => values.only.split(',').includes(part));
if (effort === undefined || !Number.isInteger(seed) || parts.length === 0) {
  console.error(`--effort is small or full, --seed is a whole number, --only is of ${PARTS.join()}`);
  process.exit(2);
}

const progress = new Progress();
const recordings = installedRecordings();
const synthetic: Recording = { name: 'synthetic voices', music: false, samples: syntheticVoices() };
const music = recordings.filter((recording) => recording.music);
const recorded = recordings.filter((recording) => !recording.music);
/** What keys are laid over: recorded voices, and made ones where there are none. */
const voices = recorded.length > 0 ? recorded : [synthetic];

function syntheticVoices(): Int16Array {
  const parts = Array.from({ length: 50 }, (_, n) => voiceLike(12, new Random(seed * 1000 + n)));
  return joined(parts.map((part) => Int16Array.from(part)));
}

const written: string[] = [];
function write(text: string): void {
  progress.clear();
  console.log(text);
  written.push(text);
}

/** Pictures lie beside the Markdown, and are left out without it. */
function draw(name: string, picture: string | Buffer): void {
  if (values.markdown !== undefined) writeFileSync(join(dirname(values.markdown), name), picture);
}

const sections: Readonly<Record<Part, (effort: Effort) => void | Promise<void>>> = {
  leaks(effort) {
    const sets = promisedSets(voices, music);
    const all = sets.map((set, n) => {
      progress.say(set.name);
      return leaksOf(set, effort, seed * 100 + n);
    });
    write(`## Keys of which any sample came out\n\nHold-back ${HOLD} ms.\n`);
    write(leakTable(all, HOLD));
    write(wideSet(all));
    write('The other hold-backs:\n');
    write(otherHoldsTable(all, HOLD));
  },

  impaired(effort) {
    write('## Lost frames, codecs, bad lines\n');
    const say = (what: string): void => progress.say(what);
    for (const table of impairedTables({ holdMs: HOLD, effort, seed, say })) write(table);
  },

  cover() {
    write('## Speech and music covered where no key was pressed\n');
    for (const holdMs of [HOLD, ...HOLDS.filter((hold) => hold !== HOLD)]) {
      write(`Hold-back ${holdMs} ms:\n`);
      write(
        coverTable(
          [...recorded, ...music, synthetic].map((recording) => {
            progress.say(recording.name);
            const [closed, open] = FIELDS.map((field) => coverOf(recording, field, holdMs));
            if (closed === undefined || open === undefined) throw new Error('there are two fields');
            return { ...recording, by: { closed, open } };
          }),
        ),
      );
    }
  },

  eavesdropper(effort) {
    progress.say('an eavesdropper');
    write('## What an eavesdropper makes of it\n');
    const [voice] = voices.map(({ samples }) => ({ samples, under: 12, level: 'active' as const }));
    write(eavesdropperTable(guessedPieces([undefined, { under: 20 }, voice], HOLD, effort, seed)));
    write(timingTable(timingOf(HOLD, effort, seed)));
  },

  curves(effort) {
    const charts: Chart[] = [];
    for (const chart of leakCharts(voices, HOLD, effort, seed)) {
      progress.say(`curve: ${chart.title}`);
      charts.push(chart);
    }
    draw('guard-leak.svg', chartsSvg(charts, 3));
    write('## Beyond the bounds\n\n![Shares of leaky keys](guard-leak.svg)\n');
  },

  async speed(effort) {
    progress.say('speed');
    write('## Speed\n');
    const missing = spandspMissing();
    const theirs = missing === undefined ? spandspSpeed(keyedSpeech()) : `not installed: ${missing}`;
    write(speedTable(await guardSpeed(effort), theirs));
  },

  pictures() {
    draw('guard-spectrogram.png', beforeAndAfter());
  },
};

/** The three thirds of the set that receivers are measured by. */
function wideSet(all: readonly Leaks[]): string {
  const thirds = all.filter(({ name }) => name.startsWith('40–300 ms, ')).slice(0, 3);
  const count = thirds.reduce((sum, leaks) => sum + leaks.all, 0);
  const leaky = thirds.reduce((sum, leaks) => sum + leaks.leaky(HOLD, 'closed'), 0);
  const bound = (100 * shareBound(leaky, count)).toFixed(2);
  return `The wide set is the first three rows: ${leaky} of ${count} leaky with the field closed, below ${bound} % at 95 %.\n`;
}

const load = loadavg().map((average) => average.toFixed(1));
write(
  '# The guard in figures\n\nWritten by `npm run bench:guard`; [guard.md](guard.md) says what they mean.\n',
);
write(
  `Seed ${seed}, effort ${effort}; Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), ` +
    `load average ${load.join(' ')}.\n`,
);
const missing = missingRecordings(recordings);
if (missing.length > 0) write(`Recordings that are not installed: ${missing.join(', ')}.\n`);
for (const part of parts) await sections[part](effort);
if (values.markdown !== undefined) writeFileSync(values.markdown, written.join('\n'));
