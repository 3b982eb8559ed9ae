// Why a job is not running, as `--json` prints it. Scripts depend on every name here.

import type { Holder, Reason } from "@queue-runtime/store";
import { isoTime } from "./iso-time.ts";

export function reasonRow(reason: Reason): object {
  switch (reason.why) {
    case "scheduled":
      return { why: reason.why, run_at: isoTime(reason.runAt), in_ms: reason.inMs };
    case "silent": {
      const { why, processId, process, since } = reason;
      return { why, process_id: processId, process, since: isoTime(since) };
    }
    case "blocked": {
      const { why, kind, key, limit } = reason;
      const holders = reason.holders.map(holderRow);
      const { keptFor: kept_for, freeInMs: free_in_ms } = reason;
      return { why, kind, key, limit, holders, kept_for, free_in_ms };
    }
    case "paused":
      return { why: reason.why, queue: reason.queue, since: isoTime(reason.since) };
    case "locked":
      return { why: reason.why, until: isoTime(reason.until) };
    default:
      // what is left has only fields of one word
      return reason;
  }
}

function holderRow({ id, name, state, processId, process, since }: Holder): object {
  return { id, name, state, process_id: processId, process, since: isoTime(since) };
}
