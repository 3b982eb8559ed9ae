// What the judge of limits, keys, order, batches and ticks is shown. Plain data: the tables as they
// are in the end, what the jobs wrote down, what clients were answered, and who was killed.

import type { Kill } from "../crash-check.ts";
import type { Recorded } from "../project.ts";

/** A job as its row tells it. Times are `monotonic()`, in milliseconds. */
export interface JobStory {
  readonly id: number;
  readonly name: string;
  readonly state: string;
  readonly fence: number;
  readonly attempts: number;
  readonly createdAt: number;
  /** null while it lives. */
  readonly finishedAt: number | null;
  /** Name of its last error; null without one. */
  readonly error: string | null;
  readonly batchId: number | null;
  readonly wants: Wants;
}

/** What a job asked for when it was enqueued. */
export interface Wants {
  readonly slots: readonly Slot[];
  /** Nobody else has it while the job lives. */
  readonly uniqueKey: string | null;
  /** Ids of the jobs that have to end first. */
  readonly after: readonly number[];
  readonly ifDependencyFails: "fail" | "run";
  /** Its every run fails. */
  readonly doomed: boolean;
  /** Of the batch that it follows, and as what. */
  readonly follows: { readonly batch: number; readonly as: Callback } | null;
  /** The recurring task that enqueued it. */
  readonly task: string | null;
}

export interface Slot {
  readonly key: string;
  /** How many slots the key has, the same for all who ask. */
  readonly limit: number;
}

export type Callback = "finish" | "success" | "failure";

export interface Freeze {
  readonly pid: number;
  readonly from: number;
  readonly until: number;
}

/** What a client was answered about a unique key, and when it had asked. */
export interface Asked {
  readonly key: string;
  readonly id: number;
  readonly outcome: string;
  readonly from: number;
  readonly until: number;
}

export interface BatchStory {
  readonly id: number;
  readonly state: string;
}

/** A recurring task of every so many milliseconds that makes up for all it missed. */
export interface TaskStory {
  readonly key: string;
  readonly everyMs: number;
  /** It was there from `since` until `until`, by the clock of the store. */
  readonly since: number;
  readonly until: number;
}

/** Of the ledger. `at` and `recordedAt` by the clock of the store. */
export interface TickStory {
  readonly key: string;
  readonly at: number;
  readonly recordedAt: number;
  readonly jobId: number | null;
}

export interface FlowEvidence {
  readonly jobs: readonly JobStory[];
  readonly records: readonly Recorded[];
  readonly kills: readonly Kill[];
  readonly freezes: readonly Freeze[];
  /** Ids whose enqueue was acknowledged. */
  readonly acknowledged: readonly number[];
  /** Ids that somebody asked to cancel. */
  readonly cancelled: readonly number[];
  readonly asked: readonly Asked[];
  readonly batches: readonly BatchStory[];
  /** Ids of batches whose seal was acknowledged. */
  readonly sealed: readonly number[];
  readonly tasks: readonly TaskStory[];
  readonly ticks: readonly TickStory[];
  /** How long before its commit a row may have been stamped; 0 where writers stand in line. */
  readonly stampMs: number;
  /** Rows that nobody should have left behind, by what they are. */
  readonly leftovers: Readonly<Record<string, number>>;
}

/** How far the clock of the store may be from ours after it was translated, in milliseconds. */
export const clockSlackMs = 25;
