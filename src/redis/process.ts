import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { codeOf } from '../errors.js';

const POLL_MS = 20;

/** Whether a process with this id exists, ours to signal or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The command line of a process as it stands now; empty when there is none. */
export async function commandLine(pid: number): Promise<string> {
  return (await fromProc(pid, 'cmdline')) ?? (await fromPs(pid, 'command'));
}

/**
 * When a process started, as an opaque text: with the pid it tells a process from a later one of the same number.
 */
export async function startTime(pid: number): Promise<string> {
  const stat = await fromProc(pid, 'stat');
  // The name in parentheses may hold spaces; the start is field 22 of proc(5), the 20th after the name.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? (await fromPs(pid, 'lstart'));
}

/** Asks a process to end, and makes it end after `patienceMs`. */
export async function end(pid: number, patienceMs: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; isAlive(pid); waited += POLL_MS) {
    if (waited >= patienceMs) process.kill(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

async function fromProc(pid: number, file: string): Promise<string | null> {
  try {
    return await readFile(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return null;
  }
}

async function fromPs(pid: number, column: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', `${column}=`]);
    return stdout.trim();
  } catch {
    return '';
  }
}
