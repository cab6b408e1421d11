import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/**
 * Changes the code of `src/vault` and `src/card` one operator, condition or text at a time, and tells how many of the
 * changes no test notices. Stryker makes the changes; Vitest, which starts quicker than Jest, runs the tests of the
 * group that a file is in, and no others. Both come by npx for the run alone. `--group NAME` does one group. Reports go
 * to `reports/mutants/`. Ends with 1 below a score of 85.
 */

const TOOLS = ['@stryker-mutator/core@9.6.1', '@stryker-mutator/vitest-runner@9.6.1', 'vitest@4.1.11'];
const LOWEST_SCORE = 85;
const REPORTS = 'reports/mutants';
const CARD = 'src/card';
const VAULT = 'src/vault';

/** Files of a room that stand or fall together, and the tests that hold them: names with spaces between. */
interface Group {
  room: string;
  files: string;
  tests: string;
}

const named = (room: string): string[] => readdirSync(room).map((name) => name.replace(/(\.test)?\.ts$/, ''));

const GROUPS: Readonly<Record<string, Group>> = {
  card: {
    room: CARD,
    files: named(CARD).join(' '),
    tests: 'brands card-like card-number expiry luhn mask',
  },
  keys: {
    room: VAULT,
    files:
      'aead file-key-provider key-changes key-document key-file key-lifecycle key-ring plain-seal private-file ' +
      'root-key secret-base64 secret-json',
    tests:
      'aead file-key-provider key-document key-file key-lifecycle key-ring known-answers private-file root-key ' +
      'secret-base64 secret-json',
  },
  passphrase: { room: VAULT, files: 'passphrase-seal', tests: 'passphrase-seal' },
  transit: { room: VAULT, files: 'transit-seal', tests: 'transit-seal' },
  kms: { room: VAULT, files: 'kms-seal', tests: 'kms-seal' },
  rows: {
    room: VAULT,
    files: 'audited-vault card-record card-sealer envelope retention row-keys sealed-text throttle',
    tests: 'audited-vault card-record envelope kept-rows retention sealed-text throttle',
  },
  store: {
    room: VAULT,
    files:
      'card-vault durable-writes key-pins persistence redis-token-store settling token-scripts unseen-card ' +
      'withdrawals',
    tests:
      'card-vault durable-writes key-pins open persistence redis-token-store settled-changes settling withdrawals',
  },
  walks: {
    room: VAULT,
    files: 'rewrap-rows walk walk-ledger walk-scripts',
    tests: 'rewrap-rows walk',
  },
  rotation: { room: VAULT, files: 'rewrap-ledger rewrap-scripts rewrapper sealed-rows', tests: 'rewrapper' },
  sweep: { room: VAULT, files: 'round-ledger sweeper vault-inspector', tests: 'sweeper' },
  forget: { room: VAULT, files: 'forgetter name-fields provider-names', tests: 'forgetter' },
};

/** Files without a decision of their own: types, and what builds the others from settings. */
const NOTHING_TO_CHANGE = ['key-provider', 'root-seal', 'seals', 'token-store', 'vault'];

interface Mutant {
  status: string;
}

const { values } = parseArgs({ options: { group: { type: 'string' } } });
const grouped = Object.values(GROUPS).flatMap(({ files }) => files.split(' '));
const forgotten = named(VAULT).filter((name) => !grouped.includes(name) && !NOTHING_TO_CHANGE.includes(name));
const wanted = values.group === undefined ? Object.keys(GROUPS) : [values.group];
if (forgotten.length > 0 || wanted.some((name) => GROUPS[name] === undefined)) {
  console.error(
    `groups are ${Object.keys(GROUPS).join(', ')}; in none of them: ${forgotten.join(', ') || 'no file'}`,
  );
  process.exit(2);
}

mkdirSync(REPORTS, { recursive: true });
for (const name of wanted) {
  const group = GROUPS[name];
  if (group !== undefined) runGroup(name, group);
}
const score = printed(wanted);
process.exit(score >= LOWEST_SCORE ? 0 : 1);

function runGroup(name: string, { room, files, tests }: Group): void {
  const folder = room.replace('src', 'test');
  const vitest = {
    resolve: { alias: { '@jest/globals': join(process.cwd(), 'test/prove/jest-globals.ts') } },
    test: {
      ...{ globals: true, include: tests.split(' ').map((test) => `${folder}/${test}.test.ts`) },
      ...{ pool: 'threads', maxWorkers: 1, testTimeout: 20_000, hookTimeout: 20_000 },
    },
  };
  const vitestFile = `${REPORTS}/${name}.vitest.mjs`;
  const stryker = {
    ...{ testRunner: 'vitest', vitest: { configFile: vitestFile, related: false } },
    mutate: files.split(' ').map((file) => `${room}/${file}.ts`),
    ...{ coverageAnalysis: 'perTest', concurrency: 1, timeoutMS: 15_000 },
    // It knows no TypeScript 7, and needs none: Vitest takes the types off.
    tsconfigFile: 'none.json',
    ignorePatterns: ['/dist', '/data', '/docs', '/.cache'],
    ...{ reporters: ['json', 'progress'], jsonReporter: { fileName: `${REPORTS}/${name}.json` } },
    tempDirName: `${REPORTS}/sandbox`,
    cleanTempDir: 'always',
  };
  writeFileSync(vitestFile, `export default ${JSON.stringify(vitest, null, 2)};\n`);
  const strykerFile = `${REPORTS}/${name}.stryker.json`;
  writeFileSync(strykerFile, JSON.stringify(stryker, null, 2));
  rmSync(`${REPORTS}/${name}.json`, { force: true });
  const packages = TOOLS.flatMap((tool) => ['-p', tool]);
  spawnSync('npx', ['--yes', ...packages, 'stryker', 'run', strykerFile], { stdio: 'inherit' });
}

/** Prints a table of the groups' reports; gives the score of all. */
function printed(names: readonly string[]): number {
  let [noticed, all] = [0, 0];
  console.log('| file | mutants | noticed | score |\n| --- | --- | --- | --- |');
  for (const name of names) {
    const { files } = JSON.parse(readFileSync(`${REPORTS}/${name}.json`, 'utf8')) as {
      files: Record<string, { mutants: readonly Mutant[] }>;
    };
    for (const [file, { mutants }] of Object.entries(files)) {
      const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
      noticed += killed;
      all += mutants.length;
      console.log(`| \`${file}\` | ${mutants.length} | ${killed} | ${scoreOf(killed, mutants.length)} |`);
    }
  }
  console.log(`| all | ${all} | ${noticed} | ${scoreOf(noticed, all)} |`);
  return (100 * noticed) / all;
}

function scoreOf(noticed: number, all: number): string {
  return `${((100 * noticed) / Math.max(1, all)).toFixed(1)} %`;
}
