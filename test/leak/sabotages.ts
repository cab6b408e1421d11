import type { Sabotage } from '../support/build.js';

/** Ways in which the service could betray a card, one for each way out, and what the searches must then say. */
export const SABOTAGES: readonly { what: string; sabotage: Sabotage; seenIn: readonly string[] }[] = [
  {
    what: 'the bridge goes past the guard',
    sabotage: {
      file: 'call/bridge.js',
      find: 'this.#toAgent(out, this.#guard.faults !== faults);',
      put: 'this.#agent.hear(piece, false);',
    },
    seenIn: [],
  },
  {
    what: 'keys are kept as text, which the log, a metric, a mark, a file and a request show',
    sabotage: {
      file: 'call/call.js',
      find: 'this.#port.metrics.presses.inc({ source });',
      put: `
        const keyed = (this.leaked = (this.leaked ?? '') + cell.key);
        this.#port.metrics.presses.inc({ source: keyed });
        this.#port.log.debug({ detail: keyed }, 'a key');
        this.agent.stream.mark(keyed);
        process.getBuiltinModule('node:fs').writeFileSync('keyed', keyed);
        fetch(process.env.TWILIO_API_URL + '/keyed/' + keyed).catch(() => {});`,
    },
    seenIn: [
      'metrics: ascii',
      'log: ascii',
      'carrier sockets: ascii',
      'files of the service: ascii',
      'carrier requests: ascii',
    ],
  },
  {
    what: 'the mask hides nothing',
    sabotage: {
      file: 'card/mask.js',
      find: 'dots(digits.length - CLEAR_AT_END) + lastFour(digits)',
      put: 'text(digits, 0, digits.length)',
    },
    seenIn: ['event streams: ascii', 'Redis keys and values: ascii'],
  },
  {
    what: 'a card is shown whole',
    sabotage: {
      file: 'card/card.js',
      find: 'lastFour(digits)',
      put: `Array.from(digits).join(' ')`,
    },
    seenIn: ['CRM webhooks: digits by " "', 'API answers: digits by " "'],
  },
  {
    what: 'the vault seals nothing',
    sabotage: {
      file: 'vault/envelope.js',
      find: `return seal(dataKey.reveal(), plaintext, aadOf('card', binding));`,
      put: 'return Buffer.from(plaintext);',
    },
    seenIn: [
      'Redis keys and values: digit bytes',
      'Redis commands: digit bytes',
      'Redis slow log: digit bytes',
      'files of Redis: digit bytes',
    ],
  },
  {
    what: 'an answer repeats what was asked',
    sabotage: { file: 'call/capture-desk.js', find: `'there is no such call'`, put: 'idOrSid' },
    seenIn: ['API answers: ascii'],
  },
];
