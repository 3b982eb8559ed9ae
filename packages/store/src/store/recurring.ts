// Recurring tasks and the ledger of their ticks. When a tick is due is computed by the scheduler;
// that each happens at most once, whoever asks and however often, is kept here.

import type { NewJob } from "../job.ts";

export interface NewTask {
  /** Its name, unique in the store; 1 to 200 characters. */
  readonly key: string;
  /** As it was written: cron of 5 or 6 fields, `@daily`, `every 10m`. */
  readonly schedule: string;
  /** An IANA name; null: UTC. */
  readonly timeZone: string | null;
  readonly job: Pick<NewJob, "name" | "args" | "queue" | "priority" | "gates" | "uniques">;
  readonly description: string | null;
  /** Of ticks that were missed: none, the newest, or all of them, oldest first. */
  readonly catchUp: "none" | "one" | "all";
}

export interface RecurringTask extends NewTask {
  /**
   * Who defined it: `file:NAME` for a configuration, `code:NAME` for job modules loaded by it, or
   * `runtime` for people. Each may only change its own.
   */
  readonly source: string;
  readonly paused: boolean;
  /** Raised by every change of the definition. */
  readonly version: number;
  /** When it was defined, or its schedule changed: ticks before are not missed. */
  readonly since: number;
  readonly lastTickAt: number | null;
}

/** A tick as it was recorded with its job. Kept for 7 days, the newest of a task always. */
export interface RecurringTick {
  readonly key: string;
  /** When it was due, in milliseconds since 1970. */
  readonly at: number;
  /** When it was recorded. */
  readonly recordedAt: number;
  /** null where the job was not created, because of its gates or its uniqueness. */
  readonly jobId: number | null;
}

export interface Tick {
  readonly key: string;
  /** Of the definition that it was computed from. */
  readonly version: number;
  readonly at: number;
}

export type TickAnswer =
  /** Recorded, with its job, in one transaction. */
  | { readonly outcome: "enqueued"; readonly jobId: number }
  /** Recorded; its job was discarded or exists already. */
  | { readonly outcome: "skipped"; readonly jobId: number | null }
  /** Somebody else recorded it, or a later one; nothing happened. */
  | { readonly outcome: "taken" }
  /** The task is paused, gone, or has another definition by now; nothing happened. */
  | { readonly outcome: "stale" };
