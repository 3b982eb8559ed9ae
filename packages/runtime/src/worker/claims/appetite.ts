// When a worker looks into the store, and whether a claim is worth the while then. It knows nothing
// of what is claimed.

import type { News, Store, Watch } from "@queue-runtime/store";

/**
 * How long to leave jobs alone that others are just looking at: milliseconds, doubled each time.
 */
const shortestPauseMs = 2;
const longestPauseMs = 250;

export interface AppetiteOptions {
  readonly store: Store;
  readonly pollMs: number;
  readonly isIdle: () => boolean;
  readonly look: () => void;
}

export class Appetite {
  #hungry = true;
  /** Something was said that the claims under way may miss. */
  #whetted = false;
  readonly #options: AppetiteOptions;
  #watch: Watch | undefined;
  #poll: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  #inVain = 0;

  constructor(options: AppetiteOptions) {
    this.#options = options;
  }

  /** The supervisor of a host watches a shared store for all its children, and passes it on. */
  start(): void {
    const { store, pollMs, isIdle, look } = this.#options;
    if (!store.shared) this.#watch = store.watch(look, { pollMs, eager: true });
    // for what no commit announces: a suspect that a busy worker may take after a while
    this.#poll = setInterval(() => isIdle() || look(), pollMs);
  }

  /** Something claimable may be in the store. */
  get isHungry(): boolean {
    return this.#hungry;
  }

  whet(): void {
    this.#hungry = true;
    this.#whetted = true;
  }

  /** A claim goes out. It may find nothing of what comes into the store from now on. */
  asked(): void {
    this.#whetted = false;
  }

  hear(news: News): void {
    if (news !== "scheduled") this.#options.look();
  }

  /** What a claim brought: so many jobs, and whether one at once may find more. */
  fed(jobs: number, more: boolean): void {
    if (more) this.whet();
    else this.#hungry = this.#whetted;
    clearTimeout(this.#again);
    if (jobs > 0 || !more) this.#inVain = 0;
    else this.#lookAgain();
  }

  stop(): void {
    this.#watch?.close();
    clearInterval(this.#poll);
    clearTimeout(this.#again);
  }

  #lookAgain(): void {
    const pauseMs = Math.min(longestPauseMs, shortestPauseMs * 2 ** this.#inVain++);
    this.#again = setTimeout(this.#options.look, pauseMs * (0.5 + Math.random() / 2));
  }
}
