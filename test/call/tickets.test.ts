import { beforeEach, describe, expect, it } from '@jest/globals';
import { Tickets } from '../../src/call/tickets.js';
import { ManualClock } from '../support/manual-clock.js';

describe('tickets', () => {
  let clock: ManualClock;
  let tickets: Tickets;

  beforeEach(() => {
    clock = new ManualClock();
    tickets = new Tickets(clock);
  });

  it('open one stream, once', () => {
    const ticket = tickets.issue('leg_1', 'CA1');
    expect(tickets.redeem(ticket, 'CA1')).toBe('leg_1');
    expect(tickets.redeem(ticket, 'CA1')).toBeNull();
  });

  it("are spent by another call's attempt", () => {
    const ticket = tickets.issue('leg_1', 'CA1');
    expect(tickets.redeem(ticket, 'CA2')).toBeNull();
    expect(tickets.redeem(ticket, 'CA1')).toBeNull();
  });

  it('expire after 30 s', () => {
    const early = tickets.issue('leg_1', 'CA1');
    clock.advance(29_999);
    expect(tickets.redeem(early, 'CA1')).toBe('leg_1');
    const late = tickets.issue('leg_1', 'CA1');
    clock.advance(30_000);
    expect(tickets.redeem(late, 'CA1')).toBeNull();
  });

  it('are void once the leg has a newer one', () => {
    const old = tickets.issue('leg_1', 'CA1');
    const other = tickets.issue('leg_2', 'CA2');
    tickets.issue('leg_1', 'CA1');
    expect(tickets.redeem(old, 'CA1')).toBeNull();
    expect(tickets.redeem(other, 'CA2')).toBe('leg_2');
  });

  it('cannot be guessed', () => {
    tickets.issue('leg_1', 'CA1');
    expect(tickets.redeem('', 'CA1')).toBeNull();
    expect(tickets.redeem('tkt_00000000000000000000000000', 'CA1')).toBeNull();
  });
});
