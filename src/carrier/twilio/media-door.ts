import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { FrameAlignedSocket } from './frame-aligned-socket.js';
import { READ_BYTES } from './own-reads.js';
import { MediaSocket, type MediaContext } from './media-socket.js';
import { isSigned } from './signature.js';

/** The media WebSocket's path. Stream URLs have no query: the carrier would fail on one. */
export const MEDIA_PATH = '/twilio/media';

/** The most that one message may be, in bytes; the carrier's have under 500. */
export const MAX_MESSAGE_BYTES = 64 * 1024;
/** How long a peer may take to answer our close. */
const CLOSE_WITHIN_MS = 2_000;
const GOING_AWAY = 1001;

/** The URL of the media socket on the node whose base URL is `nodeUrl`. */
export function mediaUrl(nodeUrl: string): string {
  return nodeUrl.replace(/^http/, 'ws').replace(/\/$/, '') + MEDIA_PATH;
}

export interface MediaDoor {
  /** Takes an upgrade request for the media socket; false when it is for something else. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Closes every socket. */
  close(): void;
}

/** Lets media sockets in whose handshake the carrier has signed over this node's URL. */
export function createMediaDoor(
  options: { authTokens: readonly string[]; nodeUrl: string; refused?: (origin: string) => void },
  context: MediaContext,
): MediaDoor {
  const sockets = new Set<MediaSocket>();
  const settings = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // The carrier's messages are one frame each, and joining several would copy them.
    maxFragments: 1,
    // What isn't UTF-8 can't be read, and a single message that can't be read is ignored.
    skipUTF8Validation: true,
    // Ours copy the payload, and are bounded.
    autoPong: false,
    closeTimeout: CLOSE_WITHIN_MS,
  };
  const server = new WebSocketServer(settings);
  const reads = Buffer.from(new ArrayBuffer(READ_BYTES));
  const url = mediaUrl(options.nodeUrl);

  return {
    upgrade(request, socket, head) {
      if (request.url !== MEDIA_PATH && request.url !== `${MEDIA_PATH}/`) return false;
      const signature = request.headers['x-twilio-signature'];
      // The carrier may add a slash to a URL, or drop it, before it signs.
      const signed = [url, `${url}/`].some((form) => isSigned(options.authTokens, signature, form, {}));
      if (!signed) {
        context.metrics.signaturesRefused.inc({ door: 'media' });
        options.refused?.(request.socket.remoteAddress ?? 'gone');
        context.log.warn(
          { route: MEDIA_PATH },
          'media handshake refused: not signed by the carrier for this URL',
        );
        forbid(socket);
        return true;
      }
      const aligned = new FrameAlignedSocket(socket, head, reads, MAX_MESSAGE_BYTES);
      server.handleUpgrade(request, aligned, Buffer.alloc(0), (ws) => {
        const media = new MediaSocket(ws, aligned, context);
        sockets.add(media);
        ws.once('close', () => sockets.delete(media));
      });
      return true;
    },
    close() {
      for (const media of sockets) media.close(GOING_AWAY);
    },
  };
}

function forbid(socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
    socket.destroy(),
  );
}
