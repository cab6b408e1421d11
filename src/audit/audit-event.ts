/**
 * What is written down. An `operation` has two entries, its intent before and its outcome after it; a `fact` has one.
 * `rule` is the requirement of PCI DSS 4.0.1 that asks for it.
 */
export const AUDIT_EVENTS = {
  'token.create': { kind: 'operation', rule: '10.2.1.1', meaning: 'a card is sealed and gets a token' },
  'token.read': { kind: 'operation', rule: '10.2.1.1', meaning: 'what may be shown of a card is read' },
  'token.destroy': { kind: 'operation', rule: '10.2.1.1', meaning: 'the card behind a token is shredded' },
  'token.open': { kind: 'operation', rule: '10.2.1.1', meaning: 'a card is opened towards a provider' },
  'token.remember': {
    kind: 'operation',
    rule: '10.2.1.1',
    meaning: 'the network’s name of a first payment is kept',
  },
  'token.forget': {
    kind: 'operation',
    rule: '3.2.1',
    meaning: 'a payment provider forgets the card of a token that has gone',
  },
  'vault.sweep': {
    kind: 'fact',
    rule: '3.2.1',
    meaning: 'all that is kept was looked at: nothing is past its date',
  },
  'capture.arm': { kind: 'operation', rule: '10.2.1.1', meaning: 'a card is about to be taken on a call' },
  'capture.cancel': { kind: 'fact', rule: '10.2.1.1', meaning: 'a capture was ended before its end' },
  'link.send': { kind: 'operation', rule: '10.2.1.1', meaning: 'a payer is sent to a payment page' },
  'charge.create': { kind: 'operation', rule: '10.2.1.1', meaning: 'a card is about to be charged' },
  'charge.refund': { kind: 'operation', rule: '10.2.1.1', meaning: 'money of a charge is given back' },
  'charge.refunded_elsewhere': {
    kind: 'fact',
    rule: '10.2.1.1',
    meaning: 'its provider has given money of a charge back, and nobody had asked for it here',
  },
  'charge.void': { kind: 'operation', rule: '10.2.1.1', meaning: 'a charge is undone before it is settled' },
  'charge.settle': {
    kind: 'operation',
    rule: '10.2.1.1',
    meaning: 'the outcome of a charge that nobody knew is written down',
  },
  'charge.declined': { kind: 'fact', rule: '10.2.1.1', meaning: 'a payment provider refused a card' },
  'limit.reached': {
    kind: 'fact',
    rule: '10.2.1.4',
    meaning: 'too many cards are being tried: one was not taken',
  },
  'access.unauthorized': { kind: 'fact', rule: '10.2.1.4', meaning: 'no API key, or none that is valid' },
  'access.forbidden': { kind: 'fact', rule: '10.2.1.4', meaning: 'an API key lacked the scope' },
  'access.absent': {
    kind: 'fact',
    rule: '10.2.1.4',
    meaning: 'what was asked for is not there, or another’s',
  },
  'access.signature': { kind: 'fact', rule: '10.2.1.4', meaning: 'not signed by the carrier' },
  'access.ticket': { kind: 'fact', rule: '10.2.1.4', meaning: 'a media stream had no valid ticket' },
  'apikey.create': { kind: 'operation', rule: '10.2.1.5', meaning: 'an API key is given out' },
  'apikey.rotate': { kind: 'operation', rule: '10.2.1.5', meaning: 'a second API key is given out' },
  'apikey.revoke': { kind: 'operation', rule: '10.2.1.5', meaning: 'an API key is taken back' },
  'apikey.enable': { kind: 'operation', rule: '10.2.1.5', meaning: 'a disabled API key is taken into use' },
  'key.create': { kind: 'fact', rule: '10.2.1.7', meaning: 'the file of the vault keys is made' },
  'key.rotate': { kind: 'operation', rule: '10.2.1.2', meaning: 'a new version of the vault key is made' },
  'key.retire': { kind: 'operation', rule: '10.2.1.2', meaning: 'a version is taken out of use' },
  'key.reinstate': { kind: 'operation', rule: '10.2.1.2', meaning: 'a retired version is taken into use' },
  'key.destroy': { kind: 'operation', rule: '10.2.1.2', meaning: 'the secret of a version is destroyed' },
  'key.reseal': { kind: 'operation', rule: '10.2.1.2', meaning: 'the key file gets another seal' },
  'key.active': {
    kind: 'fact',
    rule: '10.2.1.2',
    meaning: 'this node seals with another version from now on',
  },
  'key.rewrap': {
    kind: 'fact',
    rule: '10.2.1.2',
    meaning: 'the cards that another version seals are brought under the active one',
  },
  'service.start': {
    kind: 'fact',
    rule: '10.2.1.7',
    meaning: 'what the service starts with: digests of its flows and, under the audit key, of its settings',
  },
  'log.begin': { kind: 'fact', rule: '10.2.1.6', meaning: 'the chain begins; names its first public key' },
  'log.start': {
    kind: 'fact',
    rule: '10.2.1.6',
    meaning: 'a process goes on with it; names the head that it found',
  },
  'log.stop': { kind: 'fact', rule: '10.2.1.6', meaning: 'the process ends' },
  'log.gap': {
    kind: 'fact',
    rule: '10.2.1.6',
    meaning: 'entries could not be written; operations were refused',
  },
  'log.checkpoint': { kind: 'fact', rule: '10.3.4', meaning: 'signed; names the public key of the next one' },
  'log.crossed': { kind: 'fact', rule: '10.3.4', meaning: 'the head of another chain, as it was then' },
  'alert.opens': {
    kind: 'fact',
    rule: '10.4.1.1',
    meaning: 'one actor reads, opens or destroys many cards in a short time',
  },
  'alert.refusals': { kind: 'fact', rule: '10.4.1.1', meaning: 'one address is refused again and again' },
  'alert.signatures': {
    kind: 'fact',
    rule: '10.4.1.1',
    meaning: 'one address pretends to be the carrier again and again',
  },
  'alert.declines': {
    kind: 'fact',
    rule: '10.4.1.1',
    meaning: 'many charges of one actor are declined: are cards being tried out?',
  },
  'alert.night': { kind: 'fact', rule: '10.4.1.1', meaning: 'an operation in the quiet hours' },
  'alert.unexplained': {
    kind: 'fact',
    rule: '10.4.1.1',
    meaning: 'a change in Redis says that an intent of this chain announced it, and there is none',
  },
  'log.show': { kind: 'operation', rule: '10.2.1.3', meaning: 'entries are read' },
  'log.verify': { kind: 'operation', rule: '10.2.1.3', meaning: 'chains are verified' },
} as const satisfies Record<string, { kind: 'operation' | 'fact'; rule: string; meaning: string }>;

export type AuditType = keyof typeof AUDIT_EVENTS;
type OfKind<Kind extends string> = {
  [Type in AuditType]: (typeof AUDIT_EVENTS)[Type]['kind'] extends Kind ? Type : never;
}[AuditType];
export type OperationType = OfKind<'operation'>;
export type FactType = OfKind<'fact'>;

export const AUDIT_TYPES = Object.keys(AUDIT_EVENTS) as AuditType[];

/** How it went. */
export const OUTCOMES = {
  intent: 'it is about to be done',
  done: 'it was done',
  absent: 'there was nothing to do it to',
  refused: 'it was not allowed',
  failed: 'it was tried, and an error came back',
  withdrawn: 'it was done, and taken back before anybody was told',
  unknown: 'the process died before it could say, and nothing shows that it was done',
} as const;

export type Outcome = keyof typeof OUTCOMES;
