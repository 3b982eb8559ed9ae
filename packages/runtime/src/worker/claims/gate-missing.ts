// A job that was enqueued by name alone, by SQL or by an application that does not load its code,
// has none of the slots and keys that its definition wants: nobody knew them. Whoever claims it
// first does, and settles it with them instead of running it; then it is admitted like any other.

import { type JobDefinition, keysMissing, toJobError } from "@queue-runtime/job";
import type { Job, Settlement } from "@queue-runtime/store";
import type { Log } from "../../log.ts";

/** How to settle it; null when it has what it needs. */
export function gateMissing(job: Job, definition: JobDefinition, log: Log): Settlement | null {
  const { id, fence } = job;
  try {
    const missing = keysMissing(definition, job);
    if (missing === null) return null;
    const { gates, uniques = [] } = missing;
    log.report({ type: "job-gated", job, keys: [...gates, ...uniques].map(({ key }) => key) });
    return { id, fence, ...missing };
  } catch (thrown) {
    // a function of the author that fails does so for every attempt
    const error = toJobError(thrown);
    log.report({ type: "job-failed", job, ms: 0, error, retryDelayMs: null });
    return { id, fence, outcome: "failed", error, retryDelayMs: null };
  }
}
