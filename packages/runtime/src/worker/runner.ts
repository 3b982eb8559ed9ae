// Where jobs run: on threads or on the main loop. A runner has numbered slots, one run each; it
// knows nothing of stores and claims, and reports what happens through its listener.

import type { Outcome, Position, Run, RunJob } from "@queue-runtime/job";
import type { Enqueued, JobError, NewJob } from "@queue-runtime/store";
import type { LineLevel } from "../log/lines.ts";
import type { StopFlags } from "./run/stop-flags.ts";

export interface RunnerListener {
  /** The run in this slot is over and the slot is free. */
  ended(slot: number, outcome: Outcome): void;
  /** The run took its thread with it: a failed attempt, and the slot is free. */
  crashed(slot: number, error: JobError): void;
  /**
   * Its thread ended under it: hand this run back, the slot is free. `suspect`: several ran there,
   * and nobody knows whose fault it was.
   */
  swept(slot: number, suspect: boolean): void;
  noted(slot: number, position: Position): void;
  save(slot: number, position: Position): Promise<void>;
  enqueue(jobs: readonly NewJob[]): Promise<readonly Enqueued[]>;
  take: Run["take"];
  logged(level: LineLevel, fields: object, message: string): void;
  /** For the log: a thread ended that should not have. */
  threadLost(thread: number, message: string): void;
  /** A lost thread cannot be replaced: job code does not load any more. */
  threadsUnusable(error: unknown): void;
}

export interface Runner {
  readonly slots: number;
  readonly flags: StopFlags;
  /** Resolves when jobs can be started; rejects when job code does not load on a thread. */
  readonly ready: Promise<void>;
  /** The slot must be free. */
  start(slot: number, job: RunJob): void;
  /**
   * Ends a run that does not listen, by ending its thread; the listener hears `swept` for the
   * others on it, and nothing for this one. False where that is impossible: the run goes on and
   * its slot stays taken until it ends by itself.
   */
  terminate(slot: number): boolean;
  /** The last: resolves when all that job code printed has left its thread, or after `ms`. */
  close(ms: number): Promise<void>;
}

/** What a runner needs to know besides its listener. */
export interface RunnerOptions {
  readonly threads: number;
  readonly concurrency: number;
  readonly modules: readonly string[];
  readonly hooks: string | null;
  readonly interruptionAdapters: readonly string[];
}
