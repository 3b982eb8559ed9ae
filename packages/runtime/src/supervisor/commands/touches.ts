// What people did to running commands, on its way to the store: once per round of the event loop,
// and of each run only the newest.

import type { Store, Touched } from "@queue-runtime/store";
import { isAway, type StoreHealth } from "../../service/store-health.ts";

export class Touches {
  readonly #store: Store;
  readonly #health: StoreHealth;
  readonly #noted = new Map<number, Touched>();
  #writing: Promise<void> | null = null;

  constructor(store: Store, health: StoreHealth) {
    this.#store = store;
    this.#health = health;
  }

  note(run: Touched): void {
    this.#noted.set(run.id, run);
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was noted so far is stored. */
  async written(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const runs = [...this.#noted.values()];
    this.#noted.clear();
    const goOn = (error: unknown) => this.#store.shared && isAway(error);
    try {
      await this.#health.insist(() => this.#store.commands.touched(runs), { goOn });
    } catch {
      // said by those who need the store; the end of the run carries all of it again
    }
    this.#writing = this.#noted.size > 0 ? this.#write() : null;
  }
}
