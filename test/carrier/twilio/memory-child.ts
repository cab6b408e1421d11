import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createTwilioDoors } from '../../../src/carrier/twilio/twilio.js';
import { systemClock } from '../../../src/clock.js';
import { silentLogger } from '../../../src/log.js';
import { createMetrics } from '../../../src/metrics.js';

/** A process with nothing but the carrier's doors. Tells its parent its port, then the names of marks. */

const leaked: Buffer[] = [];
const leaks = process.argv[2] === 'leaks';
const tell = (message: string): void => void process.send?.(message);

const server = createServer().listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const hangUp = () => Promise.resolve({ do: 'hang-up' } as const);
  const doors = createTwilioDoors(
    {
      accountSid: 'AC00000000000000000000000000000001',
      authTokens: ['0123456789abcdef0123456789abcdef'],
      publicUrl: url,
      nodeUrl: url,
      apology: { sentence: '', language: 'en' },
      clock: systemClock,
      log: silentLogger,
      metrics: createMetrics(),
    },
    {
      incoming: hangUp,
      answered: hangUp,
      streamOver: hangUp,
      status: () => {},
      streamStarted: () => ({
        audio: (frame) => {
          if (leaks) leaked.push(Buffer.from(frame));
        },
        key: () => {},
        mark: tell,
        closed: () => {},
      }),
    },
  );
  server.on('upgrade', (request, socket, head) => doors.upgrade(request, socket, head));
  tell(String(port));
});
