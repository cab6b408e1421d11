import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { Random } from './random.js';
import { until } from './service.js';

/** A sentence that is in the way has ended by then. */
const TRIES = 15;

/**
 * Proves that two still talk: the caller says something that nobody has said before, and the agent hears it bit for
 * bit. It has nothing in it that a keypad tone could look like. It is said until it is heard, each time another: a
 * telephone that gets audio late stutters.
 */
export async function stillTalk(caller: PhoneCall, agent: PhoneCall, random: Random): Promise<void> {
  const frames: Uint8Array[] = [];
  const listen = (frame: Uint8Array): void => void frames.push(frame);
  agent.on('audio', listen);
  for (let left = TRIES; left > 0; left--) {
    const said = Buffer.from(
      Array.from({ length: 240 }, (_, i) => (i % 8 === 0 ? 0xf8 + random.below(7) : 0xff)),
    );
    caller.speak(said);
    const heard = await until(() => Buffer.concat(frames).includes(said), 1_000).then(
      () => true,
      () => false,
    );
    if (!heard) continue;
    agent.off('audio', listen);
    return;
  }
  throw new Error(`nothing of what was said ${TRIES} times was heard`);
}
