import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createKeyFile } from '../../src/vault/key-file.js';
import { freePorts } from '../support/service.js';
import { ACCOUNT_SID, AUTH_TOKEN, LeanCarrier, type CallEvents } from './lean-carrier.js';
import { Load, type Line, type Measured } from './load.js';
import { FRAME_MS, MOST_FRAMES } from './media-frames.js';
import { openRaw } from './raw-web-socket.js';
import { moveAside, startSubject, type Subject } from './subject.js';

/**
 * Bridged calls in real time through real sockets, beside a bare `ws` server that passes the same frames on. Each
 * runs in a process of its own on one core; the load runs on the other.
 */

const HOLD_MS = 20;
/** Each second, both ways. */
const FRAMES_PER_CALL = 2 * (1000 / FRAME_MS);
const WARM_UP_CALLS = 20;
const WARM_UP_SECONDS = 3;
/** When the load itself runs further behind its schedule (p99), what it measures is the machine. */
const LATENESS_MOST_MS = 5;
/** Calls that are being set up at a time. */
const SETTING_UP = 8;

interface Target {
  readonly subject: Subject;
  /** Sets call number `index` up. */
  call(index: number, events: CallEvents): Promise<{ caller: Line; agent: Line }>;
  close(): Promise<void>;
}

interface Result extends Measured {
  cpu: { user: number; system: number };
  /** CPU seconds of the load itself. */
  own: number;
  /** Resident bytes, idle and under load. */
  idle: number;
  loaded: number;
}

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '20' },
    /** Options of Node for the service, such as `--cpu-prof`. */
    node: { type: 'string', default: '' },
  },
});
const calls = Number(values.calls);
const seconds = Number(values.seconds);
const longest = (MOST_FRAMES * FRAME_MS) / 1000 - WARM_UP_SECONDS;
if (!(calls >= 1 && calls <= 1000 && seconds >= 1 && seconds <= longest)) {
  console.error(`--calls is 1 to 1000, --seconds is 1 to ${longest}`);
  process.exit(2);
}
if (!existsSync('dist/main.js')) {
  console.error('The service is not built. Run: npm run build');
  process.exit(2);
}

const pinned = moveAside();
const bridge = await measure(await startBridge());
const echo = await measure(await startEcho());
print(bridge, echo);

async function measure(target: Target): Promise<Result> {
  const { subject } = target;
  await talk(target, Math.min(WARM_UP_CALLS, calls), 0, WARM_UP_SECONDS);
  const idle = subject.usage().resident;
  const before = { user: 0, system: 0 };
  const cpu = { user: 0, system: 0 };
  let loaded = 0;
  let own = process.cpuUsage();
  const measured = await talk(target, calls, WARM_UP_SECONDS, seconds, {
    begin: () => {
      own = process.cpuUsage();
      Object.assign(before, subject.usage());
    },
    end: () => {
      own = process.cpuUsage(own);
      const after = subject.usage();
      loaded = after.resident;
      cpu.user = after.user - before.user;
      cpu.system = after.system - before.system;
    },
  });
  await target.close();
  return { ...measured, cpu, own: (own.user + own.system) / 1e6, idle, loaded };
}

async function talk(
  target: Target,
  count: number,
  warmUp: number,
  time: number,
  around = { begin: (): void => {}, end: (): void => {} },
): Promise<Measured> {
  const load = new Load(count);
  const party = (line: number) => ({
    onText: (text: Buffer) => load.receive(line, text),
    onLost: () => load.lineLost(),
  });
  let next = 0;
  const setUp = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const call = await target.call(index, { caller: party(index), agent: party(count + index) });
      load.join(index, call.caller);
      load.join(count + index, call.agent);
    }
  };
  await Promise.all(Array.from({ length: SETTING_UP }, setUp));
  const measured = await load.run(warmUp, time, around);
  load.close();
  // Their ends cost something too, which is not what is measured.
  await sleep(1_000);
  return measured;
}

/** The service as it is built, with a Redis of its own. */
async function startBridge(): Promise<Target> {
  const carrier = new LeanCarrier();
  const dir = await mkdtemp(join(tmpdir(), 'tonewall-bench-'));
  const keyFile = join(dir, 'keys.json');
  await createKeyFile(keyFile, new Date().toISOString());
  const [port, metricsPort] = await freePorts(2);
  const url = `http://127.0.0.1:${port}`;
  const options = values.node.split(' ').filter((option) => option !== '');
  const subject = startSubject([...options, 'dist/main.js'], {
    HOST: '127.0.0.1',
    PORT: String(port),
    METRICS_PORT: String(metricsPort),
    DATA_DIR: dir,
    VAULT_KEY_FILE: keyFile,
    VAULT_KEY_SEAL: 'plain',
    TWILIO_ACCOUNT_SID: ACCOUNT_SID,
    TWILIO_AUTH_TOKEN: AUTH_TOKEN,
    TWILIO_API_URL: await carrier.listen(),
    AGENT_DIAL_TO: 'sip:agent@bench.invalid',
    GUARD_HOLD_MS: String(HOLD_MS),
    LOG_LEVEL: 'warn',
  });
  await untilReady(`${url}/readyz`);
  return {
    subject,
    async call(index, events) {
      const { caller, agent } = await carrier.call(url, index, events);
      return { caller: { ...caller, held: HOLD_MS / FRAME_MS }, agent: { ...agent, held: 0 } };
    },
    async close() {
      await subject.stop();
      carrier.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startEcho(): Promise<Target> {
  const subject = startSubject(['--import', 'tsx', 'test/bench/echo-server.ts'], {});
  const [port] = (await once(subject.child, 'message')) as [number];
  const line = async (path: string, events: CallEvents['caller']): Promise<Line> => {
    const socket = await openRaw({ url: `ws://127.0.0.1:${port}${path}`, headers: {}, ...events });
    return { socket, streamSid: `MZ${'0'.repeat(32)}`, held: 0 };
  };
  return {
    subject,
    async call(index, events) {
      const caller = await line(`/${index}/caller`, events.caller);
      return { caller, agent: await line(`/${index}/agent`, events.agent) };
    },
    close: () => subject.stop(),
  };
}

async function untilReady(url: string): Promise<void> {
  for (;;) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await sleep(50);
  }
}

function print(bridge: Result, echo: Result): void {
  // By the frames that came out: fewer do on a machine that can't keep up, and cost nothing.
  const perCall = (cpuSeconds: number, { frames }: Result): number =>
    (cpuSeconds * 1000) / (frames / FRAMES_PER_CALL);
  const cpu = (result: Result): number => perCall(result.cpu.user + result.cpu.system, result);
  const memory = ({ idle, loaded }: Result): number => (loaded - idle) / calls / 1024;
  const transit = (of: (result: Measured) => number) => (result: Result) => of(result) / 1000;
  const rows: [string, (result: Result) => number, number, string][] = [
    ['transit above the hold-back, p50', transit(({ transit }) => transit.percentile(50)), 2, 'ms'],
    ['transit above the hold-back, p99', transit(({ transit }) => transit.percentile(99)), 2, 'ms'],
    ['transit above the hold-back, max', transit(({ transit }) => transit.max), 2, 'ms'],
    [`late frames (over ${FRAME_MS} ms)`, ({ late }) => late, 0, ''],
    ['lost frames', ({ lost }) => lost, 0, ''],
    ['frames that the guard covered', ({ covered }) => covered, 0, ''],
    ['CPU of a call', cpu, 2, 'ms/s'],
    ['  of it in the kernel', (result) => perCall(result.cpu.system, result), 2, 'ms/s'],
    ['resident memory of a call', memory, 0, 'KiB'],
    ['core of the service in use', ({ cpu: { user, system } }) => (100 * (user + system)) / seconds, 0, '%'],
    ['core of the load in use', ({ own }) => (100 * own) / seconds, 0, '%'],
    ['the load sent its frames late, p99', transit(({ lateness }) => lateness.percentile(99)), 2, 'ms'],
  ];
  const load = loadavg().map((average) => average.toFixed(1));
  const [cpuModel] = cpus();
  console.log(
    `${calls} calls, ${seconds} s, ${calls * FRAMES_PER_CALL} frames a second; Node ${process.version}, ` +
      `${cpus().length} cores (${cpuModel?.model.trim()}), ` +
      `${pinned ? 'one for the load' : 'not pinned'}, load average ${load.join(' ')}\n`,
  );
  console.log(line('', 'bridge', 'bare ws echo', 'ratio'));
  for (const [name, of, digits, unit] of rows) {
    const [ours, bare] = [of(bridge), of(echo)];
    const ratio = bare > 0 && digits > 0 ? (ours / bare).toFixed(2) : '';
    const shown = (value: number): string => `${value.toFixed(digits)} ${unit}`.trimEnd();
    console.log(line(name, shown(ours), shown(bare), ratio));
  }
  const lateness = Math.max(...[bridge, echo].map((result) => result.lateness.percentile(99))) / 1000;
  if (lateness > LATENESS_MOST_MS) {
    console.log(
      '\nThe load could not keep its schedule: the machine is busy, and delays are not to be trusted.',
    );
  }
}

function line(name: string, ours: string, bare: string, ratio: string): string {
  return `${name.padEnd(36)}${ours.padStart(14)}${bare.padStart(14)}${ratio.padStart(9)}`.trimEnd();
}
