import type { CaptureView } from '../../src/capture/view.js';
import { systemClock, type Clock } from '../../src/clock.js';
import { startProgram, type Program, type ProgramOptions } from '../support/program.js';
import { startProvider, type Provider } from '../support/provider.js';
import type { Scan } from './memory-scan.js';
import { Stages } from './stages.js';

/** What a capture is to do, by the amounts of the simulated provider, and its end: status, reason, the charge's status. */
export interface Way {
  readonly way: string;
  readonly order: Readonly<Record<string, unknown>>;
  readonly end: string;
}

/** What the provider is slow with takes until it is let go: no machine is too slow for a scan amid it. */
class HeldPayments {
  static readonly SLOW_MS = 24 * 3_600_000;
  readonly #held: (() => void)[] = [];
  readonly clock: Clock = {
    ...systemClock,
    after: (ms, task) => {
      if (ms !== HeldPayments.SLOW_MS) return systemClock.after(ms, task);
      this.#held.push(task);
      return () => {};
    },
  };

  letGo(): void {
    for (const task of this.#held.splice(0)) task();
  }
}

/** A service whose callers' cards go some ways side by side. */
export class Charging {
  readonly stages: Stages;
  readonly #program: Program;
  readonly #provider: Provider;
  readonly #held: HeldPayments;

  private constructor(stages: Stages, program: Program, provider: Provider, held: HeldPayments) {
    this.stages = stages;
    this.#program = program;
    this.#provider = provider;
    this.#held = held;
  }

  static async begin(captures: number, options: ProgramOptions = {}): Promise<Charging> {
    const held = new HeldPayments();
    const { clock } = held;
    const provider = await startProvider({ takes: () => true, clock, slowMs: HeldPayments.SLOW_MS });
    const env = { ...provider.env, ...options.env };
    const program = await startProgram({ ...options, tls: true, env });
    return new Charging(await Stages.begin(program, captures), program, provider, held);
  }

  /** All codes are keyed, and each charge is on its way. */
  async key(ways: readonly Way[]): Promise<void> {
    const { stages } = this;
    // Doubts stay for longer than a capture is waited for.
    this.#provider.server.faults.next('nothing_then_500', { verb: 'look_up', times: 4 * ways.length });
    await stages.talk();
    await stages.arm(...ways.map(({ order }) => order));
    await stages.firstDigits();
    await stages.number();
    await stages.code();
  }

  /** What is in memory while the slow ones are at the provider: only so long. */
  amid(): Promise<Scan> {
    return this.stages.scan(() => this.#held.letGo());
  }

  /** How the capture of each way has ended. */
  async ended(): Promise<string[]> {
    return (await this.stages.ended()).map(endOf);
  }

  async close(): Promise<void> {
    await this.stages.close();
    await this.#program.stop();
    await this.#provider.close();
  }
}

function endOf({ status, reason, charge: taken }: CaptureView): string {
  return [status, reason ?? [], taken?.status ?? []].flat().join(', ');
}
