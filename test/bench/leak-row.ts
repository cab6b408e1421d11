export type Effort = 'small' | 'full';
export type Field = 'closed' | 'open';

/** Of `all` keys, those of which any sample came out. */
export interface LeakRow {
  /** What was keyed, in plain words. */
  readonly keys: string;
  readonly field: Field;
  readonly leaky: number;
  readonly all: number;
}
