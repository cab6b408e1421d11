/** WAVE format code of G.711 µ-law. */
const FORMAT_MULAW = 7;
const SAMPLE_RATE = 8000;
export const WAV_HEADER_BYTES = 58;
/** Stands for a size that isn't known while a program writes into a pipe. */
const UNKNOWN = 0xffff_ffff;

/** 8 kHz µ-law as a WAV file that any player opens. */
export function wavFile(mulaw: Uint8Array): Buffer {
  return Buffer.concat([wavHeader(mulaw.length), mulaw, wavPadding(mulaw.length)]);
}

/** The header of so many samples of 8 kHz µ-law; null: of a stream whose end isn't known. */
export function wavHeader(samples: number | null): Buffer {
  const length = samples === null || samples > UNKNOWN - WAV_HEADER_BYTES ? UNKNOWN : samples;
  const header = Buffer.alloc(WAV_HEADER_BYTES);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(length === UNKNOWN ? UNKNOWN : header.length - 8 + length + (length % 2), 4);
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
  header.writeUInt32LE(length, 46);
  header.write('data', 50, 'latin1');
  header.writeUInt32LE(length, 54);
  return header;
}

/** What follows so many samples: chunks have an even length. */
export function wavPadding(samples: number): Buffer {
  return Buffer.alloc(samples % 2);
}

/** The samples of a file that `wavFile` made. */
export function mulawOf(file: Uint8Array): Uint8Array {
  const length = new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(54, true);
  return file.subarray(WAV_HEADER_BYTES, WAV_HEADER_BYTES + length);
}
