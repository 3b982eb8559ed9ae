// Words that were given, on their way to the store: those that come together are written together.

import { setImmediate as nextRound } from "node:timers/promises";
import type { Store } from "@queue-runtime/store";

export class Given {
  readonly #store: Store;
  readonly #ids = new Set<number>();
  #writing: Promise<void> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  note(id: number): void {
    this.#ids.add(id);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Resolves when all is stored, or the store did not take it. */
  async written(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    for (let ids: number[] = []; ; ) {
      await nextRound();
      ids = [...this.#ids];
      if (ids.length === 0) return;
      this.#ids.clear();
      try {
        await this.#store.commands.told(ids);
      } catch {
        // it goes with the next ones; said twice at worst
        for (const id of ids) this.#ids.add(id);
        return;
      }
    }
  }
}
