import { parseArgs } from 'node:util';
import { randomInt } from 'node:crypto';
import { Progress } from '../bench/progress.js';
import { chargeRounds, type ChargeFindings } from './charge-rounds.js';

/**
 * Proves that no fault takes money twice, or loses it: charges are made while their makers die, Redis is killed, and
 * the provider does what it is asked or doesn't, and says so or doesn't, gives money back by itself, and is away in the
 * end. Its ledger is held against our records. First the proof is tried on makers that send again what nobody knows, and
 * leave pages open that are given up: it must find both. Ends with 1 when a charge was made twice or lost, one is still
 * unknown, or a mistake was not found.
 */

/** After the provider's return. */
const MOST_SETTLE_MS = 60_000;

const { values } = parseArgs({
  options: {
    charges: { type: 'string', default: '10000' },
    deaths: { type: 'string', default: '80' },
    seed: { type: 'string', default: String(randomInt(1_000_000)) },
    away: { type: 'string', default: '90' },
  },
});
const [charges = NaN, deaths = NaN, seed = NaN, away = NaN] = [
  ...[values.charges, values.deaths, values.seed, values.away],
].map(Number);
if (![charges, deaths, seed, away].every(Number.isSafeInteger) || deaths < 1 || charges < deaths) {
  console.error('--charges, --deaths, --seed and --away (s) are whole numbers: more charges than deaths');
  process.exit(2);
}

const progress = new Progress();
console.log(`seed ${seed}`);
progress.say('the proof on makers that send again what nobody knows, and leave pages open');
const broken = await chargeRounds({ charges: 200, deaths: 2, seed, awayMs: 0, broken: true });
progress.clear();
const blind = broken.double === 0 || broken.pagesPaidWrongly === 0;
console.log(
  `on broken makers: ${broken.double} charged twice, ${broken.pagesPaidWrongly} pages paid for nothing` +
    (blind ? ': THE PROOF IS BLIND' : ', as it must be'),
);

const findings = await chargeRounds({
  ...{ charges, deaths, seed, awayMs: away * 1_000 },
  told: (death, done) =>
    progress.say(`part ${death + 1} of ${deaths + 1}: ${done} of ${charges} charges made`),
});
progress.clear();
console.log(tableOf(findings));
for (const wrong of findings.wrong) console.log(wrong);
const { double, pagesPaidWrongly, lost, unknown, refundsWrong, miscounted, halves, settledMs } = findings;
const faults = double + pagesPaidWrongly + lost + unknown + refundsWrong + miscounted + halves;
process.exit(!blind && faults === 0 && settledMs <= MOST_SETTLE_MS ? 0 : 1);

function tableOf(found: ChargeFindings): string {
  const rows: readonly (readonly [string, string | number])[] = [
    ['charges by token, within captures, by page', `${found.byToken}, ${found.keyed}, ${found.paged}`],
    ['approved, declined', `${found.approved}, ${found.declined}`],
    ['deaths of those who made them, kills of Redis', `${found.deaths}, ${found.redisKills}`],
    ['faults of the provider that were planned', found.faults],
    ['refunds in the console of the provider', found.elsewhere],
    ['charged twice, or for nothing', found.double],
    ['pages that were paid twice, or for nothing', found.pagesPaidWrongly],
    ['lost, or told to be what they are not', found.lost],
    ['unknown in the end', found.unknown],
    ['refunds that are not what is written down', found.refundsWrong],
    ['charges without just one event of their outcome', found.miscounted],
    ['captures that are not one truth with their charge', found.halves],
    ['unknown when the provider came back', found.waiting],
    ['settled after its return within', `${(found.settledMs / 1000).toFixed(1)} s`],
  ];
  return rows.map(([what, count]) => `${what.padEnd(50)} ${count}`).join('\n');
}
