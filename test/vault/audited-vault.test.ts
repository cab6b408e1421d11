import { describe, expect, it } from '@jest/globals';
import { AuditedVault, VAULT_EVENTS } from '../../src/vault/audited-vault.js';
import type { Behind, OutcomeIn, TokenizeRequest, TokenView, Vault } from '../../src/vault/vault.js';
import { MemoryAudit } from '../support/audit.js';

const TOKEN = 'tnw_4F9K0123456789ABCDEFGH7QX2';

/** A vault that notes what it was asked. */
class Noting implements Vault {
  readonly asked: string[] = [];
  found = true;

  tokenize(): Promise<TokenView> {
    this.asked.push('tokenize');
    return Promise.resolve({ token: TOKEN } as TokenView);
  }

  token(): Promise<TokenView | null> {
    this.asked.push('token');
    return Promise.resolve(this.found ? ({ token: TOKEN } as TokenView) : null);
  }

  destroy(): Promise<boolean> {
    this.asked.push('destroy');
    return Promise.resolve(this.found);
  }

  async open<T>(_merchant: string, _token: string, use: (behind: Behind) => Promise<T>): Promise<T | null> {
    this.asked.push('open');
    return this.found ? use({} as Behind) : null;
  }

  remember(): Promise<void> {
    this.asked.push('remember');
    return Promise.resolve();
  }
}

const CALLS: Readonly<Record<keyof Vault, (vault: Vault) => Promise<unknown>>> = {
  tokenize: (vault) => vault.tokenize({ merchant: 'shop' } as TokenizeRequest),
  token: (vault) => vault.token('shop', TOKEN),
  destroy: (vault) => vault.destroy('shop', TOKEN),
  open: (vault) => vault.open('shop', TOKEN, () => Promise.resolve('used')),
  remember: (vault) => vault.remember('shop', TOKEN, 'MCC123'),
};

describe('an audited vault', () => {
  it.each(Object.entries(CALLS))('tells of %s once before and once after', async (name, call) => {
    const [vault, audit] = [new Noting(), new MemoryAudit()];
    await call(new AuditedVault(vault, audit));
    expect(audit.told.map(([type, outcome]) => [type, outcome])).toEqual([
      [VAULT_EVENTS[name as keyof Vault], 'intent'],
      [VAULT_EVENTS[name as keyof Vault], 'done'],
    ]);
    expect(vault.asked).toEqual([name]);
  });

  it.each(Object.entries(CALLS))('does not %s without an audit trail', async (_name, call) => {
    const [vault, audit] = [new Noting(), new MemoryAudit()];
    audit.ready = false;
    await expect(call(new AuditedVault(vault, audit))).rejects.toMatchObject({ code: 'vault_unavailable' });
    expect(vault.asked).toEqual([]);
  });

  it('tells of tokens that are not there', async () => {
    const [vault, audit] = [new Noting(), new MemoryAudit()];
    vault.found = false;
    const audited = new AuditedVault(vault, audit);
    expect([
      await audited.token('shop', TOKEN),
      await audited.destroy('shop', TOKEN),
      await audited.open('shop', TOKEN, () => Promise.resolve('used')),
    ]).toEqual([null, false, null]);
    const absent = ['intent', 'absent'];
    expect(audit.told.map(([, outcome]) => outcome)).toEqual([...absent, ...absent, ...absent]);
  });

  it('never tells a whole token', async () => {
    const audit = new MemoryAudit();
    for (const call of Object.values(CALLS)) await call(new AuditedVault(new Noting(), audit));
    expect(new Set(audit.told.map(([, , resource]) => resource))).toEqual(
      new Set(['shop', 'shop/tnw_4F9K..7QX2']),
    );
  });

  it('has a change say in its own write that it was made, and tells the trail of which card', async () => {
    class Writing extends Noting {
      readonly said: unknown[] = [];

      override async tokenize(request?: TokenizeRequest): Promise<TokenView> {
        const view = { token: TOKEN } as TokenView;
        const { events, outcome } = (await request?.announce(view)) ?? { events: [] };
        this.said.push(events, outcome?.('{shop.07}'));
        return view;
      }

      override destroy(_merchant?: string, _token?: string, outcome?: OutcomeIn): Promise<boolean> {
        this.said.push(outcome?.('{shop.07}'));
        return Promise.resolve(true);
      }
    }
    const [vault, audit] = [new Writing(), new MemoryAudit()];
    const audited = new AuditedVault(vault, audit);
    const announce = () => ({ events: ['an event'], writes: [] });
    await audited.tokenize({ merchant: 'shop', announce } as unknown as TokenizeRequest);
    await audited.destroy('shop', TOKEN);
    const done = { key: expect.stringContaining('{shop.07}'), value: 'shop/tnw_4F9K..7QX2' };
    expect(vault.said).toEqual([['an event'], done, done]);
    expect(audit.told.map(([, outcome, resource]) => `${outcome} ${resource}`)).toEqual([
      'intent shop',
      'done shop/tnw_4F9K..7QX2',
      'intent shop/tnw_4F9K..7QX2',
      'done shop/tnw_4F9K..7QX2',
    ]);
  });
});
