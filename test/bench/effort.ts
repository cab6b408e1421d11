export type Effort = 'small' | 'full';

/** What small effort leaves of a count. */
const SMALL = 0.1;

export function counted(count: number, effort: Effort): number {
  return effort === 'full' ? count : Math.ceil(count * SMALL);
}
