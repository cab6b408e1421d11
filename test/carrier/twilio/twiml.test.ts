import { describe, expect, it } from '@jest/globals';
import { twiml } from '../../../src/carrier/twilio/twiml.js';

const addresses = {
  media: 'wss://node.example.test/twilio/media',
  next: (leg: string) => `https://voice.example.test/twilio/legs/${leg}/next`,
};
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';

describe('TwiML', () => {
  it('connects a leg to its stream, with the ticket as a parameter', () => {
    expect(twiml({ do: 'stream', leg: 'leg_1', ticket: 'tkt_1' }, addresses)).toBe(
      `${HEAD}<Response><Connect action="https://voice.example.test/twilio/legs/leg_1/next" method="POST">` +
        '<Stream url="wss://node.example.test/twilio/media"><Parameter name="ticket" value="tkt_1"/></Stream>' +
        '</Connect></Response>',
    );
  });

  it('says a French sentence with a French voice, then hangs up', () => {
    expect(twiml({ do: 'say', sentence: 'À bientôt & <merci>.', language: 'fr' }, addresses)).toBe(
      `${HEAD}<Response><Say language="fr-FR" voice="Polly.Lea-Neural">À bientôt &amp; &lt;merci&gt;.</Say>` +
        '<Hangup/></Response>',
    );
  });

  it('says an English sentence with an English voice', () => {
    expect(twiml({ do: 'say', sentence: 'Goodbye.', language: 'en' }, addresses)).toBe(
      `${HEAD}<Response><Say language="en-GB" voice="Polly.Amy-Neural">Goodbye.</Say><Hangup/></Response>`,
    );
  });

  it('hangs up', () => {
    expect(twiml({ do: 'hang-up' }, addresses)).toBe(`${HEAD}<Response><Hangup/></Response>`);
  });
});
