// Commands of a process that ended, or left in good order, where nobody took them over.

import type { Evidence, RecoveredJob } from "../../process.ts";
import { judgeCommand, type LostCommand } from "../../rules/commands/lost.ts";
import type { Driver } from "../driver.ts";
import { keepError } from "../turn/settle.ts";

const heldBy = `SELECT jobs.id, fence, attempts, retry_limit AS retryLimit, pid IS NOT NULL AS began,
    cancel_requested_at IS NOT NULL AS cancelled
  FROM jobs INDEXED BY jobs_running CROSS JOIN commands ON job_id = jobs.id
  WHERE process_id = ? AND kind = 'command' ORDER BY jobs.id`;

/** The fence is raised in any case: nothing that its holder wrote may still arrive. */
const leave = "process_id = NULL, cancel_requested_at = NULL, fence = fence + 1";
const end = "finished_at = :now, error = coalesce(:error, error)";
const moves: Readonly<Record<RecoveredJob["outcome"], string>> = {
  ready: `UPDATE jobs SET state = 'ready', run_at = :now, error = coalesce(:error, error),
    attempts = attempts - :uncounted, ${leave} WHERE id = :id`,
  cancelled: `UPDATE jobs SET state = 'cancelled', ${end}, attempts = attempts - :uncounted, ${leave}
    WHERE id = :id`,
  failed: `UPDATE jobs SET state = 'failed', ${end}, ${leave} WHERE id = :id`,
};
const markLost = "UPDATE commands SET ended_by = 'lost' WHERE job_id = ?";

export function recoverCommands(
  driver: Driver,
  processId: number,
  started: Evidence["started"],
): readonly RecoveredJob[] {
  const rows = driver.sql(heldBy).all(processId) as unknown as readonly LostCommand[];
  return rows.map((row) => {
    const command = { ...row, began: Boolean(row.began), cancelled: Boolean(row.cancelled) };
    const { id, outcome, lost, error } = judgeCommand(command, started);
    const now = driver.now();
    const text = error && JSON.stringify(error);
    if (lost) driver.sql(markLost).run(id);
    if (text !== null) driver.sql(keepError).run({ id, now, error: text });
    const uncounted = outcome === "failed" ? {} : { uncounted: Number(!lost) };
    driver.sql(moves[outcome]).run({ id, now, error: text, ...uncounted });
    return { id, name: "command", outcome, crashed: false };
  });
}
