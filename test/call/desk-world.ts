import { CaptureDesk } from '../../src/call/capture-desk.js';
import type { ArmRequest } from '../../src/call/calls.js';
import { LinkWatch } from '../../src/call/link-watch.js';
import type { LinkRequest } from '../../src/call/links.js';
import { RedisRecords } from '../../src/call/redis-records.js';
import { Registry } from '../../src/call/registry.js';
import { Switchboard } from '../../src/call/switchboard.js';
import type { AdviceView, LinkChannel, LinkView } from '../../src/capture/view.js';
import type { CallControl, DialRequest, MediaStream, StreamHandler } from '../../src/carrier/carrier.js';
import { keyOf } from '../../src/carrier/twilio/media-message.js';
import type { Taken, TakeRequest, Till } from '../../src/charge/till.js';
import type { OutboxEntry } from '../../src/crm/event.js';
import { AppError } from '../../src/errors.js';
import { loadFlows } from '../../src/flow/flows.js';
import { loadPrompts } from '../../src/flow/prompts.js';
import type { MotoSums } from '../../src/fraud/moto-sums.js';
import { newId } from '../../src/id.js';
import { createLogger } from '../../src/log.js';
import { createMetrics } from '../../src/metrics.js';
import type { Money } from '../../src/psp/psp.js';
import type { RedisClient } from '../../src/redis/redis-client.js';
import { KeyCell } from '../../src/secret.js';
import type { TokenView } from '../../src/vault/vault.js';
import { CARD_VIEW } from '../support/card-view.js';
import { MemoryAudit } from '../support/audit.js';
import { ManualClock } from '../support/manual-clock.js';
import { NO_RECEIPTS } from '../support/no-receipts.js';

const CALLER = `CA${'a'.repeat(32)}`;
export const AGENT = `CA${'b'.repeat(32)}`;

/** The rooms of a call on a clock that is turned by hand: the carrier and the till do as they are told here. */
export async function openDesk(client: RedisClient) {
  const clock = new ManualClock();
  const flows = await loadFlows('ivr-flows');
  const told: OutboxEntry[] = [];
  const turns = new Set<(ready: boolean) => void>();
  const said: string[] = [];
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: 'warn', destination, onBlanked: () => {} });
  const heard: { who: string; frame: Buffer }[] = [];
  const outside = {
    /** Whether Redis answers that a write was done; it is done anyway. */
    answers: true,
    /** When the end of a capture is durable. */
    durable: (): Promise<void> => Promise.resolve(),
    /** What the carrier answers to a call that it shall place. */
    dialled: (_request: DialRequest): Promise<string> => Promise.resolve(AGENT),
    /** What is foreseen of a card, or of any. */
    foreseen: (_card: string | null, _money: Money): AdviceView | null => null,
    /** How links can be given. */
    channels: ['sms', 'spoken'] as LinkChannel[],
    /** Payment links asked for, and what comes of it. */
    linked: (_captureId: string, _request: LinkRequest): Promise<LinkView> =>
      Promise.reject(new AppError('no_provider', 'no pages here')),
    /** Whether the provider heeds what a payer chooses. */
    choosesNetwork: true,
    /** What the till answers. */
    taken: (_request: TakeRequest): Promise<Taken> =>
      Promise.reject(new AppError('vault_unavailable', 'away')),
  };
  const control: CallControl = {
    dial: (request) => outside.dialled(request),
    cancel: (sid) => Promise.resolve(void said.push(`cancel ${sid}`)),
    hangUp: (sid) => Promise.resolve(void said.push(`hang up ${sid}`)),
  };
  const till: Till = {
    can: () => true,
    amountFault: ({ amount }) => (amount < 50 ? 'the provider takes 0.50 EUR at least' : null),
    canChooseNetwork: () => outside.choosesNetwork,
    take: (request) => outside.taken(request),
  };
  const registry = new Registry(clock);
  const shared = {
    ...{
      registry,
      clock,
      live: false,
      log,
      metrics: createMetrics(),
      audit: new MemoryAudit(),
    },
    records: new RedisRecords(client, newId('node_')),
    outbox: {
      async write(entry: OutboxEntry) {
        told.push(entry);
        for (const { key, value } of entry.writes) await client.command('SET', key, value);
        if (!outside.answers) throw new AppError('redis_unavailable', 'no answer');
      },
      async append(entry: OutboxEntry) {
        told.push(entry);
        for (const { key, value } of entry.writes) {
          await client.command('SET', key, value).catch(() => null);
        }
        await outside.durable();
      },
      nudge: () => {},
    },
  };
  const settings = {
    ...{ guardHoldMs: 20 as const, agentDialTo: 'sip:agent@shop.example', agentRingSeconds: 30 },
    ...{ callerId: null, beepLevel: -13, comfortNoiseLevel: -55 },
  };
  const prompts = await loadPrompts('ivr-flows/prompts');
  const switchboard = new Switchboard({
    ...shared,
    ...{ control, settings, prompts, flowFor: () => flows.forNumber('', 'agent-assisted-card') },
  });
  const watchable = Object.assign(Object.create(client) as RedisClient, {
    watch: (listener: (ready: boolean) => void) => {
      turns.add(listener);
      return () => turns.delete(listener);
    },
  });
  const limits = { arming: () => Promise.resolve() };
  const sums: Pick<MotoSums, 'nameOf' | 'advice'> = {
    nameOf: (merchant, number) => Promise.resolve(`${merchant} ${number.length}`),
    advice: (card, money) => Promise.resolve(outside.foreseen(card, money)),
  };
  const links = {
    channels: () => outside.channels,
    send: (_merchant: string, captureId: string, request: LinkRequest) => outside.linked(captureId, request),
    cancel: () => Promise.reject(new AppError('not_found', 'there is no link')),
    watch: new LinkWatch(shared),
  };
  const desk = new CaptureDesk({
    ...shared,
    till,
    links,
    receipts: NO_RECEIPTS,
    limits,
    sums,
    redis: watchable,
    testCards: 'allow',
  });

  /** A party's stream begins; what it is told to do is said. */
  const stream = (who: string, ticket: string, callSid: string): StreamHandler | null => {
    const side: MediaStream = {
      send: (frame) => {
        heard.push({ who, frame: Buffer.from(frame) });
        return true;
      },
      mark: () => {},
      clear: () => {},
      close: () => void said.push(`close ${who}`),
    };
    return switchboard.streamStarted({ ticket, callSid, streamSid: 'MZ1' }, side);
  };

  const parties = {
    /** A caller whose stream has begun. */
    caller: async (sid = CALLER, from = '+33639980001') => {
      const instruction = await switchboard.incoming({
        callSid: sid,
        from,
        to: '+33199000001',
      });
      if (instruction.do !== 'stream') throw new Error('the caller was sent away');
      const handler = stream('caller', instruction.ticket, sid);
      const call = registry.find(sid);
      if (handler === null || call === undefined) throw new Error('the caller was not taken');
      return { handler, call };
    },
    agent: async (leg: string, sid = AGENT) => {
      const instruction = await switchboard.answered(leg, sid);
      return instruction.do === 'stream' ? stream('agent', instruction.ticket, sid) : null;
    },
  };

  return {
    ...{ clock, desk, switchboard, registry, told, said, outside },
    records: shared.records,
    /** What an operator reads, and the code that is given. */
    warned: () =>
      lines
        .map((line) => JSON.parse(line) as { msg: string; code?: string })
        .map(({ msg, code = null }) => [msg, code]),
    prompts: prompts.en,
    /** What a party has heard, of the carrier's caller or agent. */
    heard: (who: 'caller' | 'agent') =>
      Buffer.concat(heard.filter((sent) => sent.who === who).map(({ frame }) => frame)),
    turn: (ready: boolean) => turns.forEach((listener) => listener(ready)),
    ...parties,
    /** A caller and an agent who are joined; `pass` lets so much time go by on their lines. */
    talk: async (from?: string) => {
      const { handler, call } = await parties.caller(CALLER, from);
      const agent = await parties.agent(call.agent.id);
      if (agent === null) throw new Error('the agent was not taken');
      const frame = new Uint8Array(160).fill(0xff);
      const pass = (ms: number) => {
        for (let at = 0; at < ms; at += 20) {
          handler.audio(frame, 0);
          agent.audio(frame, 0);
          clock.advance(20);
        }
      };
      return { handler, call, agent, pass };
    },
  };
}

export const TOKEN: TokenView = {
  ...{ token: 'tnw_1', fingerprint: 'fpr_1', purpose: 'single', usage: 'many', channel: 'moto_attended' },
  card: CARD_VIEW,
  ...{ created_at: '2026-01-01T00:00:00.000Z', expires_at: '2026-01-16T00:00:00.000Z' },
};

export const REQUEST: Omit<ArmRequest, 'call'> = {
  ...{ outcome: 'token', purpose: 'single', metadata: {}, fields: null, amount: null, currency: null },
  ...{ reference: null, agent: null, consent: null, usage: 'many' },
};

/** The carrier says that keys were pressed. */
export function press(handler: StreamHandler, keys: string): void {
  const cell = new KeyCell();
  for (const key of keys) {
    cell.key = keyOf(key.charCodeAt(0));
    handler.key(cell);
  }
}
