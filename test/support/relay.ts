import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A network on loopback that can be cut. */
export interface Relay {
  readonly port: number;
  /** Where connections lead from now on. */
  target: number;
  /** Connections that are open, oldest first. */
  readonly open: readonly Socket[];
  close(): Promise<void>;
}

/** On a free port unless one is named: what was closed can be opened again. */
export async function startRelay(port = 0): Promise<Relay> {
  const open: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(relay.target, '127.0.0.1');
    open.push(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.setNoDelay(true).pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    near.on('close', () => open.splice(open.indexOf(near), 1));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const relay: Relay = {
    port: (server.address() as AddressInfo).port,
    target: 0,
    open,
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return relay;
}
