// The contract of a store, written for its callers. `sqlite.ts` and `postgres.ts` implement it; one
// suite (`test/store/contract.ts`) runs against both. Every method may reject with StoreError.

import type { QueueSettings } from "./flow.ts";
import type { Enqueued, Job, JobDetails, JobState, NewJob } from "./job.ts";
import type { Beat, Evidence, NewProcess, Process, RecoveredJob } from "./process.ts";
import type { Batch, BatchState, NewBatch } from "./store/batch.ts";
import type { Commands } from "./store/commands.ts";
import type { Flow } from "./store/flow.ts";
import type { Queue } from "./store/queue.ts";
import type { NewTask, RecurringTask, RecurringTick, Tick, TickAnswer } from "./store/recurring.ts";
import type { News, Watch, WatchOptions } from "./store/watch.ts";
import type { Turn, TurnAnswer } from "./turn.ts";

export interface Store {
  /** Where the data is, without a password; for messages. */
  readonly url: string;
  /**
   * Several hosts may use it, over a network that can break. A host then has one `watch`, in its
   * supervisor, which passes the news on; and it may lose its jobs while it cannot reach the store.
   */
  readonly shared: boolean;
  readonly jobs: Jobs;
  readonly queues: Queues;
  readonly processes: Processes;
  readonly flow: Flow;
  readonly batches: Batches;
  readonly recurring: Recurring;
  readonly commands: Commands;

  /** Brings the schema up to date under a lock. Throws StoreError `newer-schema` and the like. */
  migrate(): Promise<Migration>;

  /** What the schema is, and what this program would make of it; writes nothing. */
  schema(): Promise<Migration>;

  /** The SQL that `migrate` would run now; empty when nothing is missing. Writes nothing. */
  migrationSql(): Promise<string>;

  /**
   * Enqueues inside a transaction that the caller has open on its own connection: a `DatabaseSync`
   * of SQLite; a client of pg, or a transaction of kysely, drizzle, knex or prisma. The rows live
   * and die with that transaction.
   */
  in(transaction: unknown): Pick<Jobs, "enqueue">;

  /**
   * Calls `listener` soon after another connection committed something (about a millisecond), or
   * at the next poll where changes cannot be watched. Calls are coalesced and may be in vain.
   */
  watch(listener: (news: News) => void, options?: WatchOptions): Watch;

  /** Facts for `runtime doctor`, worded for people. */
  diagnose(): Promise<readonly Diagnosis[]>;

  close(): Promise<void>;
}

export interface Jobs {
  /**
   * One answer per job, in order; all or none. Durable when it resolves. Throws StoreError `conflict`
   * when a job with `onConflict: "fail"` finds no slot, and `invalid` for an unknown id or batch.
   */
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;

  /** Settles, saves checkpoints and claims, in one transaction; see turn.ts. */
  turn(turn: Turn): Promise<TurnAnswer>;

  /** Makes due jobs ready, or blocked where a slot is missing; at most `limit` of them. */
  dispatch(limit: number): Promise<Dispatched>;

  /**
   * Takes every job from a process that ended: a run that had started is a crash, a claim that had
   * not counts as nothing. Also removes the row of the process. Repeating it changes nothing.
   */
  recover(processId: number, evidence: Evidence): Promise<readonly RecoveredJob[]>;

  find(id: number): Promise<JobDetails | null>;

  /** Oldest first. */
  list(filter: JobFilter): Promise<readonly Job[]>;

  /** Every state has a number. */
  count(): Promise<Readonly<Record<JobState, number>>>;

  /** What is left to do, at a cost that does not depend on how much that is. */
  outstanding(): Promise<Outstanding>;

  /** Names of ready jobs that no registered worker has code for, with how many wait. */
  unknownNames(): Promise<readonly { readonly name: string; readonly ready: number }[]>;

  /**
   * Failed and cancelled jobs run again, counters at 0, from their cursor unless `fromStart`. Refused
   * is one that would take a unique key as a `ready` job which another job has; of two that were
   * asked for at once and have the same key, the one with the lower id is retried.
   */
  retry(ids: readonly number[], options: { readonly fromStart: boolean }): Promise<Actions>;

  /** A running job is asked to stop (`requested`); any other that has not ended is cancelled. */
  cancel(ids: readonly number[]): Promise<Actions>;

  /** Deletes jobs; a running one is refused. */
  discard(ids: readonly number[]): Promise<Actions>;

  /**
   * Deletes at most `limit` jobs that ended longer ago than their period; answers how many. Their
   * batches still count them, and are deleted when they have been over for longer than any of the
   * periods and have no job left.
   */
  clear(retention: Retention, limit: number): Promise<number>;
}

/** One answer per id that was asked for, in the same order. */
export type Actions = readonly Action[];

export interface Action {
  readonly id: number;
  readonly outcome: "retried" | "cancelled" | "requested" | "discarded" | "refused" | "unknown";
  /** One sentence, with `refused` and `unknown`. */
  readonly error?: string;
}

export interface JobFilter {
  readonly states?: readonly JobState[];
  readonly queue?: string;
  readonly name?: string;
  readonly processId?: number;
  readonly batchId?: number;
  /** Only those with a greater id: for the next page. */
  readonly beyond?: number;
  /** 50 by default. */
  readonly limit?: number;
}

export interface Dispatched {
  readonly moved: number;
  /** How long until the next scheduled job is due, by the store's clock; null when none is. */
  readonly nextInMs: number | null;
}

export interface Outstanding extends Pick<Dispatched, "nextInMs"> {
  /** Something is ready, running or blocked. */
  readonly busy: boolean;
}

/** How long jobs are kept after they ended, in milliseconds. */
export interface Retention {
  readonly finishedMs: number;
  readonly cancelledMs: number;
  readonly failedMs: number;
}

export interface Queues {
  /** Every queue that has jobs which are yet to end, is paused, or has settings; by name. */
  list(): Promise<readonly Queue[]>;
  /** No job of the queue is claimed until it is resumed; jobs that run go on. */
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  /**
   * What is true of every job of the queue from now on, also of those that wait in it; null for
   * nothing special. Runs go on as they are.
   */
  set(name: string, settings: QueueSettings | null): Promise<void>;
  /**
   * Makes the settings of a source exactly these: what it set before and does not name any more is
   * taken back, a name that somebody else set is taken over. What `set` sets is of nobody.
   */
  define(source: string, settings: Readonly<Record<string, QueueSettings>>): Promise<void>;
  /** Deletes ready jobs of the queue (`all`: everything that does not run); answers how many. */
  clear(name: string, options: { readonly all: boolean }): Promise<number>;
}

export interface Batches {
  /** Opens one; answers its id. */
  open(batch: NewBatch): Promise<number>;
  /** Nothing is added from outside any more; an empty one is over at once. Repeating it is fine. */
  seal(id: number): Promise<void>;
  find(id: number): Promise<Batch | null>;
  /** Newest first, 50 unless `limit` says otherwise. */
  list(filter?: {
    readonly states?: readonly BatchState[];
    readonly limit?: number;
  }): Promise<readonly Batch[]>;
}

export interface Recurring {
  /** The clock by which ticks are due, in milliseconds since 1970. */
  now(): Promise<number>;
  /** Makes the tasks of a source exactly these. A key that another source has is refused, `invalid`. */
  define(source: string, tasks: readonly NewTask[]): Promise<void>;
  /** Adds one task, or changes it; refused, `invalid`, when another source has the key. */
  add(source: string, task: NewTask): Promise<void>;
  /** False when there is no such task; refused, `invalid`, when it is not of that source. */
  remove(source: string, key: string): Promise<boolean>;
  /** False when there is no such task. A task that is resumed has missed nothing. */
  pause(key: string, on: boolean): Promise<boolean>;
  /** By key. */
  list(): Promise<readonly RecurringTask[]>;
  /**
   * Records a tick and enqueues its job, in one transaction; at most once per (task, tick), and
   * never one that is not later than the last.
   */
  tick(tick: Tick): Promise<TickAnswer>;
  /** The newest first. */
  ticks(key: string, limit: number): Promise<readonly RecurringTick[]>;
}

export interface Processes {
  /** Answers the id, which is never reused. */
  register(process: NewProcess): Promise<number>;
  /** Records the names a worker has code for. */
  ready(id: number, names: readonly string[]): Promise<void>;
  /** One statement for all; answers the ids that are no longer registered. */
  heartbeat(beats: readonly Beat[]): Promise<readonly number[]>;
  /** Removes rows of processes that handed everything back; jobs they still hold are released. */
  deregister(ids: readonly number[]): Promise<void>;
  list(): Promise<readonly Process[]>;
  /**
   * Processes silent for longer than `thresholdMs`. It waits while nobody can write, so that what it
   * answers was true when they could have beaten.
   */
  silent(thresholdMs: number): Promise<readonly Process[]>;
  /**
   * Recovers the jobs of processes silent for longer than `thresholdMs`, and removes their rows:
   * of all of them, or only `among` these ids.
   */
  prune(thresholdMs: number, among?: readonly number[]): Promise<readonly PrunedProcess[]>;
}

export interface PrunedProcess {
  readonly process: Process;
  readonly silentMs: number;
  readonly jobs: readonly RecoveredJob[];
}

export interface Migration {
  /** Schema version found; 0 for an empty store. */
  readonly from: number;
  /** Schema version this program knows. */
  readonly to: number;
}

export interface Diagnosis {
  readonly check: string;
  readonly status: "ok" | "warning" | "error";
  readonly detail: string;
}
