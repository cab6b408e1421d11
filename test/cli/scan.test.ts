import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, describe, it, expect } from '@jest/globals';
import { scan } from '../../src/cli/scan.js';
import { DtmfReceiver } from '../../src/dsp/dtmf-receiver.js';
import { SoundDecoder } from '../../src/recording/sound-decoder.js';
import type { SoundFormat } from '../../src/recording/sound-format.js';
import { Terminal, runCommand } from '../support/command-io.js';
import { Random } from '../support/random.js';
import { FORMATS, addKeys, chunk, encoded, keyedSamples, wavOf } from '../support/sound-files.js';
import { voiceLike } from '../support/tones.js';
import { toMulaw } from '../../src/dsp/tone.js';

const MULAW: SoundFormat = { encoding: 'mulaw', channels: 1, rate: 8000 };
const CARD = '4242424242424242';

let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'scan-'));
  dir = join(root, 'in');
  mkdirSync(dir);
});
afterEach(() => rmSync(root, { recursive: true }));

function put(name: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), bytes);
}

/** µ-law in which keys begin after a second. */
const keyed = (keys: string, seconds: number): Uint8Array =>
  toMulaw(keyedSamples(8000, seconds, keys, { start: 1 }));

async function scanned(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const { code, output } = await runCommand(scan, [dir, ...args], new Uint8Array(0));
  return { code, lines: output.toString('utf8').trimEnd().split('\n') };
}

/** Digest of every file below a folder. */
function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(
    files.map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]),
  );
}

describe('tonewall scan', () => {
  it('says where numbers were keyed, and never what', async () => {
    put('a/call.ul', keyed(`${CARD}#1234#123#`, 9));
    put('a/reference.wav', wavOf(MULAW, keyed('000000000000', 5)));
    put('b.wav', wavOf(MULAW, keyed('12345678901', 5)));
    put('notes.txt', Buffer.from('4242 4242 4242 4242'));
    expect(await scanned()).toEqual({
      code: 3,
      lines: [
        'high  longer    23 digits  00:00:01.0  00:00:07.4  channel 1  a/call.ul',
        'low   number    12 digits  00:00:01.0  00:00:03.9  channel 1  a/reference.wav',
        '3 recordings, 00:00:19.0 of audio: 2 runs of keys in 2 of them (1 high, 1 low); 0 not read, 1 other file passed over',
      ],
    });
  });

  it('says the same as JSON', async () => {
    put('x.al', encoded({ ...MULAW, encoding: 'alaw' }, [keyedSamples(8000, 6, CARD, { start: 1 })]));
    put('y.mp3', Buffer.from('ID3'));
    const { code, lines } = await scanned('--json');
    const { runs, not_read, no_copy, totals } = JSON.parse(lines.join('')) as Record<string, unknown>;
    expect(code).toBe(3);
    expect(runs).toMatchObject([
      { file: 'x.al', channel: 1, start: '00:00:01.0', end: '00:00:04.8', digits: 16, size: 'number', confidence: 'high' },
    ]); // prettier-ignore
    expect([not_read, no_copy]).toEqual([
      [{ file: 'y.mp3', reason: 'has no WAV header: convert it to WAV first' }],
      [],
    ]);
    expect(totals).toEqual({
      ...{ recordings: 1, others: 0, seconds: 6, high: 1, low: 0, found: 1 },
      ...{ not_read: 1, copies: 0, no_copy: 0 },
    });
  });

  it('looks at each channel apart', async () => {
    const format = { encoding: 'pcm16', channels: 2, rate: 16_000 } as const;
    const channels = ['424242424242', '4242'].map((keys) => keyedSamples(16_000, 5, keys, { start: 1 }));
    put('both.wav', wavOf(format, encoded(format, channels)));
    put('swapped.wav', wavOf(format, encoded(format, channels.toReversed())));
    const { lines } = await scanned();
    expect(lines.slice(0, -1).map((line) => line.replace(/^.*(?=channel)/, ''))).toEqual([
      'channel 1  both.wav',
      'channel 2  swapped.wav',
    ]);
  });

  it('finds nothing in a voice, and nothing in nothing', async () => {
    expect((await scanned()).code).toBe(0);
    put('voice.ul', toMulaw(voiceLike(6, new Random(8))));
    expect((await scanned()).code).toBe(0);
  });

  it('tells what it could not read, and goes on', async () => {
    const good = wavOf(MULAW, keyed('1', 2));
    put('cut.wav', good.subarray(0, -1001));
    put('empty.wav', new Uint8Array(0));
    put('empty.ul', new Uint8Array(0));
    put('gsm.wav', Buffer.concat([good.subarray(0, 20), Buffer.of(0x31), good.subarray(21)]));
    put('strange\nname.wav', Buffer.from('not a WAV file'));
    const { code, lines } = await scanned();
    expect(code).toBe(1);
    expect(lines).toEqual([
      'not read  cut.wav: ends 1001 bytes before its header says: searched as far as it goes',
      'not read  empty.ul: is empty',
      'not read  empty.wav: is empty',
      expect.stringMatching(/^not read {2}gsm.wav: the WAV file holds GSM 6.10/),
      'not read  "strange\\nname.wav": has no WAV header: convert it to WAV first',
      '1 recording, 00:00:01.9 of audio: 0 runs of keys in 0 of them (0 high, 0 low); 5 not read, 0 other files passed over',
    ]);
  });

  it('follows no link: what lies within is met there, what leads out is told', async () => {
    put('real/card.ul', keyed(CARD, 6));
    symlinkSync('real', join(dir, 'again'));
    symlinkSync('..', join(dir, 'real', 'round'));
    writeFileSync(join(root, 'outside.ul'), keyed(CARD, 6));
    symlinkSync(join(root, 'outside.ul'), join(dir, 'outside.ul'));
    const { lines } = await scanned();
    expect(lines.slice(0, -1)).toEqual([
      'not read  outside.ul: is a symbolic link that leads out of the folder: links are not followed',
      expect.stringContaining('real/card.ul'),
    ]);
  });

  it.each([
    [['--blank', ''], 'scan takes one folder'],
    [['more'], 'scan takes one folder'],
    [['--digits'], 'scan takes a folder, --blank OUT and --json'],
  ])('says what it takes: %j', async (args, message) => {
    await expect(scanned(...args)).rejects.toThrow(message);
  });

  it('says that a folder is not there', async () => {
    await expect(runCommand(scan, [join(dir, 'none')], new Uint8Array(0))).rejects.toThrow(
      "none can't be opened as a folder (ENOENT)",
    );
  });

  it('shows its progress on a terminal, and no key', async () => {
    put('card.ul', keyed(CARD, 6));
    const stderr = new Terminal();
    await runCommand(scan, [dir], new Uint8Array(0), { stderr });
    expect(stderr.text.split('\r').at(-1)).toMatch(
      /^1 recordings, 00:00:06\.0 of audio, [\d,]+ × real time, 1 with keys\n$/,
    );
  });
});

describe('the copies without keys', () => {
  const out = () => join(root, 'out');

  /** Keys of all kinds in the first channel, very faint crosstalk of them in the second, a voice in the third. */
  function callIn({ channels, rate }: SoundFormat): { samples: Float64Array[]; keys: Float64Array } {
    const keys = new Float64Array(7.5 * rate);
    addKeys(keys, rate, '42424242', { start: 1.5, tone: 0.05, pause: 0.05 });
    addKeys(keys, rate, '42424242', { start: 3.2, tone: 0.09, pause: 0.1, peak: 800 });
    // Too short to be counted, and still a key.
    addKeys(keys, rate, '77', { start: 5.5, tone: 0.02 });
    const random = new Random(12);
    const noise = keys.map(() => 4 * random.gauss());
    const voice = voiceLike(8, random);
    const all = [
      keys.map((x, n) => x + (noise[n] ?? 0)),
      keys.map((x, n) => 0.01 * x + (noise[n] ?? 0)),
      keys.map((_, n) => voice[Math.floor((n * 8000) / rate)] ?? 0),
    ];
    return { samples: all.slice(0, channels), keys };
  }

  it.each(FORMATS.filter((_, n) => n % 3 === 0))(
    'hold no sample of a tone: $encoding, $channels channels, $rate',
    async (format) => {
      const { samples, keys } = callIn(format);
      const list = chunk('LIST', Buffer.from('card keyed'));
      const data = encoded(format, samples);
      put('sub/call.wav', wavOf(format, data, { before: [list], after: [list] }));
      utimesSync(join(dir, 'sub/call.wav'), 1_000_000, 1_000_000);
      const before = contents(dir);
      expect(await scanned('--blank', out())).toEqual({
        code: 3,
        lines: [expect.stringContaining('16 digits'), expect.any(String)],
      });
      expect(contents(dir)).toEqual(before);

      const original = readFileSync(join(dir, 'sub/call.wav'));
      const copy = readFileSync(join(out(), 'sub/call.wav'));
      expect([copy.length, statSync(join(out(), 'sub/call.wav')).mtimeMs]).toEqual([
        original.length,
        1_000_000_000,
      ]);
      const start = original.indexOf('data') + 8;
      expect(copy.subarray(0, start).equals(original.subarray(0, start))).toBe(true);
      const end = start + data.length;
      expect(copy.subarray(end).equals(original.subarray(end))).toBe(true);

      const frame = data.length / keys.length;
      const silence = { mulaw: 0xff, alaw: 0xd5, pcm16: 0 }[format.encoding];
      let left = 0;
      let lost = 0;
      for (let at = start; at < end; at++) {
        const n = Math.floor((at - start) / frame);
        if (copy[at] !== silence && (keys[n] !== 0 || copy[at] !== original[at])) left++;
        const seconds = n / format.rate;
        const apart = seconds < 1 || seconds > 6.2 || (seconds > 2.8 && seconds < 3.1);
        if (apart && copy[at] !== original[at]) lost++;
      }
      expect(left).toBe(0);
      // Nothing but keys is lost, save a syllable that sounds like one.
      expect(lost / data.length).toBeLessThan(0.02);
      expect(new SoundDecoder(format).process(copy.subarray(start, end)).map(heard)).toEqual(
        samples.map(() => 0),
      );
    },
  );

  function heard(mulaw: Uint8Array): number {
    let keys = 0;
    const receiver = new DtmfReceiver({ up: () => keys++ });
    receiver.process(mulaw);
    receiver.end();
    return keys;
  }

  it('are of those recordings alone in which a run was found', async () => {
    put('x/raw.ul', keyed(CARD, 6));
    put('x/none.ul', keyed('1', 2));
    const { lines } = await scanned('--blank', out());
    expect(lines.at(-1)).toContain('(1 high, 0 low), 1 copy made; 0 not read');
    expect(Object.keys(contents(out()))).toEqual(['x/raw.ul']);
    expect((await runCommand(scan, [out()], new Uint8Array(0))).code).toBe(0);
  });

  it('go into no folder that is within the other, and overwrite nothing', async () => {
    put('card.ul', keyed(CARD, 6));
    symlinkSync(dir, join(root, 'link'));
    for (const inside of [dir, join(dir, 'new/er'), join(root, 'link', 'out')]) {
      await expect(scanned('--blank', inside)).rejects.toThrow('lies within the folder that is scanned');
    }
    await expect(scanned('--blank', root)).rejects.toThrow("isn't empty: nothing is ever overwritten");
    await expect(scanned('--blank', join(dir, '../in/card.ul'))).rejects.toThrow('lies within');
    writeFileSync(join(root, 'file'), '');
    await expect(scanned('--blank', join(root, 'file'))).rejects.toThrow("can't be made (EEXIST)");
    expect(Object.keys(contents(dir))).toEqual(['card.ul']);
  });

  it('are not made of a recording that is still being written', async () => {
    put('card.ul', keyed(CARD, 6));
    const lines: string[] = [];
    const stdout = new Writable({
      write(line: Buffer, _, done) {
        lines.push(line.toString('utf8'));
        // It grows once it has been searched.
        if (lines.length === 1) appendFileSync(join(dir, 'card.ul'), keyed(CARD, 6));
        done();
      },
    });
    const io = { stdin: Readable.from([]), stdout, stderr: new Terminal(), env: {} };
    expect(await scan.run([dir, '--blank', out()], io)).toBe(1);
    expect(lines[1]).toBe('no copy  card.ul: was changed while it was copied: no copy is made\n');
    expect(contents(out())).toEqual({});
  });

  it('are told when none can be made', async () => {
    put('card.ul', keyed(CARD, 6));
    // A folder stands where the copy would be made.
    const blocked = join(out(), 'card.ul.part');
    const { code, output } = await runCommand(scan, [dir, '--blank', out()], new Uint8Array(0), {
      stderr: { write: () => mkdirSync(blocked, { recursive: true }), isTTY: true } as never,
    });
    expect([code, output.toString('utf8')]).toEqual([1, expect.stringContaining('no copy  card.ul: ')]);
  });
});
