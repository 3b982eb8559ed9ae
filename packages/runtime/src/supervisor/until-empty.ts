// `start --until-empty`: notices that nothing is ready, running, blocked or due within the second.
// Jobs that nobody takes keep it waiting; it says so, because nobody may be watching.

import type { Store, Watch } from "@queue-runtime/store";
import type { Log } from "../log.ts";
import { monotonic } from "../process/monotonic.ts";
import { Loop } from "../service/loop.ts";

/** Looks at most this often, and at least this often when no change is announced; milliseconds. */
const shortestMs = 20;
const longestMs = 500;
/** A job due sooner than this is waited for, in milliseconds. */
const soonMs = 1_000;
/** When nothing has run for so long although jobs are ready, they wait in vain; milliseconds. */
const inVainMs = 2_000;

export class UntilEmpty {
  readonly #store: Store;
  readonly #log: Log;
  readonly #loop: Loop;
  readonly #watch: Watch | null;
  #soon: NodeJS.Timeout | undefined;
  #idleSince: number | null = null;
  #said = false;

  constructor(store: Store, log: Log, empty: () => void) {
    this.#store = store;
    this.#log = log;
    // what ails the store is said by those who need it; this only looks again
    this.#loop = new Loop(
      async () => {
        if (await this.#isEmpty()) empty();
        return longestMs;
      },
      () => longestMs,
    );
    this.#watch = store.shared ? null : store.watch(() => this.hear());
    this.#loop.start();
  }

  /** Something changed in the store. */
  hear(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#loop.wake();
    }, shortestMs);
  }

  close(): void {
    this.#watch?.close();
    clearTimeout(this.#soon);
    void this.#loop.stop();
  }

  async #isEmpty(): Promise<boolean> {
    const { busy, nextInMs } = await this.#store.jobs.outstanding();
    if (busy) await this.#noticeIdleness();
    return !busy && (nextInMs === null || nextInMs > soonMs);
  }

  async #noticeIdleness(): Promise<void> {
    const [running] = await this.#store.jobs.list({ states: ["running"], limit: 1 });
    if (running) {
      this.#idleSince = null;
      return;
    }
    this.#idleSince ??= monotonic();
    if (this.#said || monotonic() - this.#idleSince < inVainMs) return;
    this.#said = true;
    for (const { name, ready, paused } of await this.#store.queues.list()) {
      if (ready > 0) this.#log.report({ type: "queue-in-vain", queue: name, ready, paused });
    }
  }
}
