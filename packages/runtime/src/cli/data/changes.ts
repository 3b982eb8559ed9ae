// When to look at the store again, for a command that waits: soon after each commit, at most so
// often, and never on a timer alone.

import { setTimeout as wait } from "node:timers/promises";
import type { Store, Watch } from "@queue-runtime/store";

/** Between two looks, in milliseconds: a busy store commits a thousand times a second. */
const restMs = 20;

export class Changes implements Disposable {
  readonly #watch: Watch;
  /** Also before the first look. */
  #pending = true;
  #wake: (() => void) | null = null;
  #looked = 0;
  /** A watch keeps no process alive, and there is nothing else while we wait. */
  readonly #alive = setInterval(() => undefined, 2_147_483_647);

  constructor(store: Store) {
    this.#watch = store.watch(() => this.tell());
  }

  /** Something happened; `next` resolves. */
  tell(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves when something happened since it resolved last; at once the first time. */
  async next(): Promise<void> {
    if (!this.#pending) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = null;
    const rest = this.#looked + restMs - performance.now();
    if (this.#looked > 0 && rest > 0) await wait(rest);
    this.#pending = false;
    this.#looked = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#alive);
    this.#watch.close();
  }
}
