// Taking the jobs of a process that ended, in the transaction that also removes its row: whoever
// comes second finds nothing left to do.
//
// A crash may be the fault of a job that kills whatever runs it. But when several jobs ran, only
// one of them can be guilty and nobody knows which. So all go back to work at once as suspects
// (claim.ts runs those close to the limit alone), and only a job that was alone is ever failed.

import type { JobError } from "../job.ts";
import { maxCrashes } from "../job.ts";
import type { Evidence, ProcessEnd, RecoveredJob } from "../process.ts";
import type { Held } from "../turn.ts";
import type { Driver } from "./driver.ts";
import { keepError } from "./turn/settle.ts";

const heldBy = `SELECT id, name, fence, crashes_since_checkpoint AS crashes,
    cancel_requested_at IS NOT NULL AS cancelled
  FROM jobs INDEXED BY jobs_running WHERE process_id = ? ORDER BY id`;

interface HeldJob {
  readonly id: number;
  readonly name: string;
  readonly fence: number;
  readonly crashes: number;
  readonly cancelled: number;
}

/** Every way out of a dead process raises the fence: nothing it wrote may still arrive. */
const leave = `process_id = NULL, cancel_requested_at = NULL, fence = fence + 1,
  attempts = attempts - 1`;
const crash = `crashes = crashes + :crashed,
  crashes_since_checkpoint = crashes_since_checkpoint + :crashed`;

const goBack = `UPDATE jobs SET state = 'ready', run_at = :now, ${leave}, ${crash} WHERE id = :id`;
const cancel = `UPDATE jobs SET state = 'cancelled', finished_at = :now, ${leave}, ${crash}
  WHERE id = :id`;
const fail = `UPDATE jobs SET state = 'failed', finished_at = :now, error = :error, ${leave}, ${crash}
  WHERE id = :id`;

const unregister = "DELETE FROM processes WHERE id = ?";

export function recover(
  driver: Driver,
  processId: number,
  { end, started }: Evidence,
): readonly RecoveredJob[] {
  const held = driver.sql(heldBy).all(processId) as unknown as HeldJob[];
  const reached = started && new Set(started.map(({ id, fence }) => `${id}/${fence}`));
  const ran = ({ id, fence }: HeldJob): boolean => reached?.has(`${id}/${fence}`) ?? true;
  const alone = held.filter(ran).length === 1;
  const recovered = held.map((job): RecoveredJob => {
    const { id, name } = job;
    const crashed = ran(job);
    const guilty = crashed && alone && job.crashes + 1 >= maxCrashes;
    const outcome = job.cancelled === 1 ? "cancelled" : guilty ? "failed" : "ready";
    move(driver, job, { outcome, crashed, end });
    return { id, name, outcome, crashed };
  });
  driver.sql(unregister).run(processId);
  return recovered;
}

interface Verdict {
  readonly outcome: RecoveredJob["outcome"];
  readonly crashed: boolean;
  readonly end: ProcessEnd;
}

function move(driver: Driver, job: HeldJob, { outcome, crashed, end }: Verdict): void {
  const values = { id: job.id, now: driver.now(), crashed: Number(crashed) };
  if (outcome !== "failed") {
    driver.sql(outcome === "ready" ? goBack : cancel).run(values);
    return;
  }
  const error = JSON.stringify(crashError(end, job.crashes + 1));
  driver.sql(keepError).run({ id: job.id, now: values.now, error });
  driver.sql(fail).run({ ...values, error });
}

/** Jobs a process still held when it left in good order: handed back, and nothing counted. */
export function release(driver: Driver, processId: number): void {
  const jobs = driver.sql(heldBy).all(processId) as unknown as HeldJob[];
  for (const job of jobs) handBack(driver, job);
  driver.sql(unregister).run(processId);
}

/** Jobs that a living process holds and knows nothing of: their claim was never heard. */
export function releaseOthers(driver: Driver, processId: number, known: readonly Held[]): void {
  const kept = new Map(known.map(({ id, fence }) => [id, fence]));
  const jobs = driver.sql(heldBy).all(processId) as unknown as HeldJob[];
  for (const job of jobs) if (kept.get(job.id) !== job.fence) handBack(driver, job);
}

function handBack(driver: Driver, { id, cancelled }: HeldJob): void {
  driver.sql(cancelled === 1 ? cancel : goBack).run({ id, now: driver.now(), crashed: 0 });
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
