// Slots and rates as a store keeps them: their upkeep, their limits, and questions about them.

import type { Maintained, Reason } from "../flow.ts";
import type { Job } from "../job.ts";
import type { Gated, Held } from "../turn.ts";

/** The upkeep of slots and rates, which otherwise follow from what happens to jobs. */
export interface Flow {
  /**
   * The second path, for what the first missed: frees expired slots whose holders are gone,
   * refreshes those of the living, takes up what was left undone, and makes at most one blocked job
   * per key ready; looks at no more than `limit` keys.
   */
  maintain(limit: number): Promise<Maintained>;

  /** Frees slots of rates that have rested, and makes the jobs ready that they allow. */
  refill(): Promise<Maintained>;

  /**
   * How many slots a job of this name may see for its `concurrency` gates, whatever was written when
   * it was enqueued; null takes that back. In force at once, also for jobs that wait.
   */
  limit(jobName: string, limit: number | null): Promise<void>;

  /** Makes the limits of a source exactly these, by job name; as in `Queues.define`. */
  define(source: string, limits: Readonly<Record<string, number>>): Promise<void>;

  /** What `limit` and `define` were told. */
  limits(): Promise<Readonly<Record<string, number>>>;

  /**
   * Takes one slot of a key for a rate, for work that is no job of its own. Answers 0 when it was
   * free, or how long until one is, in milliseconds; then nothing is taken.
   */
  take(key: string, rate: { readonly limit: number; readonly perMs: number }): Promise<number>;

  /**
   * Jobs with these names that wait for their turn in a fair queue and came by name alone, most
   * urgent first, at most `limit` of each queue and name: nobody knows yet whose turn is theirs.
   */
  unseen(names: readonly string[], limit: number): Promise<readonly Job[]>;

  /**
   * Gives such jobs what a `gated` settlement gives to a run, also when it is nothing; those that
   * have moved on are left alone.
   */
  gate(jobs: readonly (Held & Gated)[]): Promise<void>;

  /** Every reason why a job is not running; null when there is no such job. */
  why(id: number): Promise<readonly Reason[] | null>;
}
