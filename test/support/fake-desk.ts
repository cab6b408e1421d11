import type { DeskView } from '../../src/call/calls.js';
import { FakeCalls } from './http-world.js';

/** Calls whose desk a test sets as it likes. */
export class FakeDesk extends FakeCalls {
  readonly #views = new Map<string, DeskView>();
  readonly #watchers = new Set<(view: DeskView) => void>();

  readonly #leaving: (() => void)[] = [];

  get watched(): number {
    return this.#watchers.size;
  }

  /** Resolves when somebody stops watching. */
  left(): Promise<void> {
    return new Promise((resolve) => this.#leaving.push(resolve));
  }

  show(view: DeskView): void {
    this.#views.set(view.call.id, view);
    for (const watcher of this.#watchers) watcher(view);
  }

  override watchDesk(_merchant?: string, watcher?: (view: DeskView) => void): () => void {
    if (!watcher) return () => {};
    this.#watchers.add(watcher);
    for (const view of this.#views.values()) watcher(view);
    return () => {
      this.#watchers.delete(watcher);
      for (const tell of this.#leaving.splice(0)) tell();
    };
  }
}
