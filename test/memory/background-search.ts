import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SearchData } from './search-worker.js';

/** A worker of Node 20 takes no loader from its options: it loads TypeScript by hand. */
const FILE = JSON.stringify(new URL('search-worker.ts', import.meta.url));
const START = `import('tsx/esm/api').then(({ tsImport }) => tsImport(${FILE}, ${FILE}));`;

/**
 * Searches on a thread of its own: the carrier that the test plays goes on meanwhile, else the service would take all
 * its callers for gone.
 */
export class BackgroundSearch {
  readonly #worker: Worker;

  constructor(data: SearchData) {
    this.#worker = new Worker(START, { eval: true, workerData: data });
  }

  /** How often each needle was found. The regions are given away: one search at a time. */
  async search(regions: readonly ArrayBuffer[]): Promise<Map<string, number>> {
    const found = once(this.#worker, 'message');
    this.#worker.postMessage(regions, [...regions]);
    return (await found)[0] as Map<string, number>;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
