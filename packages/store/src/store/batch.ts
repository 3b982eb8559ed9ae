// A batch: jobs that belong together, and the jobs that follow when all of them have ended.

import type { NewJob } from "../job.ts";
import type { Json } from "../json.ts";

export interface NewBatch {
  /** For people; null by default. */
  readonly description?: string | null;
  /** Whatever the author wants to know again; null by default. */
  readonly metadata?: Json;
  /** Enqueued once all jobs have ended, whatever became of them. Args null: `{ "batch": id }`. */
  readonly onFinish?: NewJob;
  /** The same when all of them finished. */
  readonly onSuccess?: NewJob;
  /** The same when one of them failed or was cancelled. */
  readonly onFailure?: NewJob;
}

/**
 * `open`: jobs are still being added, so it cannot be over. `sealed`: over as soon as nothing of it
 * lives; until then its own jobs may add others. `succeeded`, `failed`: over, its callbacks are
 * enqueued, and nothing can be added. A job that was discarded counts as finished; one that was
 * cancelled as failed. A retry afterwards changes nothing about the batch.
 */
export type BatchState = "open" | "sealed" | "succeeded" | "failed";

export interface Batch {
  readonly id: number;
  readonly description: string | null;
  readonly metadata: Json;
  readonly state: BatchState;
  /** Of all its jobs, but for those that somebody discarded. */
  readonly jobs: {
    readonly total: number;
    readonly pending: number;
    readonly finished: number;
    readonly failed: number;
    readonly cancelled: number;
  };
  readonly createdAt: number;
  readonly finishedAt: number | null;
}
