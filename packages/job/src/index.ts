// The page an application author reads: everything needed to write, enqueue and perform jobs.

// Writing jobs
export type { JobContext } from "./context.ts";
export type { Enumerator, Iteration, JobDefinition } from "./define/definition.ts";
export { isJobDefinition } from "./define/definition.ts";
export type { Enqueueable, InputOf, JobRef } from "./define/ref.ts";
// Enqueueing them
export { jobRef } from "./define/ref.ts";
export type { RetryFunction, RetryOptions, RetryPolicy } from "./define/retry.ts";
export type { IterationOptions, JobOptions } from "./define.ts";
export { defineIteration, defineJob } from "./define.ts";
export {
  AbortReason,
  errorCodes,
  FatalError,
  Interrupt,
  InvalidInputError,
  NotJsonError,
  TimeoutError,
} from "./errors.ts";
export type { InterruptionAdapter } from "./iteration/interruption-adapters.ts";
// Interrupting them
export { interruptionAdapters } from "./iteration/interruption-adapters.ts";
// Running them: what a runtime or a test needs
export type { Outcome, Position } from "./outcome.ts";
export { errorData } from "./perform/error-data.ts";
export { perform } from "./perform.ts";
export type { EnqueueOptions } from "./queue/enqueue.ts";
export type { Enqueuer } from "./queue/enqueuer.ts";
export type { OpenQueueOptions, Queue } from "./queue.ts";
export { openQueue } from "./queue.ts";
export type { Logger, Run, RunJob, StopReason } from "./run.ts";
export { type Duration, parseDuration } from "./values/duration.ts";
export { closestWord } from "./values/options.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./values/schema.ts";
export { jsonLimits, strictJson } from "./values/strict-json.ts";
