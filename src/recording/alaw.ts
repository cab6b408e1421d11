/** G.711 A-law, the sample format of telephones outside North America and Japan. */

/** The byte of the least positive sample: A-law has no zero. */
export const ALAW_SILENCE = 0xd5;

/** Byte → 16-bit linear sample. */
export const ALAW_DECODE: Readonly<Int16Array> = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const segment = (code >> 4) & 7;
  const within = ((code & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? within : (within + 0x100) << (segment - 1);
  return code & 0x80 ? magnitude : -magnitude;
});
