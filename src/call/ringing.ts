import type { CallControl } from '../carrier/carrier.js';
import type { Flow } from '../capture/flow.js';
import type { Clock } from '../clock.js';
import { codeOf } from '../errors.js';
import type { Logger } from '../log.js';
import type { Leg } from './leg.js';

export interface RingSettings {
  agentDialTo: string | null;
  agentRingSeconds: number;
  /** The `From` of the agent's leg; null: the number that was called. */
  callerId: string | null;
}

/** What is needed to call the agent. */
export interface RingingPort {
  readonly clock: Clock;
  readonly log: Logger;
  readonly control: CallControl;
  readonly settings: RingSettings;
}

export interface RingingCall {
  readonly id: string;
  readonly flow: Flow;
  readonly called: string;
  readonly caller: Leg;
  readonly agent: Leg;
  readonly status: 'ringing' | 'live' | 'ended';
}

/** Beyond the ringing time that the carrier was given, before we give up ourselves. */
const GRACE_MS = 10_000;

/** Calls the agent's leg; from then until `stop` it is given up when nobody answers. */
export class Ringing {
  readonly #call: RingingCall;
  readonly #port: RingingPort;
  #stopTimer: (() => void) | null = null;

  constructor(call: RingingCall, port: RingingPort) {
    this.#call = call;
    this.#port = port;
  }

  /** Resolves with what the carrier made of it; `over`: the call ended meanwhile, and the leg with it. */
  async start(tooLong: () => void): Promise<'dialled' | 'refused' | 'over'> {
    const { call, log } = { call: this.#call, ...this.#port };
    if (call.agent.address === '') {
      log.warn(
        { call: call.id, flow: call.flow.name },
        'nobody to dial: set AGENT_DIAL_TO or dial_to in the flow',
      );
      return 'refused';
    }
    try {
      call.agent.callSid = await this.#dial(tooLong);
    } catch (error) {
      log.warn({ call: call.id, code: codeOf(error) }, 'the carrier did not take the call to the agent');
      return 'refused';
    }
    if (call.status !== 'ended') return 'dialled';
    // Who answered in the meantime has a stream, and hears a sentence when that closes.
    if (call.agent.stream === null) call.agent.drop(this.#port.control, log);
    return 'over';
  }

  stop(): void {
    this.#stopTimer?.();
  }

  #dial(tooLong: () => void): Promise<string> {
    const { control, settings, clock } = this.#port;
    const { id, flow, caller, called, agent } = this.#call;
    const ringSeconds = flow.agent.ring_seconds ?? settings.agentRingSeconds;
    this.#stopTimer = clock.after(ringSeconds * 1000 + GRACE_MS, tooLong);
    const sip = /^sips?:/.test(agent.address);
    return control.dial({
      leg: agent.id,
      to: agent.address,
      from: sip ? caller.address : (settings.callerId ?? called),
      ringSeconds,
      ...(sip ? { sipHeaders: { 'X-Tonewall-Call': id } } : {}),
    });
  }
}
