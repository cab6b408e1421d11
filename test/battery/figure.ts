import type { Receiver } from './receiver.js';

/** One number of a row. */
export interface Figure {
  readonly name: string;
  /** Null: nowhere along the curve, such as a level from which on nothing is heard any more. */
  readonly value: number | null;
  readonly unit: string;
  /** Trials that it counts those of that went right; or hours of sound in which it counts what should not be there. */
  readonly of?: number;
  readonly hours?: number;
  /** What is asked for, and to which side of it a number is better. */
  readonly target?: number;
  readonly better: 'higher' | 'lower';
}

/** Trials at one value of what is varied. */
export interface Point {
  readonly at: number;
  readonly right: number;
  readonly of: number;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly Point[];
}

export interface Result {
  readonly figures: readonly Figure[];
  readonly curves?: readonly Curve[];
}

/** `full` is for figures to be published, `small` for a check in seconds. */
export type Effort = 'small' | 'full';

/** 8 kHz, 16-bit units. */
export interface Sound {
  readonly music: boolean;
  readonly samples: Float64Array | Int16Array;
}

export interface Setting {
  readonly effort: Effort;
  readonly seed: number;
  /** Voices and music: what keys are heard over, and where no key may be heard. */
  readonly sounds: readonly Sound[];
}

/** A row of the battery. */
export interface Row {
  readonly name: string;
  measure(receiver: Receiver, setting: Setting): Result;
}

/** A figure without a target is met by any number. */
export function met({ value, target, better }: Figure): boolean {
  if (target === undefined) return true;
  return value !== null && (better === 'higher' ? value >= target : value <= target);
}

/** The last point before the first at which a trial went wrong. */
export function lastAlways(points: readonly Point[]): number | null {
  let last: number | null = null;
  for (const { at, right, of } of points) {
    if (right < of) break;
    last = at;
  }
  return last;
}

/** The first point from which on no trial was right. */
export function firstNever(points: readonly Point[]): number | null {
  let first: number | null = null;
  for (const { at, right } of points.toReversed()) {
    if (right > 0) break;
    first = at;
  }
  return first;
}

/** From one number to another, both with it. */
export function grid(from: number, to: number, step: number): number[] {
  const count = Math.round(Math.abs(to - from) / step);
  return Array.from({ length: count + 1 }, (_, n) => round(from + Math.sign(to - from) * n * step));
}

/** Keeps what a multiple of a decimal fraction should be. */
export const round = (value: number): number => Math.round(value * 1e6) / 1e6;
