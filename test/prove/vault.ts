import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import { Progress } from '../bench/progress.js';
import { killRounds, type KillFindings, type KillRoundsOptions } from './kill-rounds.js';

/**
 * Proves that no token that was given out is lost when Redis, the process that puts cards, or both are killed at any
 * moment. With `--power-cut` a killed Redis loses what it had not fsynced as well. First the proof is tried on a writer
 * that gives tokens out too early, and (`--power-cut`) on a Redis that fsyncs once a second: it must find the loss.
 * Ends with 1 when a token was lost, or such a mistake was not found.
 */

/** A kill alone would not show it: what was written outlives its process. */
const EVERYSEC: Partial<KillRoundsOptions> & { name: string } = {
  name: 'appendfsync everysec',
  conf: ['appendfsync everysec'],
  victims: ['redis', 'both'],
};

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    puts: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    first: { type: 'string', default: '0' },
    'power-cut': { type: 'boolean', default: false },
  },
});
const [kills = NaN, puts = NaN, seed = NaN, first = NaN] = [
  values.kills,
  values.puts,
  values.seed,
  values.first,
].map(Number);
if (![kills, puts, seed, first].every(Number.isSafeInteger) || first >= kills || puts < kills) {
  console.error(
    '--kills, --puts, --seed and --first are whole numbers: more puts than kills, and first below kills',
  );
  process.exit(2);
}

const powerCut = values['power-cut'];
const progress = new Progress();
console.log(`seed ${seed}; once it was cut off, go on with: --seed ${seed} --first ROUND`);

const small = { kills: 4, puts: 800, seed, powerCut };
const mistakes: readonly (Partial<KillRoundsOptions> & { name: string })[] = [
  { name: 'a writer that gives tokens out before they are written', hasty: true, victims: ['writer'] },
  ...(powerCut ? [EVERYSEC] : []),
];
let found = true;
for (const { name, ...mistake } of mistakes) {
  progress.say(`the proof on ${name}`);
  const { lost } = await killRounds({ ...small, ...mistake });
  progress.clear();
  console.log(`on ${name}: ${lost} lost${lost === 0 ? ': THE PROOF IS BLIND' : ', as it must be'}`);
  found &&= lost > 0;
}

const findings = await killRounds({
  ...{ kills, puts, seed, first, powerCut },
  told: (round, { given, lost }) => {
    progress.say(`round ${round + 1} of ${kills}: ${given} tokens given out, ${lost} lost`);
  },
});
progress.clear();
console.log(tableOf(findings));
process.exit(found && findings.lost + findings.altered + findings.miscounted === 0 ? 0 : 1);

function tableOf(result: KillFindings): string {
  const { redis, writer, both } = result.kills;
  const rows: readonly (readonly [string, string | number])[] = [
    ['kills of Redis, of the writer, of both', `${redis}, ${writer}, ${both}`],
    ['what a kill of Redis takes', powerCut ? 'the process and all that was not fsynced' : 'the process'],
    ['tokens given out', result.given],
    ['puts refused', result.refused],
    ['tokens lost', result.lost],
    ['tokens altered', result.altered],
    ['tokens without just one event', result.miscounted],
    ['sealed cards in the end, events in all', `${result.rows}, ${result.events}`],
  ];
  const lines = rows.map(([name, value]) => `| ${name} | ${value} |`);
  return ['| what | found |', '| --- | --- |', ...lines].join('\n');
}
