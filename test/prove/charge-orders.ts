/** Where a process that makes charges may die. */
export const FAIL_POINTS = [
  'before the intent',
  'after the intent',
  'before it is sent',
  'once it is sent',
  'after the answer',
  'after the outcome',
  'before a refund',
  'after a refund',
  'before a page',
  'after a page',
  'before a page is closed',
  'after a page is closed',
] as const;
export type FailPoint = (typeof FAIL_POINTS)[number];

/** What a process that makes charges is told. */
export interface MakerOrder {
  redisUrl: string;
  keyFile: string;
  pspUrl: string;
  pspSecret: string;
  pspCa: string;
  webhookSecret: string;
  graceMs: number;
  tokens: readonly string[];
  jobs: readonly number[];
  /** Null: it lives. */
  failPoint: FailPoint | null;
  failAfter: number;
  /** It goes on until every job of its own is done, it is told to end, and everything is settled. */
  last: boolean;
  /** It sends again what nobody knows, and takes pages that are open for closed. */
  broken: boolean;
}

/** What a job's charge is asked for under, or is called. */
export function nameOf(job: number): string {
  return `job ${job}`;
}

/** The job that is called so. */
export function jobOf(name: string | null): number {
  return Number(name?.replace('job ', ''));
}

/** Two in eight are keyed within a capture, one is paid on a page; the others charge a token. */
export function isKeyed(job: number): boolean {
  return job % 4 === 1;
}

export function isPaged(job: number): boolean {
  return job % 8 === 3;
}

/** What becomes of pages: what the payer does, and the agent. */
const PAGE_PLANS = [
  'paid',
  'paid in two windows at once',
  'refused by the payer, then paid',
  'left',
  'paid too late',
  'closed, then paid',
  'closed while it is paid',
  'closed, and another one made for the same capture',
] as const;
export type PagePlan = (typeof PAGE_PLANS)[number];

export function pagePlanOf(job: number): PagePlan {
  return PAGE_PLANS[Math.floor(job / 8) % PAGE_PLANS.length] ?? 'left';
}

/** Every other card that is typed on a page is kept for later charges. */
export function keepsCard(job: number): boolean {
  return job % 16 === 3;
}

/** So long a page can be paid on. */
export const PAGE_MS = 5_000;

/** Amounts whose webhooks are told first, twice, out of order, forged as well, or not at all. */
const WRONGLY_TOLD = [990_041, 990_042, 990_043, 990_044, 990_045];

/** One in eleven is declined by its amount (the simulated provider's scenarios). */
export function amountOf(job: number): number {
  if (job % 11 === 10) return 990_001;
  return (isPaged(job) ? WRONGLY_TOLD[job % 7] : undefined) ?? 1_000 + (job % 1_000);
}

/** How much of a job is given back; 0: nothing. */
export function refundOf(job: number): number {
  return job % 5 === 4 ? 400 : 0;
}

/** How much of it somebody gives back in the provider's own console. */
export function refundElsewhereOf(job: number): number {
  return job % 9 === 4 ? 100 : 0;
}
