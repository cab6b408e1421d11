import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** One connection that went through a tap: what the watched side sent on it. */
export interface Tapped {
  readonly bytes: () => Buffer;
}

/** A relay on loopback in front of a port, which keeps every byte that one side sends. */
export interface Tap {
  readonly port: number;
  readonly connections: readonly Tapped[];
  close(): Promise<void>;
}

/** `watched`: the server behind the tap, or the clients before it. */
export async function startTap(target: number, watched: 'server' | 'client'): Promise<Tap> {
  const connections: Tapped[] = [];
  const sockets = new Set<Socket>();
  const relay = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    const chunks: Buffer[] = [];
    connections.push({ bytes: () => Buffer.concat(chunks) });
    (watched === 'server' ? far : near).on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.setNoDelay(true).pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  return {
    port: (relay.address() as AddressInfo).port,
    connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}
