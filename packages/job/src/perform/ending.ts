// How a run ended when its code threw: an error alone does not tell. A job that was aborted throws
// whatever its libraries throw on abort, and that must cost no attempt.

import type { JobError } from "@queue-runtime/store";
import { readRetryAnswer, retryDelayMs } from "../define/retry.ts";
import { errorCodes, TimeoutError } from "../errors.ts";
import type { Outcome } from "../outcome.ts";
import type { Standing } from "./standing.ts";
import { isObject, read, toJobError } from "./to-job-error.ts";

/** An end that is not an end of the work. */
export type Ending =
  | { readonly outcome: "failed"; readonly error: unknown }
  | { readonly outcome: "interrupted"; readonly reason: string; readonly delayMs: number }
  | { readonly outcome: "cancelled" };

export function endingOf(thrown: unknown, { run, definition }: Standing): Ending {
  const why = run.stopping();
  // A signal is made when one looks at it: a run that nobody stops is spared that.
  const aborted = why !== false && run.signal.aborted ? abortReason(run.signal) : null;
  if (why === "cancel" || aborted === "cancel") return { outcome: "cancelled" };
  if (why === "timeout" || aborted === "timeout") {
    return { outcome: "failed", error: timeoutError(definition.timeoutMs, thrown) };
  }
  if (why === "lost") return lost;
  if (codeOf(thrown) === errorCodes.interrupt) return readInterrupt(thrown as object);
  if (aborted !== null) return interrupted(aborted);
  return { outcome: "failed", error: thrown };
}

/** `delayMs` 0: ready again at once. */
export function interrupted(reason: string, delayMs = 0): Ending {
  return { outcome: "interrupted", reason, delayMs };
}

/** Somebody else holds the job: whatever this run would write is refused. */
export const lost: Ending = interrupted("lost");

export function timeoutError(timeoutMs: number | null, cause?: unknown): TimeoutError {
  const limit = timeoutMs === null ? "" : ` of ${timeoutMs} ms`;
  const message = `the run took longer than the job's timeout${limit}`;
  return new TimeoutError(message, cause === undefined ? {} : { cause });
}

function readInterrupt(thrown: object): Ending {
  const reason = read(thrown, "message");
  const delayMs = read(thrown, "delayMs");
  const valid = typeof delayMs === "number" && delayMs >= 0 && Number.isFinite(delayMs);
  return interrupted(typeof reason === "string" ? reason : "interrupted", valid ? delayMs : 0);
}

function abortReason(signal: AbortSignal): string {
  const reason = isObject(signal.reason) ? read(signal.reason, "reason") : null;
  return typeof reason === "string" ? reason : "aborted";
}

function codeOf(thrown: unknown): unknown {
  return isObject(thrown) ? read(thrown, "code") : undefined;
}

/** A result or a cursor that is not JSON is so in every run, and each would repeat the work. */
const finalCodes: readonly unknown[] = [errorCodes.fatal, errorCodes.notJson];

/** The outcome of a failure: retried by the job's policy, unless the error forbids it. */
export function failed(thrown: unknown, args: unknown, standing: Standing): Outcome {
  const error = toJobError(thrown);
  if (finalCodes.includes(error.code)) return failedForGood(error, standing);
  const { retry } = standing.definition;
  const { job } = standing.run;
  if (typeof retry !== "function") {
    return failure(error, retryDelayMs(retry, job.attempts, standing.run.random()), standing);
  }
  try {
    return failure(error, readRetryAnswer(retry(job.attempts, thrown, args)), standing);
  } catch (broken) {
    const message = `${error.message} (and the retry function failed, so there is no retry)`;
    return failedForGood(toJobError({ ...error, message, cause: broken }), standing);
  }
}

export function failedForGood(error: JobError, standing: Standing): Outcome {
  return failure(error, null, standing);
}

function failure(error: JobError, retryDelayMs: number | null, { position }: Standing): Outcome {
  return { outcome: "failed", error, retryDelayMs, ...(position !== null && { position }) };
}
