import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '../../src/secret.js';
import { TransitSeal } from '../../src/vault/transit-seal.js';
import { describeKeyProvider } from '../contract/key-provider.contract.js';
import { makeCertificate } from '../support/certificate.js';
import { openKeys, providerUnder } from '../support/keys.js';
import { startTransitServer, type TransitServer } from '../support/transit-server.js';

const root = () => Secret.of(Buffer.from('a root key of thirty-two bytes ..'.slice(0, 32)));
let dir: string;
let count = 0;
let transit: TransitServer;
let tokenFile: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tw-'));
  transit = await startTransitServer();
  tokenFile = join(dir, 'token');
  await writeFile(tokenFile, `${transit.token}\n`, { mode: 0o600 });
});
afterEach(() => {
  transit.faults.length = 0;
  transit.requests.length = 0;
  transit.answer = null;
  transit.token = 'hvs.for-tests';
});
afterAll(async () => {
  await transit.close();
  await rm(dir, { recursive: true, force: true });
});

const sealOn = (keyUrl = transit.keyUrl) =>
  new TransitSeal({ keyUrl, tokenFile, timeoutMs: 300, pauseMs: 1 });
const textOf = (secret: Secret) => Buffer.from(secret.reveal()).toString();

describeKeyProvider('the key file sealed by Transit', () =>
  providerUnder(join(dir, `keys-${count++}.json`), sealOn()),
);

describe('Transit', () => {
  it('is told what the root is for, and gets it in base64', async () => {
    const sealed = await sealOn().seal(root(), 'tonewall/root/seal/k1');
    expect(textOf(sealed)).toMatch(/^vault:v1:[A-Za-z0-9+/=]+$/);
    const opened = await sealOn().open(sealed, 'tonewall/root/seal/k1');
    expect(textOf(opened)).toBe(textOf(root()));
    const associated_data = Buffer.from('tonewall/root/seal/k1').toString('base64');
    expect(transit.requests).toEqual([
      {
        path: '/v1/transit/encrypt/tonewall',
        body: { associated_data, plaintext: Buffer.from(textOf(root())).toString('base64') },
      },
      { path: '/v1/transit/decrypt/tonewall', body: { associated_data, ciphertext: textOf(sealed) } },
    ]);
  });

  it('opens for its own label alone', async () => {
    const sealed = await sealOn().seal(root(), 'k1');
    await expect(sealOn().open(sealed, 'k2')).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^VAULT_TRANSIT_KEY_URL does not open the key file/),
    });
    expect(transit.requests).toHaveLength(2);
  });

  it('may rotate its own key: what it sealed before still opens', async () => {
    const sealed = await sealOn().seal(root(), 'k1');
    transit.rotate();
    expect(textOf(await sealOn().open(sealed, 'k1'))).toBe(textOf(root()));
    expect(textOf(await sealOn().seal(root(), 'k1'))).toMatch(/^vault:v2:/);
  });

  it('is asked once a root, at start: cards need it no more', async () => {
    const { keys } = await providerUnder(join(dir, `keys-${count++}.json`), sealOn());
    transit.requests.length = 0;
    for (let i = 0; i < 20; i++) {
      const { version, sealed } = await keys.wrap('shop', root(), Buffer.from('row'));
      await keys.unwrap('shop', version, sealed, Buffer.from('row'));
      await keys.mac('index', 'shop', Buffer.from('token'));
    }
    expect(transit.requests).toEqual([]);
  });

  it.each([
    ['that hangs up', 0],
    ['that never answers', -1],
    ['that is sealed', 503],
    ['that has too much to do', 429],
    ['with a fault of its own', 500],
  ])('%s is asked again', async (_, fault) => {
    transit.faults.push(fault, fault);
    const sealed = await sealOn().seal(root(), 'k1');
    expect(transit.requests).toHaveLength(3);
    expect(textOf(await sealOn().open(sealed, 'k1'))).toBe(textOf(root()));
  });

  it('that does not answer three times is given up, with what to look at', async () => {
    transit.faults.push(503, 503, 503);
    await expect(sealOn().seal(root(), 'k1')).rejects.toMatchObject({
      code: 'vault_unavailable',
      message: 'VAULT_TRANSIT_KEY_URL: status 503 from Transit; is it up, and unsealed?',
    });
    const nobody = sealOn('http://127.0.0.1:1/v1/transit/keys/tonewall');
    await expect(nobody.seal(root(), 'k1')).rejects.toMatchObject({
      code: 'vault_unavailable',
      message: 'VAULT_TRANSIT_KEY_URL: no answer from Transit; is it up, and unsealed?',
    });
  });

  it('that refuses the token is not asked again', async () => {
    transit.token = 'hvs.another';
    await expect(sealOn().seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining('the token of VAULT_TRANSIT_TOKEN_FILE has expired'),
    });
    expect(transit.requests).toHaveLength(1);
  });

  it('gets a token that was renewed meanwhile', async () => {
    const seal = sealOn();
    const sealed = await seal.seal(root(), 'k1');
    transit.token = 'hvs.renewed';
    await writeFile(tokenFile, transit.token);
    expect(textOf(await seal.open(sealed, 'k1'))).toBe(textOf(root()));
    await writeFile(tokenFile, 'hvs.for-tests');
  });

  it('with no such key says so', async () => {
    const other = sealOn(transit.keyUrl.replace('tonewall', 'other'));
    await expect(other.seal(root(), 'k1')).rejects.toMatchObject({
      message: expect.stringContaining('names no Transit key'),
    });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['no data', '{}'],
    ['a plaintext of another form', '{"data":{"plaintext":"%%%%"}}'],
    ['two plaintexts', '{"data":{"plaintext":"AAAA","x":{"plaintext":"AAAA"}}}'],
    ['too much', `{"data":{"plaintext":"${'A'.repeat(70_000)}"}}`],
  ])('that answers %s is given up', async (_, answer) => {
    const sealed = await sealOn().seal(root(), 'k1');
    transit.answer = answer;
    await expect(sealOn().open(sealed, 'k1')).rejects.toMatchObject({ code: 'vault_unavailable' });
  });

  it.each([
    ['another status', 500, `{"data":{"ciphertext":"vault:v1:${'A'.repeat(80)}"}}`],
    ['a ciphertext with more in front', 200, `{"data":{"ciphertext":"xvault:v1:${'A'.repeat(80)}"}}`],
    ['a ciphertext with more behind', 200, `{"data":{"ciphertext":"vault:v1:${'A'.repeat(80)}!"}}`],
    ['a ciphertext that is too short', 200, `{"data":{"ciphertext":"vault:v1:${'A'.repeat(39)}"}}`],
  ])('that seals with %s is given up', async (_, status, answer) => {
    if (status !== 200) transit.faults.push(status, status, status);
    transit.answer = answer;
    await expect(sealOn().seal(root(), 'k1')).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect(transit.requests).toHaveLength(3);
  });

  it('is given the ciphertext of its tenth version as well', async () => {
    transit.answer = `{"data":{"ciphertext":"vault:v10:${'A'.repeat(80)}"}}`;
    expect(textOf(await sealOn().seal(root(), 'k1'))).toBe(`vault:v10:${'A'.repeat(80)}`);
  });

  it.each(['', 'vault:v1:AAAA', `vault:v1:${'A'.repeat(80)}\n`, `plain vault:v1:${'A'.repeat(80)}`])(
    'is not asked to open %j',
    async (text) => {
      await expect(sealOn().open(Secret.of(Buffer.from(text)), 'k1')).rejects.toMatchObject({
        code: 'config_invalid',
        message: expect.stringMatching(
          /^VAULT_TRANSIT_KEY_URL does not open the key file: it is another key/,
        ),
      });
      expect(transit.requests).toEqual([]);
    },
  );

  it('finds the name of its key last in the address, wherever that lies', async () => {
    const seal = sealOn(transit.keyUrl.replace('/v1/', '/keys/v1/'));
    await expect(seal.seal(root(), 'k1')).rejects.toThrow('names no Transit key');
    expect(transit.requests.map(({ path }) => path)).toEqual(['/keys/v1/transit/encrypt/tonewall']);
  });

  it.each([
    ['nothing', ''],
    ['two words', 'two words'],
    ['what is not ASCII', 'tökén'],
    ['too much', 'x'.repeat(4_097)],
  ])('is not asked with a token file that holds %s', async (_, token) => {
    const path = join(dir, `token-${count++}`);
    await writeFile(path, token, { mode: 0o600 });
    const seal = new TransitSeal({ keyUrl: transit.keyUrl, tokenFile: path });
    await expect(seal.seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'VAULT_TRANSIT_TOKEN_FILE holds no token',
    });
    expect(transit.requests).toEqual([]);
  });

  it('is not asked without a token file, and says who writes it', async () => {
    const seal = new TransitSeal({ keyUrl: transit.keyUrl, tokenFile: join(dir, 'none') });
    await expect(seal.seal(root(), 'k1')).rejects.toThrow(
      'VAULT_TRANSIT_TOKEN_FILE is missing: have your agent of OpenBao or Vault write a token there',
    );
  });

  it('is given nothing in clear where TLS was asked for', async () => {
    const plain = createServer().listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    const seal = sealOn(`https://127.0.0.1:${port}/v1/transit/keys/tonewall`);
    await expect(seal.seal(root(), 'k1')).rejects.toMatchObject({ code: 'vault_unavailable' });
    plain.close();
  });

  it('whose certificate nobody vouches for is told nothing', async () => {
    const { certFile, keyFile } = makeCertificate(dir);
    let asked = 0;
    const stranger = createTlsServer(
      { cert: await readFile(certFile), key: await readFile(keyFile) },
      () => asked++,
    ).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const seal = sealOn(`https://127.0.0.1:${port}/v1/transit/keys/tonewall`);
    await expect(seal.seal(root(), 'k1')).rejects.toMatchObject({
      code: 'config_invalid',
      message:
        'VAULT_TRANSIT_KEY_URL has a certificate that is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): name its CA in NODE_EXTRA_CA_CERTS',
    });
    expect(asked).toBe(0);
    stranger.close();
  });

  it('away at a start stops it, and says who is away', async () => {
    const path = join(dir, `keys-${count++}.json`);
    await providerUnder(path, sealOn());
    transit.faults.push(503, 503, 503);
    await expect(openKeys(path, { seal: sealOn() })).rejects.toMatchObject({ code: 'vault_unavailable' });
  });
});
