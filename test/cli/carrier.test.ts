import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { carrier } from '../../src/cli/carrier.js';
import { Customer } from '../carrier/simulated/customer.js';

function io() {
  const stdout = new PassThrough();
  return { stdin: new PassThrough(), stdout, stderr: new PassThrough(), env: {} };
}

/** Lines of `out`, until one matches. */
async function lineOf(out: PassThrough, pattern: RegExp): Promise<RegExpExecArray> {
  let text = '';
  for (;;) {
    const found = pattern.exec(text);
    if (found !== null) return found;
    const [chunk] = (await once(out, 'data')) as [Buffer];
    text += chunk.toString('utf8');
  }
}

describe('tonewall carrier', () => {
  it('serves a number until it is told to end, and says what happens', async () => {
    const customer = new Customer();
    await customer.listen();
    customer.answers('/voice', '<Say>a</Say>');
    const streams = io();
    const running = carrier.run(
      [
        '--port',
        '0',
        '--voice-url',
        customer.url('/voice'),
        '--number',
        '+33199000009',
        '--phone',
        'client:a',
      ],
      streams,
    );
    const [, url = ''] = await lineOf(streams.stdout, /simulated carrier on (\S+): \+33199000009 asks/);

    const placed = await fetch(`${url}/simulator/scripted-calls`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ from: '+33639980002', to: '+33199000009', agent: 'client:a', card: 'visa' }),
    });
    const { call_sid } = (await placed.json()) as { call_sid: string };
    await lineOf(streams.stdout, new RegExp(`call call_sid=${call_sid} status=completed detail=inbound`));

    process.emit('SIGINT');
    expect(await running).toBe(0);
    await customer.close();
  });

  it.each([
    [[], '--voice-url is missing or not a URL, as in --voice-url http://127.0.0.1:8080/twilio/voice'],
    [
      ['--voice-url', 'x'],
      '--voice-url is missing or not a URL, as in --voice-url http://127.0.0.1:8080/twilio/voice',
    ],
    [['--voice-url', 'http://a/b', '--port', 'x'], '--port is a number, as in --port 8081'],
    [
      ['--voice-url', 'http://a/b', '--phone', 'x'],
      '--phone and --answer take an address: +33…, sip:user@host or client:name',
    ],
    [['--dance'], 'carrier: an option is not known or lacks its value; see: npx tonewall carrier --help'],
  ])('refuses %j', async (args, message) => {
    await expect(carrier.run(args, io())).rejects.toMatchObject({ code: 'bad_request', message });
  });

  it('says which port is taken', async () => {
    const customer = new Customer();
    await customer.listen();
    const port = new URL(customer.url('/')).port;

    await expect(carrier.run(['--voice-url', 'http://a/b', '--port', port], io())).rejects.toMatchObject({
      message: `port ${port} is in use: take another with --port`,
    });
    await customer.close();
  });
});
