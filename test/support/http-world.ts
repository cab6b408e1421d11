import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { apiKeyList } from '../../src/access/api-key-list.js';
import { SCOPES, type Scope } from '../../src/access/scope.js';
import type { ArmRequest, Calls, CallView, CaptureQuery } from '../../src/call/calls.js';
import type { LinkRequest, Links, Opening } from '../../src/call/links.js';
import type { CaptureView, ChargeView, LinkChannel, LinkView } from '../../src/capture/view.js';
import { dots } from '../../src/card/mask.js';
import type { ChargeRequest, Charges } from '../../src/charge/charges.js';
import type { RefundView } from '../../src/charge/refund-view.js';
import type { EventLog, EventQuery, LoggedEvent } from '../../src/crm/event.js';
import { AppError, type MemberError } from '../../src/errors.js';
import { createHttp, type HttpOptions } from '../../src/http/http.js';
import { createMetrics, type Metrics } from '../../src/metrics.js';
import type { LogFields } from '../../src/log.js';
import type { Redis } from '../../src/redis/redis.js';
import type { TokenView, Vault } from '../../src/vault/vault.js';
import { CARD_VIEW } from './card-view.js';
import { MemoryAudit } from './audit.js';
import { ManualClock } from './manual-clock.js';
import { NO_RECEIPTS } from './no-receipts.js';

/** What the test API keys open: `full` everything, one key for each scope, `foreign` everything of another merchant. */
export const FULL_KEY = 'key-full';
export const FOREIGN_KEY = 'key-foreign';
export const NO_SCOPE_KEY = 'key-nothing';
export const keyWithout = (scope: Scope) => `key-without-${scope}`;

export const CALL_ID = 'call_AAAAAAAAAAAAAAAAAAAAAAAAAA';
export const CALLER_SID = 'CA0000000000000000000000000000000a';
export const CAPTURE_ID = 'cap_AAAAAAAAAAAAAAAAAAAAAAAAAA';
export const TOKEN = 'tnw_AAAAAAAAAAAAAAAAAAAAAAAAAA';

export const CALL: CallView = {
  id: CALL_ID,
  status: 'live',
  flow: 'agent-assisted-card',
  started_at: '2026-01-01T00:00:00.000Z',
  ended_at: null,
  keys_before_capture: 0,
  caller: { call_sid: CALLER_SID, address: '+33612345678' },
  agent: { call_sid: 'CA0000000000000000000000000000000b', address: 'sip:agent@example.com' },
  capture_id: null,
};

export const CAPTURE: CaptureView = {
  id: CAPTURE_ID,
  call_id: CALL_ID,
  call_sid: CALLER_SID,
  status: 'collecting',
  reason: null,
  outcome: 'token',
  current_field: 'payment-card-number',
  reference: null,
  amount: null,
  currency: null,
  agent: null,
  purpose: 'single',
  usage: 'many',
  metadata: {},
  fields: [
    {
      name: 'payment-card-number',
      status: 'collecting',
      digits_entered: 3,
      masked: dots(3),
      attempt: 1,
      error: null,
    },
  ],
  token: null,
  fingerprint: null,
  card: null,
  charge: null,
  decline: null,
  advice: null,
  link: null,
  created_at: '2026-01-01T00:00:00.000Z',
  updated_at: '2026-01-01T00:00:00.000Z',
};

export const TOKEN_VIEW: TokenView = {
  token: TOKEN,
  card: CARD_VIEW,
  fingerprint: 'fpr_AAAAAAAAAAAAAAAAAAAAAAAAAA',
  purpose: 'single',
  usage: 'many',
  channel: 'moto_attended',
  created_at: '2026-01-01T00:00:00.000Z',
  expires_at: '2026-01-16T00:00:00.000Z',
};

export const EVENT: LoggedEvent = {
  id: 'evt_AAAAAAAAAAAAAAAAAAAAAAAAAA',
  merchant: 'default',
  type: 'call.started',
  timestamp: '2026-01-01T00:00:00.000Z',
  livemode: false,
  sequence: 1,
  data: { call_id: CALL_ID },
  delivery: 'delivered',
};

/** One live call with one capture, of the merchant `default`; nothing of anybody else's. */
export class FakeCalls implements Calls {
  current: CaptureView = CAPTURE;
  armed: ArmRequest[] = [];
  queries: CaptureQuery[] = [];
  /** What every method rejects with, once set. */
  fault: AppError | null = null;
  readonly listeners = new Set<(capture: CaptureView) => void>();

  list(merchant: string): Promise<CallView[]> {
    return this.#answer(merchant === 'default' ? [CALL] : []);
  }

  call(merchant: string, idOrSid: string): Promise<CallView> {
    return this.#own(merchant, [CALL_ID, CALLER_SID].includes(idOrSid), CALL);
  }

  arm(merchant: string, request: ArmRequest): Promise<CaptureView> {
    this.armed.push(request);
    const { reference, metadata, amount, currency, agent, purpose } = request;
    const capture = { ...CAPTURE, reference, metadata, amount, currency, agent, purpose };
    return this.#own(merchant, [CALL_ID, CALLER_SID].includes(request.call), capture);
  }

  captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureView[]; cursor: string | null }> {
    this.queries.push(query);
    return this.#answer({ captures: merchant === 'default' ? [this.current] : [], cursor: null });
  }

  capture(merchant: string, id: string): Promise<CaptureView> {
    return this.#own(merchant, id === CAPTURE_ID, this.current);
  }

  cancel(merchant: string, id: string): Promise<CaptureView> {
    return this.capture(merchant, id);
  }

  extend(merchant: string, id: string): Promise<CaptureView> {
    return this.capture(merchant, id);
  }

  clearField(merchant: string, id: string): Promise<CaptureView> {
    return this.capture(merchant, id);
  }

  watchCapture(_merchant: string, _id: string, listener: (capture: CaptureView) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  watchDesk(): () => void {
    return () => {};
  }

  change(change: Partial<CaptureView>): void {
    this.current = { ...this.current, ...change };
    for (const listener of this.listeners) listener(this.current);
  }

  #own<T>(merchant: string, exists: boolean, value: T): Promise<T> {
    if (merchant !== 'default' || !exists)
      return Promise.reject(new AppError('not_found', 'there is no such thing'));
    return this.#answer(value);
  }

  #answer<T>(value: T): Promise<T> {
    return this.fault === null ? Promise.resolve(value) : Promise.reject(this.fault);
  }
}

class FakeVault implements Vault {
  tokenize(): Promise<TokenView> {
    return Promise.reject(new AppError('vault_unavailable', 'not here'));
  }

  token(merchant: string, token: string): Promise<TokenView | null> {
    return Promise.resolve(merchant === 'default' && token === TOKEN ? TOKEN_VIEW : null);
  }

  destroy(merchant: string, token: string): Promise<boolean> {
    return Promise.resolve(merchant === 'default' && token === TOKEN);
  }

  open(): Promise<null> {
    return Promise.resolve(null);
  }

  remember(): Promise<void> {
    return Promise.resolve();
  }
}

export const CHARGE: ChargeView = {
  id: 'chg_AAAAAAAAAAAAAAAAAAAAAAAAAA',
  status: 'approved',
  token: TOKEN,
  amount: 1250,
  currency: 'EUR',
  reference: 'order 7',
  refunded: 0,
  provider: 'ledger',
  provider_reference: 'pay_1',
  decline: null,
  created_at: '2026-01-01T00:00:00.000Z',
};

export const REFUND: RefundView = {
  ...{ id: 'rfd_6T1M9C4X8Z2Q7V0K5R3W1JNHBG', kind: 'refund', made: 'here', amount: 300, currency: 'EUR' },
  ...{ status: 'failed', updated_at: '2026-01-01T00:00:00.000Z' },
};

/** One charge, of the merchant `default`; nothing of anybody else's. */
class FakeCharges implements Charges {
  readonly asked: unknown[] = [];
  /** What every method rejects with, once set. */
  fault: AppError | null = null;

  charge(merchant: string, request: ChargeRequest): Promise<ChargeView> {
    return this.#answer(merchant, request);
  }

  get(merchant: string, id: string): Promise<ChargeView> {
    return this.#answer(merchant, id);
  }

  async refunds(merchant: string, id: string): Promise<RefundView[]> {
    await this.#answer(merchant, id);
    return [REFUND];
  }

  refund(merchant: string, id: string, amount: number | null, idempotencyKey: string): Promise<ChargeView> {
    return this.#answer(merchant, { id, amount, idempotencyKey });
  }

  void(merchant: string, id: string, idempotencyKey: string): Promise<ChargeView> {
    return this.#answer(merchant, { id, idempotencyKey });
  }

  #answer(merchant: string, asked: unknown): Promise<ChargeView> {
    this.asked.push(asked);
    if (this.fault !== null) return Promise.reject(this.fault);
    if (merchant === 'default') return Promise.resolve(CHARGE);
    return Promise.reject(new AppError('not_found', 'there is no such charge'));
  }
}

class FakeEvents implements EventLog {
  queries: EventQuery[] = [];

  list(merchant: string, query: EventQuery) {
    this.queries.push(query);
    return Promise.resolve({ events: merchant === 'default' ? [EVENT] : [], cursor: null });
  }
}

const away = () => Promise.reject(new AppError('redis_unavailable', 'Redis does not answer'));

/** Redis, as it is when it is away. */
export const redisAway: Redis = {
  command: away,
  commandBuffer: away,
  run: away,
  ready: false,
  watch: () => () => {},
  close: () => Promise.resolve(),
};

export interface HttpWorld {
  app: Express;
  server: Server;
  url: string;
  calls: FakeCalls;
  charges: FakeCharges;
  events: FakeEvents;
  clock: ManualClock;
  metrics: Metrics;
  /** Everything that was logged. */
  lines: { fields: LogFields; message: string }[];
  missing: MemberError[];
  close(): Promise<void>;
}

/** The link of the one capture. */
export class FakeLinks implements Links {
  readonly asked: LinkRequest[] = [];

  channels(): LinkChannel[] {
    return ['sms', 'email', 'spoken'];
  }

  async send(merchant: string, captureId: string, request: LinkRequest): Promise<LinkView> {
    this.asked.push(request);
    if (merchant === 'default' && captureId === CAPTURE_ID) return LINK;
    throw new AppError('not_found', 'there is no such capture');
  }

  cancel(): Promise<never> {
    throw new AppError('not_found', 'there is no such capture');
  }

  async open(): Promise<Opening> {
    return { status: 'unknown' };
  }
}

export const LINK: LinkView = {
  ...{ id: 'lnk_AAAAAAAAAAAAAAAAAAAAAAAAAA', capture_id: CAPTURE_ID, status: 'created', channel: 'spoken' },
  ...{ to: null, delivery: null, address: 'https://pay.example/l', code: '4F7K-92QX' },
  ...{ expires_at: '2026-01-01T00:30:00.000Z', created_at: '2026-01-01T00:00:00.000Z' },
};

/** The native API over real HTTP, with the rooms below played by fakes. */
export async function startHttpWorld(replace: Partial<HttpOptions> = {}): Promise<HttpWorld> {
  const calls = new FakeCalls();
  const charges = new FakeCharges();
  const events = new FakeEvents();
  const clock = new ManualClock();
  const metrics = createMetrics();
  const lines: HttpWorld['lines'] = [];
  const missing: MemberError[] = [];
  const write = (fields: LogFields, message: string) => void lines.push({ fields, message });
  const app = createHttp({
    calls,
    vault: new FakeVault(),
    charges,
    links: new FakeLinks(),
    events,
    receipts: NO_RECEIPTS,
    redis: redisAway,
    apiKeys: apiKeyList([
      entry(FULL_KEY, 'default', SCOPES),
      entry(FOREIGN_KEY, 'elsewhere', SCOPES),
      entry(NO_SCOPE_KEY, 'default', []),
      ...SCOPES.map((scope) =>
        entry(
          keyWithout(scope),
          'default',
          SCOPES.filter((other) => other !== scope),
        ),
      ),
    ]),
    audit: new MemoryAudit(),
    health: { missing: () => missing },
    metrics,
    log: { debug: write, info: write, warn: write, error: write },
    clock,
    mounts: [],
    ...replace,
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    app,
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    charges,
    events,
    clock,
    metrics,
    lines,
    missing,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function entry(key: string, merchant: string, scopes: readonly Scope[]) {
  return { key, client: { principal: key, merchant, scopes: new Set(scopes) } };
}
