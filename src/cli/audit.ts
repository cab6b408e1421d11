import { AUDIT_EVENTS } from '../audit/audit-event.js';
import type { AuditKeys } from '../audit/chain-key.js';
import { leftHeads, type LeftHead } from '../audit/crossed-heads.js';
import { auditDir } from '../audit/open-audit.js';
import { segmentsOf } from '../audit/segment.js';
import { chainOf, verifyChain, type Verdict } from '../audit/verify-chain.js';
import { systemClock } from '../clock.js';
import { AppError } from '../errors.js';
import { showChain, type Wanted } from './audit-show.js';
import { chainFolders } from './chain-folders.js';
import { commandWords } from './command-words.js';
import type { Command, CommandIo } from './command.js';
import { withOperatorTrail } from './operator-trail.js';
import { Progress } from './progress.js';
import { withServiceRedis } from './service-redis.js';

const USAGE = `usage: npx tonewall audit verify [DIR] [--heads] [--shipped]
       npx tonewall audit show [DIR] [--since WHEN] [--type TYPE] [--actor NAME] [--json]
`;

export const audit: Command = {
  name: 'audit',
  summary: 'verifies and shows the audit trail',
  help: `
${USAGE}
  verify        reads every entry, and names the first one that is not as it was written
  show          the entries, oldest first, one a line
  DIR           a copy of a chain, or a folder of chains; when left out DATA_DIR/audit. Reading that is an entry, too,
                and needs the vault keys. A copy is read without them: then links, checkpoints and the head are
                checked, and MACs are not

  --shipped     DIR is what arrived at AUDIT_SHIP_URL: it has no head, and where it ends only --heads can say
  --heads       compares with the heads that the nodes left in Redis each minute
  --since WHEN  10m, 12h, 7d, a date (2027-06-30), or a time in RFC 3339
  --type TYPE   ${[...new Set(Object.keys(AUDIT_EVENTS).map((type) => type.split('.')[0]))].join(', ')}; or one of them in full, such as token.read
  --actor NAME  who did it
  --json        the lines as they are in the chain

Exit codes: 0 all is as it was written, 1 it is not, or failed, 2 wrong usage.

example: npx tonewall audit show --since 12h --type access`,
  async run(args, io) {
    const asked = parsed(args);
    if (asked === null) {
      io.stderr.write(USAGE);
      return 2;
    }
    const { action, dir, wanted } = asked;
    const own = auditDir(io.env['DATA_DIR'] || './data');
    const work = async (folders: readonly string[], keys: AuditKeys | null): Promise<number> => {
      if (action === 'verify') return verify(folders, { ...asked, keys }, io);
      for (const folder of folders) await showChain(folder, wanted, io);
      return 0;
    };
    if (dir !== null) return work(await chainFolders(dir), null);
    return withOperatorTrail(io, async (trail, keys) =>
      trail.operation(action === 'verify' ? 'log.verify' : 'log.show', '', async () =>
        work(await chainFolders(own), keys),
      ),
    );
  },
};

interface Asked {
  action: 'verify' | 'show';
  dir: string | null;
  heads: boolean;
  shipped: boolean;
  wanted: Wanted;
}

function parsed(args: readonly string[]): Asked | null {
  const words = commandWords(args, {
    heads: { type: 'boolean' },
    shipped: { type: 'boolean' },
    since: { type: 'string' },
    type: { type: 'string' },
    actor: { type: 'string' },
    json: { type: 'boolean' },
  });
  if (words === null) return null;
  const { action, word: dir, values } = words;
  const { heads = false, shipped = false, ...show } = values;
  if (action !== 'verify' && action !== 'show') return null;
  if (action === 'verify' ? Object.keys(show).length > 0 : heads || shipped) return null;
  if (shipped && dir === null) return null;
  const { since = null, type = null, actor = null, json = false } = show;
  const wanted = { since: since === null ? null : sinceOf(since), type, actor, json };
  return { action, dir, heads, shipped, wanted };
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** As entries write time. */
function sinceOf(text: string): string {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const at = count === undefined ? Date.parse(text) : systemClock.now() - Number(count) * (UNITS[unit] ?? 0);
  if (Number.isNaN(at))
    throw new AppError('bad_request', '--since takes 10m, 12h, 7d, a date or a time in RFC 3339');
  return new Date(at).toISOString();
}

async function verify(
  folders: readonly string[],
  { keys, heads, shipped }: { keys: AuditKeys | null; heads: boolean; shipped: boolean },
  io: CommandIo,
): Promise<number> {
  const left = heads ? await withServiceRedis(io, leftHeads) : [];
  const seen = new Set<string>();
  let sound = true;
  for (const folder of folders) {
    const chain = await chainOf(await segmentsOf(folder));
    seen.add(chain);
    const known = left.filter((head) => head.chain === chain);
    const progress = new Progress(io.stderr);
    const verdict = await verifyChain(folder, {
      ...{ keys, known, shipped },
      progress: (entries) => progress.show(() => `${folder}: ${entries.toLocaleString('en')} entries`),
    });
    progress.clear();
    io.stdout.write(report(folder, verdict, { known, shipped }));
    sound &&= verdict.fault === null;
  }
  for (const { chain, seq, time } of left.filter((head) => !seen.has(head.chain))) {
    io.stdout.write(`${chain} is not here: it had ${count(seq)} entries at ${time}. Verify it where it is\n`);
  }
  return sound ? 0 : 1;
}

function report(
  folder: string,
  verdict: Verdict,
  { known, shipped }: { known: readonly LeftHead[]; shipped: boolean },
): string {
  const { chain, head, fault, checkpoints, torn, open, macs } = verdict;
  const end = shipped ? '' : ', the head';
  const lines = [
    `chain    ${chain === '' ? 'has no name' : chain}`,
    `checked  links, ${count(checkpoints)} checkpoints${end}${macs ? ', MACs' : '; no MACs: the vault keys are needed'}`,
    ...known.map(({ seq, time }) => `redis    has its entry ${count(seq)} of ${time}`),
    ...(torn > 0
      ? [`torn     ${torn} bytes of an entry that a crash cut off: nobody was told that it was written`]
      : []),
    ...(open > 0 ? [`open     ${count(open)} intents without an outcome: under way, or a process died`] : []),
    fault === null
      ? `good     ${count(head.seq)} entries are as they were written`
      : `BAD      entry ${fault.seq} ${fault.what}\n         in ${fault.file}; ${count(head.seq)} entries before it hold together`,
  ];
  return `${folder}\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

function count(number: number): string {
  return number.toLocaleString('en');
}
