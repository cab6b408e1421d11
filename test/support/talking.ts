import type { PhoneCall } from '../../src/carrier/simulated/phone.js';
import type { Random } from './random.js';
import { until } from './service.js';

/**
 * Proves that two still talk: the caller says something that nobody has said before, and the agent hears it bit for
 * bit. It has nothing in it that a keypad tone could look like.
 */
export async function stillTalk(caller: PhoneCall, agent: PhoneCall, random: Random): Promise<void> {
  const heard: number[] = [];
  const listen = (frame: Uint8Array): void => void heard.push(...frame);
  agent.on('audio', listen);
  const said = Buffer.from(
    Array.from({ length: 240 }, (_, i) => (i % 8 === 0 ? 0xf8 + random.below(7) : 0xff)),
  );
  caller.speak(said);
  await until(() => Buffer.from(heard).includes(said));
  agent.off('audio', listen);
}
