import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail as it arrived. */
export interface ReceivedMail {
  from: string;
  to: string[];
  /** Head and body, as they stood on the wire. */
  raw: string;
}

export interface TestMailServer {
  readonly port: number;
  readonly mails: ReceivedMail[];
  /** How the next commands are answered; null: as usual. */
  onRecipient: { code: number } | null;
  onData: { code: number } | 'cut' | null;
  close(): Promise<void>;
}

/** A real mail server in this process. */
export async function startMailServer(options: SMTPServerOptions = {}): Promise<TestMailServer> {
  const server = new SMTPServer({
    ...{ authOptional: true, disableReverseLookup: true, logger: false, hideSTARTTLS: true },
    onRcptTo: (_address, _session, callback) => callback(refusal(world.onRecipient)),
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        const answer = world.onData;
        if (answer === null || answer === 'cut') {
          world.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('utf8'),
          });
        }
        if (answer === 'cut') for (const { _socket } of server.connections as Set<Cut>) _socket.destroy();
        else callback(refusal(answer));
      });
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const world: TestMailServer = {
    port: (server.server.address() as AddressInfo).port,
    ...{ mails: [], onRecipient: null, onData: null },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  return world;
}

interface Cut {
  _socket: { destroy(): void };
}

function refusal(answer: { code: number } | null): Error | null {
  return answer && Object.assign(new Error('not now, +33612345678'), { responseCode: answer.code });
}
