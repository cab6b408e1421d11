import { describe, expect, it } from '@jest/globals';
import { Bridge } from '../../src/call/bridge.js';
import { Ringback } from '../../src/call/ringback.js';
import { Guard } from '../../src/dsp/guard.js';
import { MULAW_SILENCE, SAMPLE_RATE } from '../../src/dsp/mulaw.js';
import { keypadTone } from '../../src/dsp/tone.js';
import { PROMPT_NAMES, type Prompts } from '../../src/flow/prompts.js';
import { beeps } from '../leak/agent-audio.js';
import { Ear } from './ear.js';

const FRAME = 160;
const HOLD = 160;
const prompt = (first: number, seconds: number): Buffer =>
  Buffer.from(Array.from({ length: seconds * SAMPLE_RATE }, (_, n) => first + (n % 50)));
const PROMPTS = {
  ...(Object.fromEntries(PROMPT_NAMES.map((name) => [name, prompt(20, 1)])) as unknown as Prompts),
  ...{ guard_alarm: prompt(10, 1), sound_interrupted: prompt(70, 1), charge_approved: prompt(40, 1) },
};

/** What the two say: nothing like a tone, and not each other's. */
const said = (first: number, samples: number): Uint8Array =>
  Uint8Array.from({ length: samples }, (_, n) => (n % 8 === 0 ? first + (n % 7) : MULAW_SILENCE));
const CALLER_SAYS = said(0xf0, 2 * FRAME);
const AGENT_SAYS = said(0xe0, 2 * FRAME);

/** Lets everything through, held back by nothing. */
class OpenGuard extends Guard {
  override process(input: Uint8Array, output: Uint8Array): void {
    output.set(input);
  }
}

/** Fails at every frame while it is told to. */
class FaultyGuard extends Guard {
  failing = false;
  #failed = 0;

  override process(input: Uint8Array, output: Uint8Array): void {
    if (!this.failing) return super.process(input, output);
    output.fill(MULAW_SILENCE);
    this.#failed++;
  }

  override get faults(): number {
    return this.#failed;
  }
}

function bridged<G extends Guard>(guard: G) {
  const events: string[] = [];
  const bridge = new Bridge(guard, new Ringback('en'), PROMPTS, {
    alarm: () => void events.push('alarm'),
    silence: (party) => void events.push(`silence ${party}`),
  });
  const [caller, agent] = [new Ear(), new Ear()];
  bridge.joinCaller(caller);
  bridge.joinAgent(agent);
  /** So many samples of both parties, frame by frame: what they say, then nothing. */
  const pass = (samples: number, fromCaller: Uint8Array = NOTHING, fromAgent: Uint8Array = NOTHING): void => {
    for (let at = 0; at < samples; at += FRAME) {
      bridge.fromCaller(frameOf(fromCaller, at), 0);
      bridge.fromAgent(frameOf(fromAgent, at));
    }
  };
  return { bridge, guard, caller, agent, events, pass };
}

const NOTHING = new Uint8Array(0);
const frameOf = (audio: Uint8Array, at: number): Uint8Array => {
  const frame = new Uint8Array(FRAME).fill(MULAW_SILENCE);
  frame.set(audio.subarray(at, at + FRAME));
  return frame;
};
const make = {
  open: () => bridged(new OpenGuard({ holdMs: 20 }, { press: () => {} })),
  faulty: () => bridged(new FaultyGuard({ holdMs: 20 }, { press: () => {} })),
};

describe('the bridge', () => {
  it('passes what the caller says through the guard, and what the agent says untouched', () => {
    const { caller, agent, pass } = bridged(new Guard({ holdMs: 20 }, { press: () => {} }));
    pass(4 * FRAME, CALLER_SAYS, AGENT_SAYS);
    expect(agent.heard().subarray(HOLD, HOLD + CALLER_SAYS.length)).toEqual(Buffer.from(CALLER_SAYS));
    expect(caller.heard().subarray(0, AGENT_SAYS.length)).toEqual(Buffer.from(AGENT_SAYS));
  });

  it('raises the alarm once for a key that gets through, and tells both', () => {
    const { caller, agent, events, pass } = make.open();
    pass(2 * SAMPLE_RATE, keypadTone(5, FRAME * 10), AGENT_SAYS);
    expect(events).toEqual(['alarm']);
    for (const ear of [caller, agent]) expect(ear.heard().includes(PROMPTS.guard_alarm)).toBe(true);
  });

  it('lets no more of a key out than the 40 ms in which it is found', () => {
    for (let key = 0; key < 16; key++) {
      const { agent, pass } = make.open();
      const tone = Buffer.from(keypadTone(key, FRAME * 10));
      pass(SAMPLE_RATE / 2, tone);
      const heard = agent.heard();
      expect(heard.includes(tone.subarray(0, 2 * FRAME))).toBe(false);
      expect(heard.includes(tone.subarray(2 * FRAME, 3 * FRAME))).toBe(false);
    }
  });

  it('gives both their sound back when no key has been heard for 2 s, and the prompt is over', () => {
    const { caller, agent, pass } = make.open();
    pass(FRAME * 10, keypadTone(5, FRAME * 10));
    caller.heard();
    pass(SAMPLE_RATE, CALLER_SAYS, AGENT_SAYS);
    agent.heard();
    pass(SAMPLE_RATE - 2 * FRAME, CALLER_SAYS);
    expect(agent.heard().every((sample) => sample === MULAW_SILENCE)).toBe(true);
    pass(8 * FRAME);
    agent.heard();
    caller.heard();
    pass(4 * FRAME, CALLER_SAYS, AGENT_SAYS);
    expect(agent.heard().subarray(0, CALLER_SAYS.length)).toEqual(Buffer.from(CALLER_SAYS));
    expect(caller.heard().subarray(0, AGENT_SAYS.length)).toEqual(Buffer.from(AGENT_SAYS));
  });

  it('stays muted while keys come, without a word more', () => {
    const { agent, events, pass } = make.open();
    for (let n = 0; n < 4; n++) pass(SAMPLE_RATE, keypadTone(n, FRAME * 10));
    const heard = agent.heard();
    expect(events).toEqual(['alarm']);
    expect(heard.indexOf(PROMPTS.guard_alarm)).toBe(heard.lastIndexOf(PROMPTS.guard_alarm));
    const after = heard.subarray(heard.indexOf(PROMPTS.guard_alarm) + PROMPTS.guard_alarm.length);
    expect(after.every((sample) => sample === MULAW_SILENCE)).toBe(true);
  });

  it('raises a new alarm once the sound is back', () => {
    const { events, pass } = make.open();
    pass(3 * SAMPLE_RATE, keypadTone(1, FRAME * 5));
    pass(3 * SAMPLE_RATE, keypadTone(1, FRAME * 5));
    expect(events).toEqual(['alarm', 'alarm']);
  });

  it('says the prompt to a party whose other has gone quiet: it needs their own frames only', () => {
    const { bridge, agent, pass } = make.open();
    pass(FRAME * 5, keypadTone(5, FRAME * 5));
    for (let n = 0; n < SAMPLE_RATE; n += FRAME) bridge.fromAgent(frameOf(NOTHING, 0));
    expect(agent.heard().includes(PROMPTS.guard_alarm)).toBe(true);
  });

  it('tells the agent when the guard has failed for 2 s, and the caller nothing', () => {
    const { guard, caller, agent, events, pass } = make.faulty();
    guard.failing = true;
    pass(2 * SAMPLE_RATE - FRAME);
    expect(events).toEqual([]);
    pass(2 * SAMPLE_RATE);
    expect(events).toEqual(['silence agent']);
    expect(agent.heard().includes(PROMPTS.sound_interrupted)).toBe(true);
    expect(caller.heard().includes(PROMPTS.sound_interrupted)).toBe(false);
    guard.failing = false;
    pass(SAMPLE_RATE);
    agent.heard();
    pass(4 * FRAME, CALLER_SAYS);
    expect(agent.heard().subarray(HOLD, HOLD + CALLER_SAYS.length)).toEqual(Buffer.from(CALLER_SAYS));
  });

  it('tells a party whose line took nothing for 2 s', () => {
    const { caller, events, pass } = make.faulty();
    caller.takes = false;
    pass(2 * SAMPLE_RATE);
    expect(events).toEqual(['silence caller']);
    caller.takes = true;
    pass(SAMPLE_RATE);
    expect(caller.heard().includes(PROMPTS.sound_interrupted)).toBe(true);
  });

  it('tells both how it went, and lets them speak on', () => {
    const { bridge, caller, agent, pass } = make.open();
    bridge.tell('charge_approved');
    pass(SAMPLE_RATE + FRAME, CALLER_SAYS, AGENT_SAYS);
    for (const ear of [caller, agent]) expect(ear.heard().includes(PROMPTS.charge_approved)).toBe(true);
    pass(2 * FRAME, CALLER_SAYS, AGENT_SAYS);
    expect(agent.heard()).toEqual(Buffer.from(CALLER_SAYS));
    expect(caller.heard()).toEqual(Buffer.from(AGENT_SAYS));
  });

  it('tells the agent between the beeps, and loses none of them', () => {
    const guard = new Guard({ holdMs: 20 }, { press: () => {} });
    const { bridge, caller, agent, pass } = bridged(guard);
    const beepsOf = (heard: Buffer) => {
      const { starts, alike } = beeps(heard);
      return `${starts.length} ${alike ? 'alike' : 'not alike'}`;
    };
    guard.beep();
    guard.beep();
    bridge.tell('charge_approved');
    pass(SAMPLE_RATE + 30 * FRAME);
    const heard = agent.heard();
    expect([beepsOf(heard), heard.includes(PROMPTS.charge_approved)]).toEqual(['2 alike', true]);
    expect(caller.heard().indexOf(PROMPTS.charge_approved)).toBe(0);
    bridge.tell('charge_approved');
    pass(SAMPLE_RATE / 2);
    guard.beep();
    pass(SAMPLE_RATE);
    const cut = agent.heard();
    expect([beepsOf(cut), cut.includes(PROMPTS.charge_approved)]).toEqual(['1 alike', false]);
    expect(caller.heard().includes(PROMPTS.charge_approved)).toBe(true);
  });

  it('cuts no alarm short for a beep', () => {
    const { bridge, guard, agent, pass } = make.open();
    bridge.tell('charge_approved');
    pass(FRAME * 5);
    pass(FRAME * 5, keypadTone(5, FRAME * 5));
    guard.beep();
    pass(2 * SAMPLE_RATE);
    expect(agent.heard().includes(PROMPTS.guard_alarm)).toBe(true);
  });

  it('lets the caller hear ringing while there is no agent, and raises no alarm', () => {
    const events: string[] = [];
    const note = (what: string) => void events.push(what);
    const guard = new OpenGuard({ holdMs: 20 }, { press: () => {} });
    const bridge = new Bridge(guard, new Ringback('en'), PROMPTS, {
      alarm: () => note('alarm'),
      silence: note,
    });
    const caller = new Ear();
    bridge.joinCaller(caller);
    bridge.fromCaller(keypadTone(5, SAMPLE_RATE), 0);
    const ringing = new Uint8Array(SAMPLE_RATE);
    new Ringback('en').next(ringing);
    expect(caller.heard()).toEqual(Buffer.from(ringing));
    expect(events).toEqual([]);
  });
});
