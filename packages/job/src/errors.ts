// The small catalogue of errors that job code may throw or meet. They are told apart by `code`,
// never by class: two copies of this package may be installed, and errors cross threads as data.

import { type Duration, parseDuration } from "./values/duration.ts";

export const errorCodes = {
  batch: "JOB_BATCH",
  fatal: "JOB_FATAL",
  interrupt: "JOB_INTERRUPT",
  invalidInput: "JOB_INVALID_INPUT",
  notJson: "JOB_NOT_JSON",
  timeout: "JOB_TIMEOUT",
} as const;

/** Throw it to fail the job without a retry. Any error with the code `JOB_FATAL` does the same. */
export class FatalError extends Error {
  override readonly name = "FatalError";
  readonly code: string = errorCodes.fatal;
}

/**
 * Throw it to end the run now and go on later, without spending an attempt. An iteration goes on
 * after the last item done, a plain job from its last checkpoint.
 */
export class Interrupt extends Error {
  override readonly name = "Interrupt";
  readonly code: string = errorCodes.interrupt;
  /** How long to wait before the next run, in milliseconds. */
  readonly delayMs: number;

  /** `delay` is 0 by default: ready again at once. */
  constructor(reason = "interrupted", options: { readonly delay?: Duration } = {}) {
    super(reason);
    this.delayMs = parseDuration(options.delay ?? 0);
  }
}

/** The input of a job does not satisfy its schema. At claim it fails the job without a retry. */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  readonly code: string = errorCodes.invalidInput;
  /** One text per problem, such as `items[0].price: expected a number`. */
  readonly issues: readonly string[];

  constructor(job: string, issues: readonly string[]) {
    const shown = issues.slice(0, 10).join("; ") || "the schema refused it";
    const more = issues.length > 10 ? `; and ${issues.length - 10} more` : "";
    super(`the input of job "${job}" is not valid: ${shown}${more}`);
    this.issues = issues;
  }
}

/**
 * Filling a batch failed; `cause` is why. The batch stays open, with the jobs that were added: go on
 * with `queue.batch(error.batchId)` and seal it, or cancel what is in it.
 */
export class BatchError extends Error {
  override readonly name = "BatchError";
  readonly code: string = errorCodes.batch;
  readonly batchId: number;

  constructor(batchId: number, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = `go on with queue.batch(${batchId}) and seal it`;
    super(`batch ${batchId} stays open, because filling it failed: ${reason}; ${advice}`, {
      cause,
    });
    this.batchId = batchId;
  }
}

/** An input, result or cursor that JSON would change, or that is too large. */
export class NotJsonError extends Error {
  override readonly name = "NotJsonError";
  readonly code: string = errorCodes.notJson;
  /** Where the offending value stands, such as `result.items[3].at`. */
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path} ${problem}`);
    this.path = path;
  }
}

/** A run took longer than the job's `timeout`. It has spent an attempt and is retried by policy. */
export class TimeoutError extends Error {
  override readonly name = "TimeoutError";
  readonly code: string = errorCodes.timeout;
}

/**
 * Why `context.signal` aborted. `lost`: the run no longer holds its job, or its host has not reached
 * the store for so long that another host may take it.
 */
export class AbortReason extends Error {
  override readonly name = "AbortReason";
  /** As in Node's own AbortError, so that libraries know it. */
  readonly code = "ABORT_ERR";
  readonly reason: "shutdown" | "cancel" | "timeout" | "lost";

  constructor(reason: AbortReason["reason"]) {
    super(abortSentences[reason]);
    this.reason = reason;
  }
}

const abortSentences = {
  shutdown: "the runtime is shutting down and can wait no longer",
  cancel: "the job was cancelled",
  timeout: "the run took longer than the job's timeout",
  lost: "the job was taken away from this run",
} as const;
