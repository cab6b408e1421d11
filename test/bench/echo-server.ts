import type { AddressInfo } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** What `ws` alone costs: each message goes to the other end of its pair (`/0/caller`, `/0/agent`). Tells its port. */
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
const sockets = new Map<string, WebSocket>();

server.on('connection', (socket, request) => {
  const path = request.url ?? '';
  const peer = path.endsWith('/caller') ? path.replace('caller', 'agent') : path.replace('agent', 'caller');
  sockets.set(path, socket);
  socket.on('message', (bytes: Buffer, binary) => sockets.get(peer)?.send(bytes, { binary }));
  socket.on('close', () => sockets.delete(path));
});

process.on('SIGINT', () => process.exit(0));
