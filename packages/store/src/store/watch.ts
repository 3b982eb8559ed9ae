// How one learns that something changed in a store, without asking it again and again.

/**
 * What a worker or a dispatcher should look for. `ready`: a job became ready, or somebody wants one
 * cancelled. `scheduled`: a job is due sooner than was known. `any`: the store cannot tell.
 */
export type News = "ready" | "scheduled" | "any";

export interface WatchOptions {
  /** How often to look where changes cannot be watched, and as a backstop; 1,000 by default. */
  readonly pollMs?: number;
  /** Hears of a change sooner, for a millisecond of its event loop; false by default. */
  readonly eager?: boolean;
  /**
   * Hears, in one sentence, why changes are only polled for; and null once they are announced
   * again.
   */
  readonly health?: (trouble: string | null) => void;
}

export interface Watch {
  close(): void;
}
