// Taking the jobs of a process that ended, in the transaction that also removes its row: whoever
// comes second finds nothing left to do. What becomes of each is said in ../rules/verdict.ts.

import type { Evidence, RecoveredJob } from "../../process.ts";
import { judge, type Verdict } from "../../rules/verdict.ts";
import type { Held } from "../../turn.ts";
import { recoverCommands } from "../commands/lost.ts";
import type { Driver } from "../driver.ts";
import { keepError } from "../turn/settle.ts";

const heldBy = `SELECT id, name, fence, crashes_since_checkpoint AS crashes,
    cancel_requested_at IS NOT NULL AS cancelled
  FROM jobs INDEXED BY jobs_running WHERE process_id = ? AND kind <> 'command' ORDER BY id`;

interface HeldJob extends Held {
  readonly name: string;
  readonly crashes: number;
  readonly cancelled: boolean;
}

/** No process of theirs is known: the others are somebody's, and do not run twice. */
const unbegun = heldBy.replace(
  "kind <> 'command'",
  "kind = 'command' AND EXISTS (SELECT 1 FROM commands WHERE job_id = jobs.id AND pid IS NULL)",
);

function unbegunCommands(driver: Driver, processId: number): readonly HeldJob[] {
  return heldJobs(driver, processId, unbegun);
}

function heldJobs(driver: Driver, processId: number, sql: string = heldBy): readonly HeldJob[] {
  const rows = driver.sql(sql).all(processId) as unknown as (Omit<HeldJob, "cancelled"> & {
    readonly cancelled: number;
  })[];
  return rows.map((row) => ({ ...row, cancelled: row.cancelled === 1 }));
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
  evidence: Evidence,
): readonly RecoveredJob[] {
  const held = heldJobs(driver, processId);
  const recovered = judge(held, evidence).map((verdict, n): RecoveredJob => {
    move(driver, verdict);
    const { id, outcome, crashed } = verdict;
    return { id, name: held[n]!.name, outcome, crashed };
  });
  const commands = recoverCommands(driver, processId, evidence.started);
  driver.sql(unregister).run(processId);
  return [...recovered, ...commands];
}

function move(driver: Driver, { id, outcome, crashed, error }: Verdict): void {
  const values = { id, now: driver.now(), crashed: Number(crashed) };
  if (outcome !== "failed") {
    driver.sql(outcome === "ready" ? goBack : cancel).run(values);
    return;
  }
  const text = JSON.stringify(error);
  driver.sql(keepError).run({ id, now: values.now, error: text });
  driver.sql(fail).run({ ...values, error: text });
}

/** Jobs a process still held when it left in good order: handed back, and nothing counted. */
export function release(driver: Driver, processId: number): void {
  for (const job of heldJobs(driver, processId)) handBack(driver, job);
  recoverCommands(driver, processId, []);
  driver.sql(unregister).run(processId);
}

/** Jobs that a living process holds and knows nothing of: their claim was never heard. */
export function releaseOthers(driver: Driver, processId: number, known: readonly Held[]): void {
  const kept = new Map(known.map(({ id, fence }) => [id, fence]));
  const held = [...heldJobs(driver, processId), ...unbegunCommands(driver, processId)];
  for (const job of held) if (kept.get(job.id) !== job.fence) handBack(driver, job);
}

function handBack(driver: Driver, { id, cancelled }: HeldJob): void {
  driver.sql(cancelled ? cancel : goBack).run({ id, now: driver.now(), crashed: 0 });
}
