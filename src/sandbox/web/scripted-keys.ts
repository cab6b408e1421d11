/** How a person keys: so long down, so long up, in ms, each time a little different. */
const DOWN_MS = [90, 160] as const;
const UP_MS = [110, 200] as const;

/** Plays keys one by one with a person's timing, until done or stopped. */
export class ScriptedKeys {
  #playing: symbol | null = null;

  get running(): boolean {
    return this.#playing !== null;
  }

  stop(): void {
    this.#playing = null;
  }

  async play(keys: string, press: (key: string) => void, release: () => void): Promise<void> {
    const mine = (this.#playing = Symbol('keys'));
    for (const key of keys) {
      press(key);
      await pause(DOWN_MS);
      if (this.#playing !== mine) return;
      release();
      await pause(UP_MS);
      if (this.#playing !== mine) return;
    }
    this.#playing = null;
  }
}

function pause([least, most]: readonly [number, number]): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, least + Math.random() * (most - least)));
}
