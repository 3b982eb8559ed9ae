// Notices the first command, for whom a process is worth its memory: at boot, and whenever
// something was written to the store; at most once a second where something always is, at once
// where hardly anything was. After the first command nobody watches here any more.

import type { Store, Watch } from "@queue-runtime/store";
import { monotonic } from "../../process/monotonic.ts";
import { isAway, type StoreHealth, type StoreUser } from "../../service/store-health.ts";

/** Between two looks, in milliseconds, in the long run. */
const everyMs = 1_000;
/** So many are saved up while nothing is written, each good for a look without a wait. */
const savedLooks = 10;

export interface FirstSightOptions {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly seen: () => void;
}

export class FirstSight {
  readonly #options: FirstSightOptions;
  readonly #user: StoreUser;
  #watch: Watch | undefined;
  #open = false;
  #looking = false;
  #nextAt = Number.NEGATIVE_INFINITY;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: FirstSightOptions) {
    this.#options = options;
    this.#user = options.health.user();
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    const { store } = this.#options;
    // a store that hosts share is watched by the newsroom
    if (!store.shared) this.#watch = store.watch(() => this.hear());
    this.hear();
  }

  close(): void {
    this.#open = false;
    this.#watch?.close();
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#user.gone();
  }

  /** Something was written. */
  hear(): void {
    if (!this.#open || this.#looking || this.#soon) return;
    this.#lookIn(Math.max(0, this.#nextAt - monotonic()));
  }

  #lookIn(ms: number): void {
    this.#soon = setTimeout(() => void this.#look(), ms);
  }

  async #look(): Promise<void> {
    this.#soon = undefined;
    this.#looking = true;
    this.#nextAt = Math.max(this.#nextAt, monotonic() - savedLooks * everyMs) + everyMs;
    let nextInMs: number | null = null;
    try {
      const some = await this.#options.store.commands.outstanding();
      this.#user.succeeded();
      if (some && this.#open) this.#options.seen();
    } catch (error) {
      // the heart tells of a store that is away, and of its end: it writes, where this only reads
      if (this.#open) nextInMs = isAway(error) ? everyMs : this.#user.failed(error);
    }
    this.#looking = false;
    if (nextInMs !== null) this.#lookIn(nextInMs);
  }
}
