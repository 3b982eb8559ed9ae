// The page an application author reads: everything needed to write, enqueue and run jobs.

// Writing jobs.

export type { JobContext } from "./context.ts";
export type { Enumerator, Iteration, JobDefinition } from "./define/definition.ts";
export { isJobDefinition } from "./define/definition.ts";
export type { RetryFunction, RetryOptions, RetryPolicy } from "./define/retry.ts";
export type { IterationOptions, JobOptions } from "./define.ts";
export { defineIteration, defineJob } from "./define.ts";
export type { RowCursor } from "./enumerators/csv.ts";
export type { ByteSource } from "./enumerators/files/source.ts";
export type { LineCursor } from "./enumerators/lines.ts";
export type { RateThrottleOptions, ThrottleOptions } from "./enumerators/throttle.ts";
export { enumerators } from "./enumerators.ts";
export {
  AbortReason,
  BatchError,
  errorCodes,
  FatalError,
  Interrupt,
  InvalidInputError,
  NotJsonError,
  TimeoutError,
} from "./errors.ts";
export type { ConcurrencyOptions, ConcurrencyPolicy } from "./flow/concurrency.ts";
export type { KeyFunction } from "./flow/keys.ts";
export type { RateLimit, RateOptions, RatePolicy } from "./flow/rate.ts";
export type { UniqueOptions, UniquePolicy } from "./flow/unique.ts";
export type { Schedule } from "./schedule/parse-schedule.ts";
export { checkTimeZone, parseSchedule, previewSchedule } from "./schedule/parse-schedule.ts";
export type { CatchUp, ScheduleOptions, SchedulePolicy } from "./schedule/read-schedule.ts";
export type { Duration } from "./values/duration.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./values/schema.ts";

// Being interrupted, and living with the processes that run jobs.

export type { Hook, HookName, HookOptions, HookPayload, RunHooksOptions } from "./hooks.ts";
export {
  onDispatcherExit,
  onDispatcherStart,
  onDispatcherStop,
  onExit,
  onSchedulerExit,
  onSchedulerStart,
  onSchedulerStop,
  onStart,
  onStop,
  onWorkerExit,
  onWorkerStart,
  onWorkerStop,
} from "./hooks.ts";
export type { InterruptionAdapter } from "./iteration/interruption-adapters.ts";
export { interruptionAdapters } from "./iteration/interruption-adapters.ts";

// Enqueueing.

export type {
  Action,
  Actions,
  Batch,
  Enqueued,
  JobDetails,
  Reason,
  RecurringTask,
} from "@queue-runtime/store";
export type { Enqueueable, InputOf, JobRef } from "./define/ref.ts";
export { jobRef } from "./define/ref.ts";
export type { BatchCallback, BatchOptions, OpenBatch } from "./queue/batch.ts";
export type { EnqueueOptions, Preceding } from "./queue/enqueue-options.ts";
export type { Enqueuer } from "./queue/enqueuer.ts";
export type { RecurringOptions, RecurringTasks } from "./queue/recurring.ts";
export type { BatchMethod, OpenQueueOptions, Queue } from "./queue.ts";
export { openQueue, queueOn } from "./queue.ts";

// Running jobs: for runtimes, and for iterations under other queues.

export { readRetryAnswer, retryDelayMs } from "./define/retry.ts";
export { keysMissing } from "./flow/missing.ts";
export { runHooks } from "./hooks.ts";
export type { IterateOptions } from "./iteration/outside-run.ts";
export type { Iterated } from "./iteration.ts";
export { iterate } from "./iteration.ts";
export type { Outcome, Position } from "./outcome.ts";
export { toJobError } from "./perform/to-job-error.ts";
export { perform } from "./perform.ts";
export { newRecurringTask, recurringTaskOf } from "./queue/recurring.ts";
export type { Logger, Run, RunJob, StopReason } from "./run.ts";
export { parseDuration } from "./values/duration.ts";
export { closestWord } from "./values/options.ts";
export { jsonLimits, strictJson } from "./values/strict-json.ts";
