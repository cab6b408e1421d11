import type { Sabotage } from '../support/build.js';

/** A wipe that only forgets. */
const NO_WIPE: Sabotage = { file: 'secret.js', find: 'this.#bytes.fill(0);', put: '' };

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
  NO_WIPE,
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

/** Ways in which a charge leaves it dirty. */
export const CHARGE_SABOTAGES: readonly Sabotage[] = [
  NO_WIPE,
  // Requests to the provider as they were sent, kept.
  {
    file: 'psp/provider-wire.js',
    find: 'request.body?.fill(0);',
    put: '(this.kept ??= []).push(request.body);',
  },
  // What a provider says, kept before the card in it is blanked.
  {
    file: 'psp/provider-wire.js',
    find: 'blank(answer);',
    put: '(globalThis.heard ??= []).push(Buffer.from(answer)); blank(answer);',
  },
];
