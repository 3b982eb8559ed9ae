// What somebody who runs jobs must provide for one run. The runtime provides it from threads and
// processes, the test kit from memory; `perform` needs nothing else.

import type { Enqueued, Job, NewJob } from "@queue-runtime/store";
import type { Position } from "./outcome.ts";

/** Why a run should end now. `stop`: this process ends. The others end only this run. */
export type StopReason = "stop" | "cancel" | "timeout" | "lost";

/** The part of a stored job that a run needs: plain data. */
export type RunJob = Pick<
  Job,
  | "id"
  | "name"
  | "queue"
  | "args"
  | "priority"
  | "attempts"
  | "interruptions"
  | "crashes"
  | "fence"
  | "cursor"
  | "progress"
  | "label"
  | "batchId"
  | "runAt"
  | "createdAt"
>;

/** A pino-shaped logger, bound to the job. */
export interface Logger {
  debug(fields: object, message: string): void;
  debug(message: string): void;
  info(fields: object, message: string): void;
  info(message: string): void;
  warn(fields: object, message: string): void;
  warn(message: string): void;
  error(fields: object, message: string): void;
  error(message: string): void;
}

export interface Run {
  readonly job: RunJob;
  readonly log: Logger;

  /** Names of the interruption adapters of jobs that name none; `["runtime"]` by default. */
  readonly interruptionAdapters?: readonly string[];

  /**
   * Asked between items and whenever job code looks at `context.stopping`: false to go on. Reads
   * shared memory, so it is true within microseconds even in code that never yields.
   */
  stopping(): StopReason | false;

  /**
   * Aborts on cancel, time-out, a lost fence, and when a shutdown can wait no longer. Its reason is
   * an AbortReason, and `stopping()` is not false by then. Made on first use: most jobs never look.
   */
  readonly signal: AbortSignal;

  /** Notes the newest position; cheap, called after every item. The runner decides when to save. */
  note(position: Position): void;

  /** Saves a position now; resolves when it is stored. Rejects when the fence is old. */
  save(position: Position): Promise<void>;

  /** Durable when it resolves. */
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;

  /**
   * Takes one slot of a whole key for a rate, at most `limit` in any `perMs` over all hosts. Answers
   * 0, or how long until one is free in milliseconds; then nothing is taken. See `Flow.take`.
   */
  take(key: string, rate: { readonly limit: number; readonly perMs: number }): Promise<number>;

  /** A monotonic clock in milliseconds, for `maxRuntime` and the like. */
  monotonic(): number;

  /** Uniform in [0, 1), for jitter. */
  random(): number;
}
