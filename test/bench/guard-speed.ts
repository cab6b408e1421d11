import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SpeedRun } from './guard-speed-run.js';
import type { Effort } from './effort.js';

export interface Speed extends SpeedRun {
  /** Optimised code of the guard's that was thrown away after all was warm. */
  readonly deoptimised: readonly string[];
}

/** Of audio, s. The process runs over it five times once it is warm: at 2,000 s a second, for a minute in all. */
const AUDIO = { small: 2_000, full: 24_000 } as const;

/** Runs the guard in a process of its own. */
export async function guardSpeed(effort: Effort): Promise<Speed> {
  const dir = mkdtempSync(join(tmpdir(), 'guard-speed-'));
  try {
    const child = fork(
      fileURLToPath(new URL('guard-speed-run.ts', import.meta.url)),
      [String(AUDIO[effort])],
      {
        execArgv: [
          ...['--import', 'tsx', '--expose-gc', '--max-semi-space-size=64'],
          ...['--log-deopt', `--logfile=${join(dir, 'v8.log')}`, '--no-logfile-per-isolate'],
        ],
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    const ended = once(child, 'exit');
    const [run] = (await Promise.race([
      once(child, 'message'),
      ended.then(([code]) => Promise.reject(new Error(`the measuring process ended with code ${code}`))),
    ])) as [SpeedRun];
    await ended;
    return { ...run, deoptimised: deoptimised(dir, run.steady) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Lines of V8's log: code-deopt,µs,size,address,inlined,offset,kind,<place>,reason. */
function deoptimised(dir: string, { from, to }: SpeedRun['steady']): string[] {
  return readdirSync(dir)
    .flatMap((file) => readFileSync(join(dir, file), 'utf8').split('\n'))
    .filter((line) => line.startsWith('code-deopt,'))
    .map((line) => line.split(','))
    .filter(([, time]) => Number(time) / 1000 >= from && Number(time) / 1000 <= to)
    .filter((fields) => fields[7]?.includes('/src/dsp/'))
    .map((fields) => `${fields[7]} ${fields[8]}`);
}
