/** WAVE format code of G.711 µ-law. */
const FORMAT_MULAW = 7;
const SAMPLE_RATE = 8000;

/** 8 kHz µ-law as a WAV file that any player opens. */
export function wavFile(mulaw: Uint8Array): Buffer {
  const padding = mulaw.length % 2;
  const header = Buffer.alloc(58);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(header.length - 8 + mulaw.length + padding, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(18, 16);
  header.writeUInt16LE(FORMAT_MULAW, 20);
  header.writeUInt16LE(1, 22); // channels
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE, 28); // bytes a second
  header.writeUInt16LE(1, 32); // bytes a sample
  header.writeUInt16LE(8, 34); // bits a sample
  header.writeUInt16LE(0, 36); // no extension
  header.write('fact', 38, 'latin1');
  header.writeUInt32LE(4, 42);
  header.writeUInt32LE(mulaw.length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(mulaw.length, 54);
  return Buffer.concat([header, mulaw, Buffer.alloc(padding)]);
}

/** The samples of a file that `wavFile` made. */
export function mulawOf(file: Uint8Array): Uint8Array {
  const length = new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(54, true);
  return file.subarray(58, 58 + length);
}
