/** The few parts of RFC 6455 section 5.2 that we read or write ourselves. */

const FIN_TEXT = 0x81;
const MASKED = 0x80;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;
/** The longest header: two bytes, a 64-bit length, a mask. */
export const MAX_HEADER_BYTES = 14;
/** Room to leave before the payload of a text frame. */
export const TEXT_HEADER_ROOM = 4;

/**
 * Writes the header of a server's text frame whose payload (at most 65,535 bytes) stands in `target` from
 * `TEXT_HEADER_ROOM` to `end`; returns where the frame begins.
 */
export function writeTextHeader(target: Uint8Array, end: number): number {
  const length = end - TEXT_HEADER_ROOM;
  // The shortest form that fits is the only one allowed.
  const begin = length < LENGTH_16 ? 2 : 0;
  target[begin] = FIN_TEXT;
  if (begin > 0) {
    target[begin + 1] = length;
  } else {
    target[1] = LENGTH_16;
    target[2] = length >> 8;
    target[3] = length & 0xff;
  }
  return begin;
}

/** A server's text frame with `text` (at most 65,535 bytes) in it. */
export function textFrame(text: string): Buffer {
  const frame = Buffer.alloc(TEXT_HEADER_ROOM + Buffer.byteLength(text));
  frame.write(text, TEXT_HEADER_ROOM);
  return frame.subarray(writeTextHeader(frame, frame.length));
}

/** How long the frame's header is, told by its first two bytes. */
export function headerLength(second: number): number {
  const length = second & LENGTH;
  const extended = length === LENGTH_64 ? 8 : length === LENGTH_16 ? 2 : 0;
  return 2 + extended + (second & MASKED ? MASK_BYTES : 0);
}

/** Bytes of payload that a whole header announces. */
export function payloadLength(header: Uint8Array): number {
  const length = (header[1] as number) & LENGTH;
  if (length < LENGTH_16) return length;
  const end = length === LENGTH_16 ? 4 : 10;
  let announced = 0;
  for (let at = 2; at < end; at++) announced = announced * 256 + (header[at] as number);
  return announced;
}
