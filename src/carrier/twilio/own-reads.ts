import type { Duplex } from 'node:stream';

/** The most that one read brings: what libuv asks the kernel for. */
export const READ_BYTES = 64 * 1024;

/** What `net.Socket` does inside for its documented `onread` option, which only a connecting socket may be given. */
interface Reads {
  _handle?: { useUserBuffer?: (buffer: Uint8Array) => void } | null;
  [part: symbol]: unknown;
}

/**
 * Has a socket read into `buffer`, one for all sockets, and hand the bytes to `take`, which must be through with them
 * when it returns, and zeroes them. Without this Node reads into a block of its own, copies what came to another and frees the first,
 * in which the carrier's messages stay readable.
 *
 * False when this socket can't; its bytes then come as `data`, as they do if some were read before.
 */
export function readInto(socket: Duplex, buffer: Buffer, take: (bytes: Buffer) => void): boolean {
  const reads = socket as unknown as Reads;
  const { _handle: handle } = reads;
  const part = (name: string): symbol | undefined =>
    Object.getOwnPropertySymbols(socket).find(({ description }) => description === name);
  const [bufferPart, takePart] = [part('kBuffer'), part('kBufferCb')];
  if (bufferPart === undefined || takePart === undefined || handle?.useUserBuffer === undefined) return false;

  reads[bufferPart] = buffer;
  reads[takePart] = (length: number) => {
    take(buffer.subarray(0, length));
    return true;
  };
  handle.useUserBuffer(buffer);
  return true;
}
