import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BRANDS } from '../../src/card/brands.js';
import { MAX_FILE_BYTES, MAX_FILES } from '../../src/flow/flow-files.js';
import { flowJsonSchema } from '../../src/flow/flow-json-schema.js';
import { loadFlows } from '../../src/flow/flows.js';

const SHIPPED = path.join(import.meta.dirname, '../../ivr-flows');

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flows-'));
  await cp(path.join(SHIPPED, 'prompts'), path.join(folder, 'prompts'), { recursive: true });
});
afterEach(async () => rm(folder, { recursive: true }));

async function put(name: string, text: string): Promise<void> {
  await writeFile(path.join(folder, name), text);
}

/** What is wrong, a line each, without the folder. */
async function faults(): Promise<string[]> {
  try {
    await loadFlows(folder);
    return [];
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe('config_invalid');
    return message.replaceAll(`${folder}/`, '').replaceAll(folder, 'FOLDER').split('\n');
  }
}

describe('the flows that ship', () => {
  it('ask for a card with an agent', async () => {
    const flows = await loadFlows(SHIPPED);
    expect(flows.byName('agent-assisted-card')).toEqual({
      name: 'agent-assisted-card',
      merchant: 'default',
      language: 'en',
      receipt: 'none',
      numbers: [],
      agent: {},
      no_agent: 'hang-up',
      sentences: {
        please_hold: 'Please hold while we connect you.',
        other_party_left: 'The other party has left the call. Goodbye.',
        no_agent: 'Nobody can take your call at the moment. Please call again later. Goodbye.',
        no_service: 'We cannot take your call at the moment. Please call again in a few minutes. Goodbye.',
        something_wrong: 'Something went wrong on our side. Please call again. Goodbye.',
      },
      capture: {
        fields: {
          token: ['payment-card-number', 'expiration-date'],
          verify: ['payment-card-number', 'expiration-date', 'security-code'],
          charge: ['payment-card-number', 'expiration-date', 'security-code'],
        },
        brands: [...BRANDS],
        attempts: 3,
        first_key_seconds: 180,
        next_key_seconds: 30,
        ask_network: 'never',
        send_link: 'never',
        co_badged: [],
      },
    });
  });

  it('have a schema for editors that says what the service checks', async () => {
    const schema: unknown = JSON.parse(await readFile(path.join(SHIPPED, 'flow.schema.json'), 'utf8'));
    expect(schema).toEqual(flowJsonSchema());
  });

  it('name that schema in their first line', async () => {
    const text = await readFile(path.join(SHIPPED, 'agent-assisted-card.yaml'), 'utf8');
    expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=./flow.schema.json');
  });
});

describe('a flow', () => {
  it('needs a name only', async () => {
    await put('a.yaml', 'name: short\n');
    const shipped = (await loadFlows(SHIPPED)).byName('agent-assisted-card');
    expect((await loadFlows(folder)).byName('short')).toEqual({ ...shipped, name: 'short' });
  });

  it('speaks its language, and its own words where it has some', async () => {
    await put('a.yaml', 'name: a\nlanguage: fr\nsentences:\n  no_agent: Rappelez demain.\n');
    const sentences = (await loadFlows(folder)).byName('a')?.sentences;
    expect(sentences?.no_agent).toBe('Rappelez demain.');
    expect(sentences?.please_hold).toBe('Merci de patienter, nous vous mettons en relation.');
  });

  it('changes the digest of all when it does, and no other way', async () => {
    const digest = async () => (await loadFlows(folder)).digest;
    await put('a.yaml', 'name: a\n');
    await put('b.yaml', 'name: b\n');
    const before = await digest();
    expect(before).toMatch(/^[\w-]{22}$/);
    await put('a.yaml', 'name: b\n');
    await put('b.yaml', 'name: a\n');
    expect(await digest()).toBe(before);
    await put('b.yaml', 'name: a\nlanguage: fr\n');
    expect(await digest()).not.toBe(before);
  });

  it('answers the numbers that it claims, the default one all others', async () => {
    await put('a.yaml', 'name: a\nnumbers: ["+33123456789"]\n');
    await put('b.yaml', 'name: b\n');
    const flows = await loadFlows(folder);
    expect(flows.forNumber('+33123456789', 'b').name).toBe('a');
    expect(flows.forNumber('+33123456780', 'b').name).toBe('b');
    expect(flows.byName('c')).toBeNull();
    expect(() => flows.forNumber('+33123456780', 'c')).toThrow('DEFAULT_FLOW names no flow: use one of a, b');
  });
});

describe('a broken flow', () => {
  it('is told with file, line, column and reason; all of them at once', async () => {
    await put('a.yaml', 'name: a\ncapture:\n  attempts: 99\n  atempts: 3\n');
    await put('b.yaml', 'language: de\n');
    expect(await faults()).toEqual([
      'a.yaml:3:3: capture.attempts: Too big: expected number to be <=10',
      'a.yaml:4:3: capture: unknown member atempts; known here: fields, brands, attempts, first_key_seconds, ' +
        'next_key_seconds, ask_network, send_link, co_badged, postal_code_length',
      'b.yaml:1:1: name: is missing',
      'b.yaml:1:1: language: Invalid option: expected one of "en"|"fr"',
    ]);
  });

  it.each([
    ['is no YAML', 'name: [a\n', /^a\.yaml:2:1: not valid YAML \(.+\)$/],
    ['says a member twice', 'name: a\nname: b\n', /^a\.yaml:2:1: not valid YAML \(duplicate key\)$/],
    ['has a tag of its own', 'name: !secret a\n', /^a\.yaml:1:7: not valid YAML \(tag resolve failed\)$/],
    ['is empty', '', /^a\.yaml:1:1: Invalid input: expected object/],
    ['is a list', '- name: a\n', /^a\.yaml:1:1: Invalid input: expected object/],
    [
      'asks for a code with a token',
      'name: a\ncapture:\n  fields:\n    token: [payment-card-number, expiration-date, security-code]\n',
      /^a\.yaml:4:5: capture\.fields\.token: a security code may not be kept/,
    ],
    [
      'asks for the code first',
      'name: a\ncapture:\n  fields:\n    charge: [security-code, payment-card-number, expiration-date]\n',
      /^a\.yaml:4:5: .*: swap them$/,
    ],
    [
      'asks for no expiry',
      'name: a\ncapture:\n  fields:\n    verify: [payment-card-number]\n',
      /^a\.yaml:4:5: .*: name both$/,
    ],
    [
      'asks for a PIN',
      'name: a\ncapture:\n  fields:\n    token: [pin]\n',
      /^a\.yaml:4:13: capture\.fields\.token\.0: Invalid option/,
    ],
    [
      'claims a number without quotes',
      'name: a\nnumbers:\n  - +33123456789\n',
      /^a\.yaml:3:5: numbers\.0: a number in E\.164, in quotes/,
    ],
    [
      'names a prefix that is a number',
      'name: a\ncapture: { co_badged: [{ prefix: 497010, networks: [cartes_bancaires, visa] }] }\n',
      /^a\.yaml:2:\d+: .*prefix: the first 4 to 8 digits, in quotes, such as "497010"$/,
    ],
    ...['[visa]', '[visa, cartes_bancaires]', '[cartes_bancaires, visa, mastercard]', '[]'].map(
      (networks): [string, string, RegExp] => [
        `puts a number into the networks ${networks}`,
        `name: a\ncapture: { co_badged: [{ prefix: "497010", networks: ${networks} }] }\n`,
        /networks: cartes_bancaires, alone or with visa or mastercard after it$/,
      ],
    ),
    ['takes no brand', 'name: a\ncapture: { brands: [] }\n', /^a\.yaml:2:12: capture\.brands: Too small/],
    [
      'dials nowhere',
      'name: a\nagent: { dial_to: "tel 5" }\n',
      /^a\.yaml:2:10: agent\.dial_to: a number in E\.164, sip:… or client:…$/,
    ],
    ['names another merchant oddly', 'name: a\nmerchant: "{x}"\n', /^a\.yaml:2:1: merchant: use a-z/],
    ['grows from aliases', bomb(), /^a\.yaml:1:1: too many aliases: write it out$/],
  ])('%s', async (_what, text, line) => {
    await put('a.yaml', text);
    const lines = await faults();
    expect(lines[0]).toMatch(line);
  });

  it('never has its values repeated', async () => {
    await put(
      'a.yaml',
      'name: 4111111111111111 x\nlanguage: 4111111111111111\ncapture: { attempts: "4111111111111111" }\n',
    );
    const lines = await faults();
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).not.toContain('4111');
  });

  it('has a name or a number that another has', async () => {
    await put('a.yaml', 'name: a\nnumbers: ["+33123456789"]\n');
    await put('b.yaml', 'name: a\nnumbers: ["+33123456780", "+33123456789"]\n');
    expect(await faults()).toEqual([
      'b.yaml:1:1: name is taken already at a.yaml:1:1',
      'b.yaml:2:27: number is taken already at a.yaml:2:11',
    ]);
  });
});

describe('the folder', () => {
  it('must be there', async () => {
    await rm(folder, { recursive: true });
    expect(await faults()).toEqual([
      "prompts: can't be read (ENOENT)",
      'prompts/en.yaml: is missing',
      'prompts/fr.yaml: is missing',
      "FOLDER: can't be read (ENOENT)",
    ]);
    await mkdir(folder);
  });

  it('must hold a flow', async () => {
    expect(await faults()).toEqual(['FOLDER: holds no flow']);
  });

  it('must hold every sentence in every language', async () => {
    await put('a.yaml', 'name: a\n');
    await put('prompts/fr.yaml', 'please_hold: Patientez.\nhello: Bonjour\n');
    const lines = await faults();
    expect(lines).toHaveLength(5);
    expect(lines[0]).toBe('prompts/fr.yaml:1:1: other_party_left: is missing');
    expect(lines[4]).toMatch(/^prompts\/fr\.yaml:2:1: unknown member hello; known here: please_hold, /);
  });

  it('may be made of links that stay in it', async () => {
    await mkdir(path.join(folder, '..data'));
    await put('..data/a.yaml', 'name: a\n');
    await symlink('..data/a.yaml', path.join(folder, 'a.yaml'));
    expect((await loadFlows(folder)).byName('a')?.name).toBe('a');
  });

  it('has no link that leads out of it', async () => {
    await symlink(path.join(SHIPPED, 'agent-assisted-card.yaml'), path.join(folder, 'a.yaml'));
    expect(await faults()).toEqual([
      'a.yaml: is a link that leads out of the folder: put the file itself here',
    ]);
  });

  it('has no link that leads nowhere', async () => {
    await put('b.yaml', 'name: b\n');
    await symlink('nowhere', path.join(folder, 'a.yaml'));
    expect(await faults()).toEqual(["a.yaml: can't be read (ENOENT)"]);
  });

  it('has no file that is too large, and no folder named like one', async () => {
    await put('a.yaml', `name: a\n#${'x'.repeat(MAX_FILE_BYTES)}`);
    await mkdir(path.join(folder, 'b.yaml'));
    expect(await faults()).toEqual(['a.yaml: is larger than 64 KiB', 'b.yaml: is no file']);
  });

  it('has not too many files', async () => {
    for (let i = 0; i <= MAX_FILES; i++) await put(`${i}.yaml`, 'name: a\n');
    expect(await faults()).toEqual(['FOLDER: more than 500 files']);
  });

  it('may hold other things', async () => {
    await put('a.yaml', 'name: a\n');
    await put('notes.txt', 'not a flow');
    expect(await faults()).toEqual([]);
  });
});

function bomb(): string {
  const levels = ['a: &a [x, x, x, x, x, x, x, x]'];
  for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef']) {
    levels.push(`${to}: &${to} [${Array(8).fill(`*${from}`).join(', ')}]`);
  }
  return `${levels.join('\n')}\n`;
}
