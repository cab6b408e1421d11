import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface WriterOptions {
  redisUrl: string;
  keyFile: string;
  lanes: number;
  /** Gives tokens out before they are written: the mistake that must be found. */
  hasty: boolean;
}

/** What a writer said by its end. */
export interface Written {
  /** Tokens that it gave out, each as the JSON of its view. */
  given: string[];
  /** Puts that the vault refused; null when it was killed. */
  refused: number | null;
}

/** A vault in a process of its own that puts cards as fast as it can. */
export interface Writer {
  /** Resolves once it has given out so many tokens. Rejects when it ends before. */
  gave(count: number): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<Written>;
  /** Lets it end what it has begun. */
  end(): Promise<Written>;
}

export function startWriter({ redisUrl, keyFile, lanes, hasty }: WriterOptions): Writer {
  const program = join(process.cwd(), 'test/prove/vault-writer.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', program], {
    env: {
      PATH: process.env['PATH'],
      REDIS_URL: redisUrl,
      VAULT_KEY_FILE: keyFile,
      LANES: String(lanes),
      HASTY: hasty ? 'yes' : 'no',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const given: string[] = [];
  let refused: number | null = null;
  let waiting: { count: number; done: () => void } | null = null;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('{')) given.push(line);
    else refused = Number(line);
    if (waiting !== null && given.length >= waiting.count) waiting.done();
  });
  // Everything that it wrote has been read by then.
  const closed = Promise.all([once(child, 'close'), once(lines, 'close')]);
  const written = async (): Promise<Written> => {
    await closed;
    return { given, refused };
  };
  return {
    gave: (count) =>
      new Promise((resolve, reject) => {
        if (given.length >= count) return resolve();
        waiting = { count, done: resolve };
        void closed.then(() => reject(new Error('the writer ended by itself')));
      }),
    kill() {
      child.kill('SIGKILL');
      return written();
    },
    end() {
      child.stdin.end();
      return written();
    },
  };
}
