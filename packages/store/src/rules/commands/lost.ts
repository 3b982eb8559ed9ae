// What becomes of the commands of a process that ended, where nobody else took them over before.
//
// Their own processes may live on, or may have done all their work: nobody saw it. So unlike code,
// which runs again at once, a command that had begun runs again only if it has retries left. It is
// no crash of its own, and it is never a suspect.

import type { JobError } from "../../job.ts";
import type { Evidence, RecoveredJob } from "../../process.ts";
import type { Held } from "../../turn.ts";

export interface LostCommand extends Held {
  /** Of the runs that count, with this one. */
  readonly attempts: number;
  readonly retryLimit: number;
  /** It is stored that its process began. */
  readonly began: boolean;
  /** Somebody had asked to cancel it. */
  readonly cancelled: boolean;
}

export interface LostVerdict {
  readonly id: number;
  readonly outcome: RecoveredJob["outcome"];
  /** The run had begun, and its end was not seen; else it counts as nothing. */
  readonly lost: boolean;
  /** Of a run that was lost, unless somebody wanted it to end. */
  readonly error: JobError | null;
}

const lostError: JobError = {
  name: "CommandError",
  message: "nobody saw its end: the process that looked after it was lost",
  code: "LOST",
  stack: null,
  cause: null,
};

/** `started`: as in `Evidence`; null: nobody knows, so all may have begun. */
export function judgeCommand(command: LostCommand, started: Evidence["started"]): LostVerdict {
  const { id, fence, attempts, retryLimit, began, cancelled } = command;
  const mayHave = started?.some((run) => run.id === id && run.fence === fence) ?? true;
  const lost = began || mayHave;
  if (cancelled) return { id, outcome: "cancelled", lost, error: null };
  if (!lost) return { id, outcome: "ready", lost, error: null };
  return { id, outcome: attempts <= retryLimit ? "ready" : "failed", lost, error: lostError };
}
