import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { REFUSALS } from '../../src/charge/refusals.js';
import { DECLINE_CODES } from '../../src/psp/decline-code.js';
import { STRIPE_API_VERSION } from '../../src/psp/stripe/stripe-api.js';
import { STRIPE_BRANDS } from '../../src/psp/stripe/stripe-card.js';
import { STRIPE_DECLINES } from '../../src/psp/stripe/stripe-declines.js';
import { misconfigured } from '../../src/psp/stripe/stripe-permissions.js';
import { isRelevant } from '../../src/psp/stripe/stripe-webhook.js';

const PAGE = readFileSync('docs/providers.md', 'utf8');

describe('docs/providers.md', () => {
  it('has the refusals and what is told of them', () => {
    const rows = DECLINE_CODES.map((code) => {
      const { next, telling } = REFUSALS[code];
      return `| \`${code}\` | \`${next}\` | ${telling.en.forAgent} | ${telling.en.forCaller} |`;
    });
    expect(tableUnder('| code | next |')).toEqual(rows);
  });

  it('has every code of Stripe’s, beside ours', () => {
    const rows = DECLINE_CODES.map((code) => {
      const theirs = Object.keys(STRIPE_DECLINES).filter((name) => STRIPE_DECLINES[name] === code);
      return `| \`${code}\` | ${theirs.map((name) => `\`${name}\``).join(', ')} |`;
    });
    expect(tableUnder('| code | Stripe says |')).toEqual(rows);
  });

  it('names the version of the API', () => {
    expect(PAGE).toContain(`\`${STRIPE_API_VERSION}\``);
  });

  it('says of every fault of an account what to ask Stripe for', () => {
    const shown = ['raw card data', '[card][moto]', 'mit_exemption'];
    for (const message of shown) expect(PAGE).toContain(misconfigured(400, { message }).message);
  });

  it('names the brands of Stripe’s that are not shown', () => {
    const words = Object.keys(STRIPE_BRANDS).filter((word) => STRIPE_BRANDS[word] === null);
    const [last, ...others] = words.toReversed().map((word) => `\`${word}\``);
    expect(PAGE).toContain(`The words ${others.toReversed().join(', ')} and ${last} are brands`);
  });

  it('lists events that are listened to', () => {
    const events = [...PAGE.matchAll(/^ {2}((?:\w+\.)+\w+)$/gm)].map((match) => match[1] ?? '');
    expect(events.length).toBeGreaterThan(10);
    expect(events.filter((type) => !isRelevant(type))).toEqual([]);
  });
});

/** The rows of the table whose head begins so. */
function tableUnder(head: string): string[] {
  const lines = PAGE.split('\n');
  const start = lines.findIndex((line) => line.startsWith(head)) + 2;
  const end = lines.findIndex((line, n) => n > start && !line.startsWith('|'));
  return lines.slice(start, end);
}
