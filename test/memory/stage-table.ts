import type { Program } from '../support/program.js';
import type { Stages } from './stages.js';

/** One moment at which the memory is scanned. */
export interface Stage {
  readonly name: string;
  /** Whole numbers that may be there then: those of live captures. */
  readonly whole: number;
  /** From the moment before to this one. */
  readonly go: (stages: Stages, program: Program) => Promise<void>;
}

/** What becomes of `captures`, a multiple of four, eight or more: a quarter each is completed, cancelled, hung up. */
export function stageTable(captures: number): readonly Stage[] {
  const quarter = captures / 4;
  return [
    { name: 'idle', whole: 0, go: (stages) => stages.talk() },
    {
      name: 'after eight digits',
      whole: 0,
      async go(stages) {
        await stages.arm();
        await stages.firstDigits();
      },
    },
    { name: 'within the expiry', whole: captures, go: (stages) => stages.number() },
    { name: 'completed', whole: 3 * quarter, go: (stages) => stages.expiry(quarter, 'completed') },
    { name: 'cancelled', whole: 2 * quarter, go: (stages) => stages.cancel(quarter) },
    { name: 'hung up', whole: quarter, go: (stages) => stages.hangUp(quarter) },
    { name: 'after messages that could not be read', whole: quarter, go: (stages) => stages.parseErrors() },
    {
      name: 'after SIGTERM',
      whole: quarter - 1,
      async go(stages, program) {
        program.signal('SIGTERM');
        await stages.expiry(1, 'completed');
      },
    },
    {
      name: 'after Redis died',
      whole: 0,
      async go(stages, program) {
        program.redis.pause();
        await stages.expiry(quarter - 1, 'failed');
      },
    },
  ];
}
