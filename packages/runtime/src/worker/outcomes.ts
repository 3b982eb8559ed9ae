// What a run that could not speak for itself comes to, and the line that any outcome is worth.

import { type Outcome, readRetryAnswer, retryDelayMs } from "@queue-runtime/job";
import type { JobError } from "@queue-runtime/store";
import type { Log } from "../log.ts";
import type { Execution } from "./execution.ts";

/** A run that ended its thread, or was ended by force: a failed attempt, retried by policy. */
export function outcomeOfCrash(execution: Execution, error: JobError): Outcome {
  return { outcome: "failed", error, retryDelayMs: delayOf(execution, error) };
}

function delayOf({ definition, job }: Execution, error: JobError): number | null {
  const { retry } = definition;
  if (typeof retry !== "function") return retryDelayMs(retry, job.attempts, Math.random());
  try {
    return readRetryAnswer(retry(job.attempts, error, job.args));
  } catch {
    // a policy that throws gives no leave for another attempt
    return null;
  }
}

export function reportOutcome(log: Log, execution: Execution, outcome: Outcome): void {
  const { job, ms } = execution;
  switch (outcome.outcome) {
    case "finished":
      return log.report({ type: "job-finished", job, ms });
    case "failed":
      return log.report({
        type: "job-failed",
        job,
        ms,
        error: outcome.error,
        retryDelayMs: outcome.retryDelayMs,
      });
    case "interrupted": {
      const done = outcome.position?.progress?.done ?? execution.done;
      return log.report({ type: "job-interrupted", job, ms, reason: outcome.reason, done });
    }
    case "cancelled":
      return log.report({ type: "job-cancelled", job, ms });
    default:
      return impossible(outcome);
  }
}

function impossible(outcome: never): never {
  throw new Error(`an outcome nobody knows: ${JSON.stringify(outcome)}`);
}
