import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** CPU seconds since it began, and resident bytes. */
export interface Usage {
  user: number;
  system: number;
  resident: number;
}

/** The process that is measured. */
export interface Subject {
  readonly child: ChildProcess;
  usage(): Usage;
  stop(): Promise<void>;
}

const TICKS_PER_SECOND = 100;
const KIB = 1024;

/** Starts a Node program on core 0, where `taskset` is there to say so. What it writes is shown if it ends by itself. */
export function startSubject(args: readonly string[], env: Readonly<Record<string, string>>): Subject {
  const command = [process.execPath, ...args];
  const [file = '', ...rest] = hasTaskset() ? ['taskset', '-c', '0', ...command] : command;
  const child = spawn(file, rest, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  let stopping = false;
  for (const output of [child.stdout, child.stderr]) {
    output?.on('data', (bytes: Buffer) => (said = (said + bytes.toString()).slice(-4 * KIB)));
  }
  const ended = once(child, 'exit');
  // It stops what it started itself.
  process.once('exit', () => child.kill('SIGINT'));
  child.once('exit', (code) => {
    if (stopping) return;
    console.error(`the process under test ended (${code}):\n${said}`);
    process.exit(1);
  });
  return {
    child,
    usage: () => usageOf(child.pid ?? 0),
    async stop() {
      stopping = true;
      child.kill('SIGINT');
      await ended;
    },
  };
}

/** Keeps ourselves off that core. */
export function moveAside(): boolean {
  if (!hasTaskset()) return false;
  execFileSync('taskset', ['-a', '-c', '-p', '1', String(process.pid)], { stdio: 'ignore' });
  return true;
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-c', '0,1', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** From /proc, as proc(5) says: fields 14 and 15 of `stat`, counted behind the name, which may have spaces. */
function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return {
    user: Number(fields[11]) / TICKS_PER_SECOND,
    system: Number(fields[12]) / TICKS_PER_SECOND,
    resident: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * KIB,
  };
}
