import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Everything that is counted, with its help text. Labels are closed sets: never an id, an address, a digit. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    callsLive: new Gauge({ name: 'tonewall_calls_live', help: 'Calls with a party on the line', registers }),
    callsTotal: new Counter({ name: 'tonewall_calls_total', help: 'Calls taken', registers }),
    callsRefused: new Counter({
      name: 'tonewall_calls_refused_total',
      help: 'Calls that were not taken: draining or over the bound',
      labelNames: ['reason'],
      registers,
    }),
    captures: new Counter({
      name: 'tonewall_captures_total',
      help: 'Captures that ended, by status and reason',
      labelNames: ['status', 'reason'],
      registers,
    }),
    capturesLive: new Gauge({ name: 'tonewall_captures_live', help: 'Captures in progress', registers }),
    presses: new Counter({
      name: 'tonewall_presses_total',
      help: 'Presses that counted, by what told of them first',
      labelNames: ['source'],
      registers,
    }),
    framesLate: new Counter({
      name: 'tonewall_frames_missing_total',
      help: 'Audio frames known to be lost',
      registers,
    }),
    guardFaults: new Counter({
      name: 'tonewall_guard_faults_total',
      help: 'Faults of the guard: silence was sent instead of audio',
      registers,
    }),
    guardAlarms: new Counter({
      name: 'tonewall_guard_alarms_total',
      help: 'Keys heard behind the guard: the agent was muted',
      registers,
    }),
    silencesAnnounced: new Counter({
      name: 'tonewall_silences_announced_total',
      help: 'Silences of 2 s by a fault of ours, by the party that was told',
      labelNames: ['party'],
      registers,
    }),
    mediaMessagesRefused: new Counter({
      name: 'tonewall_media_messages_refused_total',
      help: 'Media messages that could not be read and were dropped',
      labelNames: ['reason'],
      registers,
    }),
    mediaSocketsClosed: new Counter({
      name: 'tonewall_media_sockets_closed_total',
      help: 'Media sockets closed by us, by WebSocket code',
      labelNames: ['code'],
      registers,
    }),
    mediaFramesDropped: new Counter({
      name: 'tonewall_media_frames_dropped_total',
      help: 'Audio not sent because the carrier did not take what it had been sent before',
      registers,
    }),
    mediaStreamsQuiet: new Counter({
      name: 'tonewall_media_streams_quiet_total',
      help: 'Intervals of 20 s in which a live stream brought no audio',
      registers,
    }),
    signaturesRefused: new Counter({
      name: 'tonewall_signatures_refused_total',
      help: 'Webhooks and handshakes with a missing or wrong signature',
      labelNames: ['door'],
      registers,
    }),
    carrierRequests: new Counter({
      name: 'tonewall_carrier_requests_total',
      help: 'REST requests to the carrier, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    redisReady: new Gauge({ name: 'tonewall_redis_ready', help: '1 while Redis answers', registers }),
    tokens: new Counter({
      name: 'tonewall_tokens_total',
      help: 'Tokens given out, by purpose',
      labelNames: ['purpose'],
      registers,
    }),
    vaultSeconds: new Histogram({
      name: 'tonewall_vault_tokenize_seconds',
      help: 'From the last key accepted to the token durable',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1],
      registers,
    }),
    charges: new Counter({
      name: 'tonewall_charges_total',
      help: 'Outcomes of charges; one that was unknown is counted again when it is settled',
      labelNames: ['outcome'],
      registers,
    }),
    chargesUnsettled: new Gauge({
      name: 'tonewall_charges_unsettled',
      help: 'Charges of which something is not known yet, those in progress included',
      registers,
    }),
    refunds: new Counter({
      name: 'tonewall_refunds_total',
      help: 'Outcomes of refunds and voids',
      labelNames: ['outcome'],
      registers,
    }),
    rewraps: new Counter({
      name: 'tonewall_rewraps_total',
      help: 'Cards brought under a newer key, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    cardsToForget: new Gauge({
      name: 'tonewall_cards_to_forget',
      help: 'Cards whose tokens have gone, and that the payment provider could not be told to forget so far',
      registers,
    }),
    sweepFaults: new Counter({
      name: 'tonewall_vault_sweep_faults_total',
      help: 'What sweeps of the vault found that should not be there',
      labelNames: ['fault'],
      registers,
    }),
    sweptAt: new Gauge({
      name: 'tonewall_vault_swept_at_seconds',
      help: 'When this node last came to the end of a sweep of the vault, in seconds since the epoch',
      registers,
    }),
    auditReady: new Gauge({
      name: 'tonewall_audit_ready',
      help: '1 while the audit trail is written: else no card is taken, shown or destroyed',
      registers,
    }),
    auditEntries: new Counter({
      name: 'tonewall_audit_entries_total',
      help: 'Operations and facts written to the audit trail, by type',
      labelNames: ['type'],
      registers,
    }),
    auditAlerts: new Counter({
      name: 'tonewall_audit_alerts_total',
      help: 'Times that the audit trail showed what somebody should look at, by alert',
      labelNames: ['alert'],
      registers,
    }),
    auditUnshipped: new Gauge({
      name: 'tonewall_audit_unshipped_entries',
      help: 'Entries of the audit trail that are on this machine only, by chain',
      labelNames: ['chain'],
      registers,
    }),
    limitsReached: new Counter({
      name: 'tonewall_limits_reached_total',
      help: 'Captures and charges that were refused because too many cards were being tried, by limit',
      labelNames: ['limit'],
      registers,
    }),
    auditRefused: new Counter({
      name: 'tonewall_audit_refused_total',
      help: 'Operations that were refused because their intent could not be written',
      registers,
    }),
    eventsDelivered: new Counter({
      name: 'tonewall_events_delivered_total',
      help: 'Deliveries to the CRM, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    eventsWaiting: new Gauge({
      name: 'tonewall_events_waiting',
      help: 'Events not yet taken by the CRM',
      registers,
    }),
    eventsDead: new Gauge({
      name: 'tonewall_events_dead',
      help: 'Events that were given up and wait for an operator',
      registers,
    }),
    eventsDropped: new Counter({
      name: 'tonewall_events_dropped_total',
      help: 'Events that were lost: Redis was away for too long, or refused them',
      registers,
    }),
    messages: new Counter({
      name: 'tonewall_messages_total',
      help: 'Short messages and mails, by channel and what became of them',
      labelNames: ['channel', 'state'],
      registers,
    }),
    apiKeysRefused: new Counter({
      name: 'tonewall_api_keys_refused_total',
      help: 'Requests of the native API without a valid key, or without its scope',
      labelNames: ['reason'],
      registers,
    }),
    httpRequests: new Counter({
      name: 'tonewall_http_requests_total',
      help: 'Answers of the native API, by route and status',
      labelNames: ['route', 'status'],
      registers,
    }),
    logBlanked: new Counter({
      name: 'tonewall_log_blanked_total',
      help: 'Card-like runs caught on their way into the log: a bug, look for it',
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
