/**
 * Brings a bare machine to where `npm start` and `npm test` can run: dependencies, build, a Redis server and, for
 * tests, a browser. Needs Node alone. Says what it does while it does it; what it can't do, it says in one line.
 *
 * usage: node scripts/setup.mjs start|test
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const CACHE = join(ROOT, '.cache');
const IS_ROOT = process.getuid?.() === 0;
const DEBIAN_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';
const goal = process.argv[2] ?? 'start';

checkNode();
await installDependencies();
await installRedis();
if (goal === 'test') await unpackNewerRedis();
if (goal === 'test') await installBrowser();
await build();

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(
    `Node.js 20.19 or newer is needed; this is ${process.versions.node}. Install it from https://nodejs.org`,
  );
}

/** `npm ci`, when the lock file is not the one that was installed. */
async function installDependencies() {
  const lock = digest([join(ROOT, 'package-lock.json'), join(ROOT, 'package.json')]);
  const mark = join(ROOT, 'node_modules', '.tonewall-installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === lock) return;
  await step('Installing dependencies', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(mark, lock);
}

/** A Redis or Valkey server: on PATH, from the system's packages, or unpacked beside the project. */
async function installRedis() {
  if (process.env.REDIS_URL && goal === 'start') return;
  if (process.env.REDIS_SERVER || ['redis-server', 'valkey-server', 'redis-check-rdb'].some(onPath)) return;
  if (existsSync(join(CACHE, 'redis/usr/bin/redis-check-rdb'))) return;
  if (onPath('apt-get')) {
    if (IS_ROOT) {
      // redis-tools holds the server too (it acts by its name) and brings no system service.
      if (await apt('Installing a Redis server (redis-tools)', ['redis-tools'])) return;
    } else if (await unpackRedis()) return;
  } else if (onPath('brew')) {
    await step('Installing a Redis server (valkey)', 'brew', ['install', 'valkey']);
    return;
  }
  fail(
    'No Redis server was found and none could be installed. Install one (Debian, Ubuntu: sudo apt-get install redis-tools; ' +
      'macOS: brew install valkey) or set REDIS_URL.',
  );
}

/** Without root: the packages are downloaded and unpacked into the project's cache. */
async function unpackRedis() {
  const dir = join(CACHE, 'redis');
  const debs = join(CACHE, 'debs');
  mkdirSync(debs, { recursive: true });
  const packages = ['redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1'];
  const downloaded = await attempt('Downloading a Redis server', 'apt-get', ['download', ...packages], debs);
  if (!downloaded) return false;
  for (const deb of readdirSync(debs).filter((name) => name.endsWith('.deb'))) {
    if (spawnSync('dpkg-deb', ['-x', join(debs, deb), dir]).status !== 0) return false;
  }
  return existsSync(join(dir, 'usr/bin/redis-check-rdb'));
}

/**
 * A second server, which knows WAITAOF, for the tests of what needs it. Debian 12 has one in its backports; where the
 * first server is no newer either and this one can't be had, those tests are skipped and say so.
 */
async function unpackNewerRedis() {
  const dir = join(CACHE, 'valkey');
  if (process.env.NEWER_REDIS_SERVER || existsSync(join(dir, 'usr/bin/valkey-check-rdb'))) return;
  if (!onPath('apt-get') || !existsSync(DEBIAN_KEYS) || !isBookworm()) return;
  const lists = join(dir, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const sources = join(dir, 'sources.list');
  writeFileSync(
    sources,
    `deb [signed-by=${DEBIAN_KEYS}] http://deb.debian.org/debian bookworm-backports main\n`,
  );
  // Lists of its own: those of the machine stay as they are.
  const options = [
    `Dir::Etc::SourceList=${sources}`,
    'Dir::Etc::SourceParts=-',
    `Dir::State::Lists=${lists}`,
  ];
  const own = options.flatMap((option) => ['-o', option]);
  const apt = (label, ...args) => attempt(label, 'apt-get', [...own, '-qq', ...args], dir);
  if (!(await apt("Reading the list of Debian's backports", 'update'))) return;
  if (!(await apt('Downloading a newer Redis server for the tests', 'download', 'valkey-tools'))) return;
  for (const deb of readdirSync(dir).filter((name) => name.endsWith('.deb'))) {
    spawnSync('dpkg-deb', ['-x', join(dir, deb), dir]);
  }
}

function isBookworm() {
  const release = '/etc/os-release';
  return existsSync(release) && /^VERSION_CODENAME=bookworm$/m.test(readFileSync(release, 'utf8'));
}

/** A browser for the browser tests; without one they are skipped and say so. */
async function installBrowser() {
  if (['chromium', 'chromium-browser', 'google-chrome'].some(onPath)) return;
  if (
    IS_ROOT &&
    onPath('apt-get') &&
    (await apt('Installing a browser for the tests (chromium)', ['chromium']))
  )
    return;
  console.log(
    '  No browser was found: browser tests will be skipped. Install one: sudo apt-get install chromium',
  );
}

/** Compiles when a source is newer than the build. */
async function build() {
  const mark = join(ROOT, 'dist', '.built');
  const newest = newestChange(['src', 'package-lock.json', 'tsconfig.json', 'vite.config.ts']);
  if (existsSync(mark) && statSync(mark).mtimeMs >= newest) return;
  await step('Building', 'node', ['scripts/build.mjs']);
}

async function apt(label, packages) {
  const install = ['install', '-y', '--no-install-recommends', ...packages];
  if (await attempt(label, 'apt-get', install)) return true;
  await attempt('Updating the package list', 'apt-get', ['update']);
  return attempt(label, 'apt-get', install);
}

async function step(label, command, args) {
  if (!(await attempt(label, command, args)))
    fail(`${label} failed. The command was: ${command} ${args.join(' ')}`);
}

/** Runs a command quietly, with the seconds ticking; its output is shown only when it fails. */
function attempt(label, command, args, cwd = ROOT) {
  return new Promise((resolve) => {
    const started = Date.now();
    const seconds = () => Math.round((Date.now() - started) / 1000);
    const tty = process.stdout.isTTY;
    if (!tty) console.log(`• ${label} …`);
    const tick = setInterval(() => tty && process.stdout.write(`\r• ${label} … ${seconds()} s `), 200);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (chunk) => (output = (output + chunk).slice(-20_000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const done = (ok) => {
      clearInterval(tick);
      const mark = ok ? '✓' : '✗';
      console.log(`${tty ? '\r' : ''}${mark} ${label} (${seconds()} s)${tty ? '        ' : ''}`);
      if (!ok) process.stderr.write(output);
      resolve(ok);
    };
    child.on('error', () => done(false));
    child.on('close', (code) => done(code === 0));
  });
}

function onPath(name) {
  const folders = (process.env.PATH ?? '').split(':').filter(Boolean);
  return folders.some((folder) => existsSync(join(folder, name)));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex');
}

function newestChange(paths) {
  let newest = 0;
  for (const path of paths) {
    const full = join(ROOT, path);
    if (!existsSync(full)) continue;
    const stat = statSync(full);
    newest = Math.max(newest, stat.mtimeMs);
    if (stat.isDirectory())
      newest = Math.max(newest, newestChange(readdirSync(full).map((name) => join(path, name))));
  }
  return newest;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
