import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const SCREENSHOTS = resolve('test/browser/screenshots');

/** A Chromium on PATH, or null: browser tests are then skipped, and say so. */
export const BROWSER_PATH = findBrowser();

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: BROWSER_PATH ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--autoplay-policy=no-user-gesture-required',
      // Pages in the background keep their timers: two pages talk to each other here.
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
    ],
  });
}

/** The pages, built afresh into a directory of their own; returns it. */
export function buildPages(): string {
  const outDir = mkdtempSync(join(tmpdir(), 'tonewall-web-'));
  const built = spawnSync('node_modules/.bin/vite', ['build', '--logLevel', 'error', '--outDir', outDir], {
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (built.status !== 0) throw new Error(`vite build failed: ${built.stderr}`);
  return outDir;
}

/** Everything that a page should not have done: errors, requests to strangers, breaches of its security policy. */
export function watchFaults(page: Page): string[] {
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`page error: ${error.message}`));
  const check = (url: string) => {
    if (!/^(https?|wss?):\/\/(127\.0\.0\.1|localhost):|^(data|blob|about):/.test(url))
      faults.push(`request: ${url}`);
  };
  page.on('request', (request) => check(request.url()));
  page.on('websocket', (socket) => check(socket.url()));
  return faults;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong on the page as it stands, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate<string[]>(
    'axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`)))',
  );
}

/** Widths at which the pages are looked at: a desk and a telephone. */
const WIDTHS = { wide: { width: 1280, height: 860 }, narrow: { width: 390, height: 844 } } as const;

/** Keeps pictures of the whole page at both widths, and returns the widths at which it scrolls sideways. */
export async function photograph(page: Page, name: string): Promise<string[]> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const tooWide: string[] = [];
  for (const [width, size] of Object.entries(WIDTHS)) {
    await page.setViewportSize(size);
    await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}.png`), fullPage: true });
    const overflows = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
    if (overflows) tooWide.push(width);
  }
  await page.setViewportSize(WIDTHS.wide);
  return tooWide;
}

function findBrowser(): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of BROWSERS) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // Not here.
      }
    }
  }
  return null;
}
