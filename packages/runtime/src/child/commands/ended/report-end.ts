// The line in the log that the end of a run is worth.

import type { Settlement } from "@queue-runtime/store";
import type { Log } from "../../../log.ts";
import type { Run } from "../run.ts";

export function reportEnd(log: Log, { job, ms }: Run, settlement: Settlement): void {
  switch (settlement.outcome) {
    case "finished":
      return log.report({ type: "job-finished", job, ms });
    case "failed": {
      const { error, retryDelayMs } = settlement;
      return log.report({ type: "job-failed", job, ms, error, retryDelayMs });
    }
    case "cancelled":
      return log.report({ type: "job-cancelled", job, ms });
    case "interrupted":
      return log.report({ type: "command-interrupted", job, ms });
    default:
    // handed back before it had a process: no run, and no news
  }
}
