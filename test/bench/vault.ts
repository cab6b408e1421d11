import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Pace } from './pace.js';
import { Progress } from './progress.js';
import { openFigures, pacedFigures, putFigures, rewrapFigures, sizeOf } from './vault-figures.js';
import { startVaultWorld } from './vault-world.js';

/**
 * How fast the vault is, on a real Redis that fsyncs each write (`appendfsync always`), on this machine and over a unix
 * socket: each figure beside that of a plain `SET` of as many bytes in the same run. `--markdown FILE` writes the
 * tables.
 */

const RATE = 500;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    'at-once': { type: 'string', default: '1,16,64,256' },
    records: { type: 'string', default: '50000' },
    markdown: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const records = Number(values.records);
const atOnce = values['at-once'].split(',').map(Number);
if (!(seconds > 0) || !Number.isSafeInteger(records) || !atOnce.every((count) => count > 0)) {
  console.error(
    '--seconds is more than 0, --records a whole number, --at-once numbers of puts with commas between',
  );
  process.exit(2);
}

const progress = new Progress();
const loadBefore = loadavg()[0] ?? 0;
const world = await startVaultWorld();

progress.say('bytes of a record');
const size = await sizeOf(world);
const bytes = Math.round(size.written);
const puts = [];
for (const count of atOnce) {
  progress.say(`puts, ${count} at once`);
  puts.push({ count, ...(await putFigures(world, bytes, count, seconds)) });
}
progress.say(`puts, ${RATE} a second`);
const paced = await pacedFigures(world, bytes, RATE, seconds);
progress.say('cards on their way to a provider');
const opened = await openFigures(world, false, seconds);
const readAndOpened = await openFigures(world, true, seconds);
const rewrapped = await rewrapFigures(world, records, RATE, (doing) => progress.say(doing));
await world.close();
progress.clear();

const best = puts.reduce((a, b) => (b.set.perSecond > a.set.perSecond ? b : a));
const setsPerSecond = best.set.perSecond;
const perRewrap = rewrapped.records / rewrapped.seconds;

const text = [
  machine(),
  table(
    ['puts at once', 'puts a second', 'p50', 'p99', 'without audit', 'plain `SET` a second', 'put to `SET`'],
    puts.map(({ count, audited, unaudited, set }) => [
      ...[String(count), rate(audited), ms(audited.p50Ms), ms(audited.p99Ms)],
      ...[rate(unaudited), rate(set), ratio(audited.perSecond / set.perSecond)],
    ]),
  ),
  table(
    [`at ${RATE} a second`, 'p50', 'p99', 'failed'],
    Object.entries({ put: paced.audited, 'without audit': paced.unaudited, 'plain `SET`': paced.set }).map(
      ([name, { p50Ms, p99Ms, failed }]) => [name, ms(p50Ms), ms(p99Ms), String(failed)],
    ),
  ),
  table(
    ['towards a provider', 'cards a second', 'to `SET`'],
    [
      ['unwrap, open', rate(opened), ratio(opened.perSecond / setsPerSecond)],
      ['read, unwrap, open', rate(readAndOpened), ratio(readAndOpened.perSecond / setsPerSecond)],
    ],
  ),
  table(
    ['a record with its indexes', 'bytes', 'to `SET`'],
    [
      ['names and values as written', whole(size.written), ratio(1)],
      ['`MEMORY USAGE` of its keys', whole(size.keys), ratio(size.keys / size.written)],
      ["growth of Redis' memory", whole(size.server), ratio(size.server / size.written)],
    ],
  ),
  table(
    [`rewrap beside ${RATE} puts a second`, 'found'],
    [
      ['records', whole(rewrapped.records)],
      ['time to the end', `${rewrapped.seconds.toFixed(1)} s`],
      [
        'records a second, both passes',
        `${whole(perRewrap)} (${ratio(perRewrap / setsPerSecond)} of \`SET\`)`,
      ],
      ['records that did not open', String(rewrapped.failed)],
      ['reads beside it, failed', `${whole(rewrapped.reads.perSecond)} a second, ${rewrapped.reads.failed}`],
      ['puts beside it, p99, failed', `${ms(rewrapped.puts.p99Ms)}, ${rewrapped.puts.failed}`],
    ],
  ),
].join('\n\n');
console.log(text);
if (values.markdown !== undefined) writeFileSync(values.markdown, `${text}\n`);
process.exit(0);

function machine(): string {
  const [model] = cpus();
  const load = `${loadBefore.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after`;
  return `Node ${process.versions.node}, ${cpus().length} cores (${model?.model.trim()}), load of the machine ${load}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function rate(pace: Pace): string {
  return pace.failed === 0 ? whole(pace.perSecond) : `${whole(pace.perSecond)} (${pace.failed} failed)`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}

function ratio(value: number): string {
  return value.toFixed(2);
}
