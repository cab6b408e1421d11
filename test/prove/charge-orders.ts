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
] as const;
export type FailPoint = (typeof FAIL_POINTS)[number];

/** What a process that makes charges is told. */
export interface MakerOrder {
  redisUrl: string;
  keyFile: string;
  pspUrl: string;
  pspSecret: string;
  pspCa: string;
  graceMs: number;
  tokens: readonly string[];
  jobs: readonly number[];
  /** Null: it lives. */
  failPoint: FailPoint | null;
  failAfter: number;
  /** It goes on until every job of its own is done, and everything is settled. */
  last: boolean;
  /** It sends again what nobody knows. */
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

/** One in four is keyed within a capture; the others charge a token. */
export function isKeyed(job: number): boolean {
  return job % 4 === 1;
}

/** One in eleven is declined by its amount (the simulated provider's scenarios). */
export function amountOf(job: number): number {
  return job % 11 === 10 ? 990_001 : 1_000 + (job % 1_000);
}

/** How much of a job is given back; 0: nothing. */
export function refundOf(job: number): number {
  return job % 5 === 4 ? 400 : 0;
}
