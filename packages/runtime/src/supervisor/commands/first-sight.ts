// Notices the first command, for whom a process is worth its memory: at boot, and whenever
// something was written to the store, but at most once a second. After that nobody watches here any
// more.

import type { Store, Watch } from "@queue-runtime/store";
import { monotonic } from "../../process/monotonic.ts";
import type { StoreHealth } from "../../service/store-health.ts";

/** Between two looks, in milliseconds. */
const everyMs = 1_000;

export interface FirstSightOptions {
  readonly store: Store;
  readonly health: StoreHealth;
  readonly seen: () => void;
}

export class FirstSight {
  readonly #options: FirstSightOptions;
  #watch: Watch | undefined;
  #open = false;
  #looking = false;
  #nextAt = 0;
  #soon: NodeJS.Timeout | undefined;

  constructor(options: FirstSightOptions) {
    this.#options = options;
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
  }

  /** Something was written. */
  hear(): void {
    if (!this.#open || this.#looking || this.#soon) return;
    const wait = Math.max(0, this.#nextAt - monotonic());
    this.#soon = setTimeout(() => void this.#look(), wait);
  }

  async #look(): Promise<void> {
    this.#soon = undefined;
    this.#looking = true;
    this.#nextAt = monotonic() + everyMs;
    const user = this.#options.health.user();
    let again = false;
    try {
      const some = await this.#options.store.commands.outstanding();
      user.succeeded();
      if (some && this.#open) this.#options.seen();
    } catch (error) {
      user.failed(error);
      user.gone();
      again = true;
    }
    this.#looking = false;
    if (again) this.hear();
  }
}
