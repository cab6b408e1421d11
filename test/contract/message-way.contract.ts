import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Letter, MessageChannel, MessageWay } from '../../src/message/messages.js';

/** A way of sending, and the other end of it. */
export interface MessageWayWorld {
  way: MessageWay;
  /** Texts that arrived, with whom they were for. */
  arrived(): { to: string; text: string }[];
  /** From now on: an address is not known there; the other end is busy; it breaks off once it has taken a message. */
  becomes(what: 'choosy' | 'busy' | 'broken'): void;
  /** Nobody is there any more. */
  vanish(): Promise<void>;
  /** All that was logged. */
  logged(): string;
  close(): Promise<void>;
}

const TO: Readonly<Record<MessageChannel, string>> = { sms: '+33612345678', email: 'jane.doe@example.com' };

/** What every way of sending has to do. */
export function messageWayContract(channel: MessageChannel, open: () => Promise<MessageWayWorld>): void {
  const letter: Letter = {
    ...{ id: 'Zm9yIHRoZSBjb250cmFjdCB0ZXN0'.slice(0, 26), channel, to: TO[channel] },
    ...{ subject: channel === 'email' ? 'Reçu' : null, text: 'Merci, 12,50 € ont été payés.' },
    ...{ html: channel === 'email' ? '<p>Merci</p>' : null, language: 'fr' },
  };

  describe('a way of sending', () => {
    let world: MessageWayWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('hands a letter over', async () => {
      expect(await world.way.hand(letter)).toEqual({ status: 'taken' });
      expect(world.arrived()).toEqual([{ to: letter.to, text: letter.text }]);
    });

    it('says that nobody is at the address', async () => {
      world.becomes('choosy');
      expect(await world.way.hand(letter)).toEqual({ status: 'refused', reason: 'bad_address' });
      expect(world.arrived()).toEqual([]);
    });

    it('can come again where somebody is busy', async () => {
      world.becomes('busy');
      expect(await world.way.hand(letter)).toEqual({ status: 'later' });
      expect(world.arrived()).toEqual([]);
    });

    it('can come again where nobody is', async () => {
      await world.vanish();
      expect(await world.way.hand(letter)).toEqual({ status: 'later' });
    });

    it("doesn't know what became of a letter that nobody acknowledged", async () => {
      world.becomes('broken');
      expect(await world.way.hand(letter)).toEqual({ status: 'unsure' });
      expect(world.arrived()).toHaveLength(1);
    });

    it('logs neither address nor text', async () => {
      for (const what of ['choosy', 'busy', 'broken'] as const) {
        world.becomes(what);
        await world.way.hand(letter);
      }
      await world.vanish();
      await world.way.hand(letter);
      expect(world.logged().split('\n').length).toBeGreaterThan(3);
      expect(world.logged()).not.toMatch(/612345678|jane|doe@|Merci/);
    });
  });
}
