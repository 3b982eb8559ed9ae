// What a worker's main thread and its threads say to each other over a message port. Plain data.

import type { MessagePort } from "node:worker_threads";
import type { Outcome, Position, Run, RunJob } from "@queue-runtime/job";
import type { Enqueued, JobError, NewJob } from "@queue-runtime/store";
import type { LineLevel } from "../../log/lines.ts";
import type { Stripped } from "../../modules/strip-once.ts";
import type { RunnerOptions } from "../runner.ts";

/** Given once, as the task of the pool's only thread: the whole life of a thread is one task. */
export interface ThreadSession extends RunnerOptions {
  readonly port: MessagePort;
  readonly flags: SharedArrayBuffer;
  readonly stripped: Stripped;
}

/** To `save`, `enqueue` or `take`. */
export type Answer = null | readonly Enqueued[] | number;

export type ToThread =
  | { readonly type: "run"; readonly slot: number; readonly job: RunJob }
  | { readonly type: "answer"; readonly call: number; readonly value: Answer }
  | { readonly type: "refusal"; readonly call: number; readonly error: JobError };

export type FromThread =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "ended"; readonly slot: number; readonly outcome: Outcome }
  | { readonly type: "noted"; readonly slot: number; readonly position: Position }
  | {
      readonly type: "save";
      readonly slot: number;
      readonly call: number;
      readonly position: Position;
    }
  | { readonly type: "enqueue"; readonly call: number; readonly jobs: readonly NewJob[] }
  | { readonly type: "take"; readonly call: number; readonly slot: Parameters<Run["take"]> }
  /** Written by the main thread: a logger in every thread would cost megabytes. */
  | {
      readonly type: "log";
      readonly level: LineLevel;
      readonly fields: object;
      readonly message: string;
    }
  /** The last words of a thread: which run ends it, and how. */
  | { readonly type: "dying"; readonly slot: Culprit; readonly error: JobError };

/** The slot of the run at fault; null when nobody knows, `over` when that run has ended before. */
export type Culprit = number | "over" | null;
