import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from './service.js';

/** The built service as a process of its own. */
export interface Running {
  readonly pid: number;
  /** Everything that it wrote, to either output. */
  output(): string;
  /** Resolves once it has written this. Rejects when it ends before. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves with its exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
}

/** Starts what is built under `root` in the folder `cwd`, with these settings and no others. */
export function run(root: string, cwd: string, env: Readonly<Record<string, string>>): Running {
  const child = spawn(process.execPath, [join(root, 'dist/main.js')], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  let ended = false;
  // 'close' and not 'exit': all that it wrote has been read by then.
  const exited = once(child, 'close').then(([code, signal]) => {
    ended = true;
    return (code ?? signal) as number | string;
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    signal: (name) => void child.kill(name),
    says: (text) =>
      until(() => {
        if (output.includes(text)) return true;
        if (ended) throw new Error(`it ended without having said so:\n${output}`);
        return false;
      }, 60_000),
  };
}

/** Whether a process of this id runs. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
