import { createServer, type IncomingMessage } from 'node:http';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** How it treats what comes: as it should, not at all, so that it is there and nobody hears of it, or with no answer. */
export type Temper = 'good' | 'refuses' | 'loses answers' | 'hangs';

/** A store of files that takes each name once, as one does that keeps an audit trail. */
export interface LogStore {
  readonly url: string;
  readonly dir: string;
  temper: Temper;
  /** Method, path and authorization of each request, in the order in which they came. */
  readonly requests: readonly string[];
  /** The names under a folder, sorted. */
  names(folder: string): Promise<string[]>;
  text(folder: string, name: string): Promise<string>;
  close(): Promise<void>;
}

export async function startLogStore(dir: string): Promise<LogStore> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    void take(request).then(
      (status) => (status === null ? request.socket.destroy() : response.writeHead(status).end()),
      () => response.writeHead(500).end(),
    );
  });

  async function take(request: IncomingMessage): Promise<number | null> {
    const { method = '', url = '', headers } = request;
    requests.push([method, url, headers.authorization ?? 'nobody'].join(' '));
    const body = await buffer(request);
    if (store.temper === 'refuses') return 503;
    if (store.temper === 'hangs') await new Promise(() => {});
    const path = join(dir, decodeURIComponent(url));
    await mkdir(dirname(path), { recursive: true });
    const there = await readFile(path).catch(() => null);
    if (there !== null) return 412;
    await writeFile(path, body);
    return store.temper === 'loses answers' ? null : 201;
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const store: LogStore = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/trail`,
    dir: join(dir, 'trail'),
    temper: 'good',
    requests,
    names: async (folder) => (await readdir(join(dir, 'trail', folder))).toSorted(),
    text: (folder, name) => readFile(join(dir, 'trail', folder, name), 'latin1'),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return store;
}
