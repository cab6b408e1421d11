import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { brokenBuild, theBuild, type Build } from '../support/build.js';
import { install, type Installation } from '../support/installation.js';
import { isRunning } from '../support/process.js';
import { CALLER, over, SERVICE_NUMBER, until } from '../support/service.js';

const FAST = { onMs: 60, offMs: 60 };

let build: Build;
let service: Installation;
beforeAll(async () => {
  build = await theBuild();
  service = await install(build);
});
afterAll(() => service.close());

async function redisPid(): Promise<number> {
  return Number(await readFile(join(service.dir, 'data/redis/redis.pid'), 'utf8'));
}

describe('the service as a process', () => {
  it('A35: that was killed: its captures fail, its calls end, its tokens stay, and a new capture can be armed at once', async () => {
    const first = await service.start();
    const done = await service.talk();
    const sealed = await service.arm(done.caller);
    await done.caller.press('42424242424242421234', FAST);
    await until(async () => (await service.capture(sealed.id)).status === 'completed');
    const { token } = await service.capture(sealed.id);
    const broken = await service.talk();
    const collecting = await service.arm(broken.caller);
    await broken.caller.press('4242', FAST);

    first.signal('SIGKILL');
    expect(await first.exited).toBe('SIGKILL');
    const second = await service.start();
    const up = Date.now();
    const next = await service.talk();
    const again = await service.arm(next.caller);
    await next.caller.press('42424242424242421234', FAST);
    await until(async () => (await service.capture(again.id)).status === 'completed');

    // Meanwhile a third one sees that the folder is taken, and leaves it alone.
    const third = service.launch();
    expect(await third.exited).toBe(1);
    expect(third.output()).toMatch(new RegExp(`^DATA_DIR.*${second.pid}`));
    expect(third.output().trim().split('\n')).toHaveLength(1);
    expect((await service.call(next.caller)).status).toBe('live');

    await until(async () => over(await service.capture(collecting.id)), 30_000);
    expect(Date.now() - up).toBeLessThan(30_000);
    expect(await service.capture(collecting.id)).toMatchObject({
      status: 'failed',
      reason: 'service_restarted',
    });
    const failed = await service.crm.event(
      'capture.failed',
      ({ data }) => data['capture_id'] === collecting.id,
    );
    expect(failed.data).toMatchObject({ reason: 'service_restarted', call_sid: broken.caller.sid });
    for (const { caller } of [done, broken]) {
      await until(async () => (await service.call(caller)).status === 'ended');
      await service.crm.event('call.ended', ({ data }) => data['call_sid'] === caller.sid);
      const told = service.crm.deliveries.filter(({ data }) => data['call_sid'] === caller.sid);
      expect(new Set(told.map(({ sequence }) => sequence)).size).toBe(told.length);
    }
    // The living one was not touched, and its token and the older one stand.
    expect((await service.call(next.caller)).status).toBe('live');
    expect(await service.api('GET', `/v1/tokens/${token}`)).toMatchObject({ token });

    // SIGTERM: no new calls, the live one may finish, then it ends by itself with all that it started.
    const redis = await redisPid();
    second.signal('SIGTERM');
    await second.says('draining: no new calls are taken');
    const refused = service.carrier.phone(CALLER).call(SERVICE_NUMBER);
    const sentence = new Promise((resolve) => refused.on('said', resolve));
    expect(await sentence).toMatch(/^We cannot take your call at the moment/);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(503);
    expect((await service.call(next.caller)).status).toBe('live');
    next.agent.hangUp();
    expect(await second.exited).toBe(0);
    expect(next.heard).toEqual(['The other party has left the call. Goodbye.']);
    expect(isRunning(redis)).toBe(false);
  }, 70_000);

  it('ends at once with SIGINT: both hear a sentence, and nothing is left', async () => {
    const life = await service.start();
    const { agent, heard } = await service.talk();
    const said = new Promise((resolve) => agent.on('said', resolve));
    const redis = await redisPid();
    life.signal('SIGINT');
    expect(await life.exited).toBe(0);
    expect(heard).toEqual([expect.stringMatching(/^We cannot take your call at the moment/)]);
    expect(await said).toBe(heard[0]);
    expect(isRunning(redis)).toBe(false);
    await until(() => agent.over);
  }, 30_000);

  it.each<[string, Record<string, string>, RegExp]>([
    [
      'without carrier settings, and starts no sandbox',
      { TWILIO_ACCOUNT_SID: '', TWILIO_AUTH_TOKEN: '' },
      /^TWILIO_ACCOUNT_SID is missing.*\nTWILIO_AUTH_TOKEN is missing.*\n$/,
    ],
    [
      'with settings that are wrong, one line each',
      { PORT: 'eighty', GUARD_HOLD_MS: '25', PUBLIC_URL: 'http://voice.example.com' },
      /^PORT is .*\nPUBLIC_URL is not https.*\nGUARD_HOLD_MS is none of 15, 20, 40.*\n$/,
    ],
    [
      'with a flow that does not exist',
      { DEFAULT_FLOW: 'nobody' },
      /^DEFAULT_FLOW.*agent-assisted-card.*\n$/,
    ],
    [
      'without a key file',
      { VAULT_KEY_FILE: '/nowhere/keys.json' },
      /^VAULT_KEY_FILE.*tonewall keys create.*\n$/,
    ],
  ])('does not start %s', async (_, wrong, output) => {
    const life = service.launch({ LOG_LEVEL: 'error', ...wrong });
    expect(await life.exited).toBe(1);
    expect(life.output()).toMatch(output);
  });

  it('does not start with a broken flow: file, line and reason', async () => {
    const broken = await brokenBuild([]);
    try {
      const flows = join(broken.root, 'ivr-flows');
      await rm(flows);
      await cp(join(build.root, 'ivr-flows'), flows, { recursive: true });
      const file = join(flows, 'agent-assisted-card.yaml');
      await writeFile(file, 'name: agent-assisted-card\ncapture:\n  atempts: 3\n');
      const life = service.launch({ LOG_LEVEL: 'error' }, broken.root);
      expect(await life.exited).toBe(1);
      expect(life.output()).toMatch(/agent-assisted-card\.yaml:3:.*unknown member atempts/);
    } finally {
      await broken.remove();
    }
  });
});
