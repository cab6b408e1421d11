import type { Audit } from '../audit/audit.js';
import type { AdviceCode, CaptureView } from '../capture/view.js';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import { adviceOf } from '../fraud/advice.js';
import { isWithheld } from '../fraud/limit.js';
import type { Logger } from '../log.js';
import { isAddress } from '../message/address.js';
import { isLandline } from '../message/landline.js';
import type { Call } from './call.js';
import type { Links } from './links.js';
import { outcomePrompt } from './outcome-prompt.js';

export interface FlowLinkOptions {
  links: Pick<Links, 'channels' | 'send'>;
  audit: Pick<Audit, 'as'>;
  clock: Clock;
  log: Logger;
}

/** The capture that it is of, and for whom it is sent. */
export interface FlowLinkSubject {
  call: Call;
  captureId: string;
  /** Who armed the capture. */
  actor: string;
}

/** Both parties wait for the sentence: without the end of its capture written down by then there is no link. */
const ENDED_MS = 5_000;

/**
 * The payment link that a flow has sent by itself: one message to the number that the caller phones from. Both parties
 * hear of it; where it can't be sent they hear what they would have heard without it, and the agent reads why.
 */
export class FlowLink {
  readonly #options: FlowLinkOptions;
  readonly #subject: FlowLinkSubject;
  /** One after the other: what was foreseen may be refused while its link is still being made. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: FlowLinkOptions, subject: FlowLinkSubject) {
    this.#options = options;
    this.#subject = subject;
  }

  /** A refusal is foreseen. Keying goes on until the link is there. */
  foreseen(): void {
    if (this.#subject.call.flow.capture.send_link !== 'foreseen') return;
    this.#turn = this.#turn.then(() => this.#send());
  }

  /**
   * The till has answered. True when a link is the answer to that: the parties are told of it, or else of the refusal,
   * once it is known. `ended`: the end of the capture is durable.
   */
  answered(view: CaptureView, ended: Promise<void>): boolean {
    const { call } = this.#subject;
    const isAsked = view.status === 'failed' && view.decline?.next === 'link';
    if (call.flow.capture.send_link === 'never' || !isAsked) return false;
    this.#turn = this.#turn.then(() => this.#answer(view, ended));
    return true;
  }

  async #answer(view: CaptureView, ended: Promise<void>): Promise<void> {
    await this.#inTime(ended);
    if ((await this.#send()) || !this.#isShown) return;
    this.#subject.call.teller.tell(outcomePrompt(view));
  }

  /** False when it could not be sent. Never rejects. */
  async #send(): Promise<boolean> {
    const { links, audit, log } = this.#options;
    const { call, captureId, actor } = this.#subject;
    if (!this.#isShown) return false;
    if (call.session?.view().link) return true;
    const hindrance = this.#hindrance();
    if (hindrance !== null) return this.#advise(hindrance);
    const { merchant } = call.flow;
    try {
      const request = { channel: 'sms', to: null } as const;
      await audit.as({ actor, origin: captureId }, () => links.send(merchant, captureId, request));
    } catch (error) {
      log.warn(
        { call: call.id, capture: captureId, code: codeOf(error) },
        'a payment link that a flow asks for could not be sent',
      );
      return this.#advise('link_not_sent');
    }
    if (this.#isShown) call.teller.tell('link_sent');
    return true;
  }

  /** Why nobody need try. */
  #hindrance(): AdviceCode | null {
    const { links, log } = this.#options;
    const { call, captureId } = this.#subject;
    const number = call.caller.address;
    if (!links.channels().includes('sms')) {
      log.warn(
        { call: call.id, capture: captureId },
        'a flow asks for payment links by short message, which are not set up',
      );
      return 'link_not_set_up';
    }
    const isReached = isAddress('sms', number) && !isWithheld(number) && !isLandline(number);
    return isReached ? null : 'link_no_number';
  }

  #advise(code: AdviceCode): false {
    const { call } = this.#subject;
    if (this.#isShown) {
      call.session?.advise(adviceOf(code, call.flow.language));
      call.publishNow();
    }
    return false;
  }

  /** Whether those on the line are still about this capture. */
  get #isShown(): boolean {
    const { call, captureId } = this.#subject;
    return call.status === 'live' && call.session?.facts.id === captureId;
  }

  #inTime(ended: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#options.clock.after(ENDED_MS, resolve);
      void ended.finally(() => {
        stop();
        resolve();
      });
    });
  }
}
