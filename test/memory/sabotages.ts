import type { Sabotage } from '../support/build.js';

/** Ways in which memory is left dirty. */
export const SABOTAGES: readonly Sabotage[] = [
  // Keys as text, a byte at a time.
  {
    file: 'call/call.js',
    find: 'this.#port.metrics.presses.inc({ source });',
    put: `
      this.#port.metrics.presses.inc({ source });
      this.leaked = Buffer.from(\`\${this.leaked ?? ''}\${cell.key}\`);`,
  },
  // A wipe that only forgets.
  { file: 'secret.js', find: 'this.#bytes.fill(0);', put: '' },
  // The caller's audio, kept.
  {
    file: 'call/bridge.js',
    find: 'if (missing > 0)',
    put: '(this.kept ??= []).push(Buffer.from(frame)); if (missing > 0)',
  },
  // Messages as everybody would read them.
  {
    file: 'carrier/twilio/media-socket.js',
    find: 'this.#count(stream.incoming.key(bytes, this.#context.reader));',
    put: 'JSON.parse(bytes.toString()); this.#count(stream.incoming.key(bytes, this.#context.reader));',
  },
];
