// `start --until-empty`: notices that nothing is ready, running, blocked or due within the second.

import type { Store, Watch } from "@queue-runtime/store";
import { Loop } from "../service/loop.ts";

/** Looks at most this often, and at least this often when no change is announced; milliseconds. */
const shortestMs = 20;
const longestMs = 500;
/** A job due sooner than this is waited for, in milliseconds. */
const soonMs = 1_000;

export class UntilEmpty {
  readonly #store: Store;
  readonly #loop: Loop;
  readonly #watch: Watch;
  #soon: NodeJS.Timeout | undefined;

  constructor(store: Store, empty: () => void) {
    this.#store = store;
    this.#loop = new Loop(
      async () => {
        if (await this.#isEmpty()) empty();
        return longestMs;
      },
      () => longestMs,
    );
    this.#watch = store.watch(() => {
      this.#soon ??= setTimeout(() => {
        this.#soon = undefined;
        this.#loop.wake();
      }, shortestMs);
    });
    this.#loop.start();
  }

  close(): void {
    this.#watch.close();
    clearTimeout(this.#soon);
    void this.#loop.stop();
  }

  async #isEmpty(): Promise<boolean> {
    const { busy, nextInMs } = await this.#store.jobs.outstanding();
    return !busy && (nextInMs === null || nextInMs > soonMs);
  }
}
