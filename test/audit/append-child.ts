import { note, openLog } from './chains.js';

/**
 * Appends to the chain in the folder of the first argument, some entries at a time, and says on standard output which
 * are on disk (`ok 12`) and that one was refused (`no`). Ends well when it is asked to.
 */
const log = await openLog(process.argv[2] ?? '');
const ending = new AbortController();
process.on('SIGTERM', () => ending.abort());
while (!ending.signal.aborted) {
  const appended = Array.from({ length: 5 }, (_, i) => log.append(note(`r${i}`)));
  for (const result of await Promise.allSettled(appended)) {
    process.stdout.write(result.status === 'fulfilled' ? `ok ${result.value}\n` : 'no\n');
  }
  await new Promise((resolve) => setTimeout(resolve, log.ready ? 0 : 50));
}
await log.close();
process.stdout.write('closed\n');
