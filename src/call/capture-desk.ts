import { isDeepStrictEqual } from 'node:util';
import type { CaptureView, FieldName } from '../capture/view.js';
import { AppError } from '../errors.js';
import type { Redis } from '../redis/redis.js';
import { Arming, type ArmingOptions } from './arming.js';
import type { Call } from './call.js';
import type { ArmRequest, Calls, CallView, CaptureQuery, DeskView } from './calls.js';
import type { CaptureLinks } from './capture-links.js';
import { isSettled } from './doubt-watch.js';
import type { CaptureRecord } from './events.js';
import type { Registry } from './registry.js';
import type { CaptureSession } from './session.js';

/** How many calls that are over are listed after the live ones. */
const RECENT_CALLS = 50;
/** Redis may be away for so long before captures fail: a blink of the connection must cost nobody a call. */
const REDIS_PATIENCE_MS = 2_000;

export interface CaptureDeskOptions extends ArmingOptions {
  registry: Registry;
  links: Pick<CaptureLinks, 'cancel' | 'channels' | 'send' | 'watch'>;
  redis: Redis;
}

/** Has captures armed, steers them, and answers who asks about calls and captures. */
export class CaptureDesk implements Calls {
  readonly #options: CaptureDeskOptions;
  readonly #arming: Arming;
  #stopPatience: (() => void) | null = null;

  constructor(options: CaptureDeskOptions) {
    this.#options = options;
    this.#arming = new Arming(options);
    options.redis.watch((ready) => this.#redisTurned(ready));
  }

  async list(merchant: string): Promise<CallView[]> {
    const { registry, records } = this.#options;
    const live = registry.live().filter((call) => call.flow.merchant === merchant);
    const ids = new Set(live.map((call) => call.id));
    const recent = await records.recentCalls(merchant, RECENT_CALLS);
    const over = recent.map((record) => record.view).filter((view) => !ids.has(view.id));
    return [...live.map((call) => call.desk.call), ...over];
  }

  async call(merchant: string, idOrSid: string): Promise<CallView> {
    const call = this.#options.registry.findOf(merchant, idOrSid);
    if (call !== undefined) return call.desk.call;
    const record = await this.#options.records.call(merchant, idOrSid);
    if (record === null) throw new AppError('not_found', 'there is no such call');
    return record.view;
  }

  async arm(merchant: string, request: ArmRequest): Promise<CaptureView> {
    this.#arming.insistOnMeans(request);
    return this.#arming.arm(await this.#liveCall(merchant, request.call), request);
  }

  async captures(
    merchant: string,
    query: CaptureQuery,
  ): Promise<{ captures: CaptureView[]; cursor: string | null }> {
    const { captures, cursor } = await this.#options.records.captures(merchant, query);
    const latest = ({ view }: CaptureRecord): CaptureView =>
      isSettled(view) ? view : (this.#shown(merchant, view.id) ?? view);
    return { captures: captures.map(latest), cursor };
  }

  async capture(merchant: string, id: string): Promise<CaptureView> {
    const shown = this.#shown(merchant, id);
    if (shown !== null && shown.reason !== 'charge_unknown' && shown.link === null) return shown;
    const record = await this.#options.records.capture(merchant, id);
    if (record !== null && (shown === null || isSettled(record.view) || record.link !== undefined)) {
      return record.view;
    }
    if (shown === null) throw new AppError('not_found', 'there is no such capture');
    return shown;
  }

  async cancel(merchant: string, id: string): Promise<CaptureView> {
    const capture = await this.capture(merchant, id);
    if (capture.status === 'cancelled') return capture;
    const cancelled =
      capture.status === 'processing' && capture.link !== null
        ? await this.#cancelLink(merchant, id)
        : await this.#steer(merchant, id, (session) => session.cancel());
    // Whatever becomes of the entry: nobody is to be kept from wiping what was keyed.
    this.#options.audit.fact('capture.cancel', `${merchant}/${id}`);
    return cancelled;
  }

  async extend(merchant: string, id: string): Promise<CaptureView> {
    return this.#steer(merchant, id, (session) => session.extend());
  }

  async clearField(merchant: string, id: string, field: FieldName): Promise<CaptureView> {
    return this.#steer(merchant, id, (session) => {
      if (!session.view().fields.some(({ name }) => name === field)) {
        throw new AppError('not_found', 'this capture has no such field');
      }
      session.clear(field);
    });
  }

  watchCapture(merchant: string, id: string, listener: (capture: CaptureView) => void): () => void {
    let last = this.#shown(merchant, id);
    let stop: (() => void) | null = null;
    // A link may be paid when the call is over, or on another node.
    const follow = (): void => {
      stop ??= this.#options.links.watch.follow(merchant, id, ({ view, link }) => {
        if (link !== undefined) told(view);
      });
    };
    // Every picture of the call comes by; only a change of this capture is news.
    const told = (capture: CaptureView): void => {
      if (isDeepStrictEqual(capture, last)) return;
      last = capture;
      listener(capture);
      if (capture.link !== null) follow();
    };
    const onCall = this.#options.registry.watch(merchant, ({ capture }) => {
      if (capture?.id === id) told(capture);
    });
    if (last === null || last.link !== null) follow();
    return () => {
      onCall();
      stop?.();
    };
  }

  watchDesk(merchant: string, listener: (desk: DeskView) => void): () => void {
    const { registry } = this.#options;
    for (const call of registry.live()) if (call.flow.merchant === merchant) listener(call.desk);
    return registry.watch(merchant, listener);
  }

  async #liveCall(merchant: string, idOrSid: string): Promise<Call> {
    const call = this.#options.registry.findOf(merchant, idOrSid);
    if (call?.status === 'live') return call;
    const { status } = await this.call(merchant, idOrSid);
    const why = status === 'ringing' ? 'nobody has answered it yet' : 'it is over';
    throw new AppError('call_not_live', `the call is not live: ${why}`);
  }

  /** The picture of a capture on a call that this process still holds. */
  #shown(merchant: string, id: string): CaptureView | null {
    return this.#options.registry.ofCapture(merchant, id)?.desk.capture ?? null;
  }

  /** Does something to a capture in progress, and answers with the new picture at once: no key press did it. */
  async #steer(merchant: string, id: string, steer: (session: CaptureSession) => void): Promise<CaptureView> {
    const call = this.#options.registry.ofCapture(merchant, id);
    const session = call?.session;
    if (call === undefined || !session?.collecting) {
      const capture = await this.capture(merchant, id);
      const what =
        capture.status === 'collecting' ? 'this capture belongs to another node' : 'this capture is over';
      throw new AppError('capture_over', what);
    }
    steer(session);
    call.publishNow();
    return session.view();
  }

  async #cancelLink(merchant: string, id: string): Promise<CaptureView> {
    const capture = await this.#options.links.cancel(merchant, id);
    if (capture.status !== 'completed') return capture;
    throw new AppError('capture_over', 'this capture is over: its payment link had been paid');
  }

  #redisTurned(ready: boolean): void {
    this.#stopPatience?.();
    this.#stopPatience = null;
    if (ready) return;
    this.#stopPatience = this.#options.clock.after(REDIS_PATIENCE_MS, () => {
      for (const { session } of this.#options.registry.live()) {
        // Once the vault has the card its own answer counts: it may be durable already.
        if (session?.collecting) session.fail('vault_unavailable');
      }
    });
  }
}
