// What becomes of the jobs of a process that ended.
//
// A crash may be the fault of a job that kills whatever runs it. But when several jobs ran, only
// one of them can be guilty and nobody knows which. So all go back to work at once as suspects
// (those close to the limit are then run alone), and only a job that was alone is ever failed.

import { type JobError, maxCrashes } from "../job.ts";
import type { Evidence, ProcessEnd, RecoveredJob } from "../process.ts";
import type { Held } from "../turn.ts";

export interface Accused extends Held {
  /** Since the last saved checkpoint, without this one. */
  readonly crashes: number;
  /** Somebody had asked to cancel it. */
  readonly cancelled: boolean;
}

export interface Verdict {
  readonly id: number;
  readonly outcome: RecoveredJob["outcome"];
  readonly crashed: boolean;
  /** With `failed`. */
  readonly error: JobError | null;
}

/** One verdict per job, in order. */
export function judge(accused: readonly Accused[], { end, started }: Evidence): readonly Verdict[] {
  const reached = started && new Set(started.map(({ id, fence }) => `${id}/${fence}`));
  const ran = ({ id, fence }: Accused): boolean => reached?.has(`${id}/${fence}`) ?? true;
  const alone = accused.filter(ran).length === 1;
  return accused.map((job) => {
    const crashed = ran(job);
    const guilty = crashed && alone && job.crashes + 1 >= maxCrashes;
    const outcome = job.cancelled ? "cancelled" : guilty ? "failed" : "ready";
    const error = outcome === "failed" ? crashError(end, job.crashes + 1) : null;
    return { id: job.id, outcome, crashed, error };
  });
}

function crashError(end: ProcessEnd, crashes: number): JobError {
  const { what, code } = describe(end);
  const message = `the process that ran it ${what} (${crashes} crashes since the last checkpoint)`;
  return { name: "CrashError", message, code, stack: null, cause: null };
}

function describe(end: ProcessEnd): { readonly what: string; readonly code: string } {
  switch (end.how) {
    case "exit":
      return end.signal === null
        ? { what: `ended with exit status ${end.code}`, code: `EXIT_${end.code}` }
        : { what: `ended by signal ${end.signal}`, code: end.signal };
    case "silent":
      return { what: `was silent for ${seconds(end.silentMs)}`, code: "SILENT" };
    case "frozen":
      return { what: `did not answer for ${seconds(end.silentMs)} and was killed`, code: "FROZEN" };
    default:
      return end satisfies never;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
