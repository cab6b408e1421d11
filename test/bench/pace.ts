import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** How work went: in each second, and how long each piece of it took. */
export interface Pace {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  failed: number;
}

/** One piece of work; `n` counts all that were begun. */
export type Work = (n: number) => Promise<unknown>;

const MICROSECONDS = 1_000;

/** As fast as it goes, with so many pieces at once. */
export async function flatOut(work: Work, atOnce: number, seconds: number): Promise<Pace> {
  const took = createHistogram();
  const began = performance.now();
  const end = began + seconds * 1_000;
  let next = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    for (let start = performance.now(); start < end; start = performance.now()) {
      if (!(await succeeds(work, next++))) failed++;
      record(took, performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return paceOf(took, performance.now() - began, failed);
}

/**
 * At a fixed rate, by an absolute clock, however slow the answers are, until `over` says so: a piece took as long as it
 * was late.
 */
export async function atRate(work: Work, perSecond: number, over: () => boolean): Promise<Pace> {
  const took = createHistogram();
  const pending = new Set<Promise<void>>();
  const began = performance.now();
  let next = 0;
  let failed = 0;
  const piece = async (due: number): Promise<void> => {
    if (!(await succeeds(work, next++))) failed++;
    record(took, performance.now() - due);
  };
  while (!over()) {
    const step = 1_000 / perSecond;
    for (let due = began + next * step; due <= performance.now(); due = began + next * step) {
      const working = piece(due).finally(() => pending.delete(working));
      pending.add(working);
    }
    await sleep(1);
  }
  await Promise.all(pending);
  return paceOf(took, performance.now() - began, failed);
}

/** For `atRate`: over after so long. */
export function after(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1_000;
  return () => performance.now() >= end;
}

async function succeeds(work: Work, n: number): Promise<boolean> {
  try {
    await work(n);
    return true;
  } catch {
    return false;
  }
}

/** Histograms take whole numbers from 1. */
function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.max(1, Math.round(ms * MICROSECONDS)));
}

function paceOf(took: RecordableHistogram, ms: number, failed: number): Pace {
  return {
    perSecond: (took.count / ms) * 1_000,
    p50Ms: took.percentile(50) / MICROSECONDS,
    p99Ms: took.percentile(99) / MICROSECONDS,
    failed,
  };
}
