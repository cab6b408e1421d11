import { parentPort, workerData } from 'node:worker_threads';
import type { Needle } from '../support/needles.js';
import { MemorySearch } from './memory-search.js';

/** What a worker looks for; it is sent the regions of a process's memory again and again, and answers with a count. */
export interface SearchData {
  readonly needles: readonly Needle[];
  readonly numbers: ReadonlyMap<string, Uint8Array>;
}

const { needles, numbers } = workerData as SearchData;
// What was a Buffer there is a plain array here.
const search = new MemorySearch(
  needles.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) })),
  numbers,
);

parentPort?.on('message', (regions: ArrayBuffer[]) => {
  parentPort?.postMessage(search.search(regions.map((region) => Buffer.from(region))));
});
