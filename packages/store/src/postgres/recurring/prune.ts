// What is left in the ledger of tasks that tick no more. A task that ticks prunes its own rows
// (tick.ts); those of tasks that were removed or paused are for maintenance.

import { ledgerMs } from "../../rules/new-task.ts";
import type { Statement } from "../driver.ts";

/** The newest tick of a task that exists is kept; `LIMIT` bounds what is looked at. */
const prune = `WITH old AS MATERIALIZED (
  SELECT key, at FROM queue_runtime.recurring_ticks
  WHERE recorded_at < queue_runtime.now_ms() - $1::bigint
  ORDER BY recorded_at LIMIT 1000
)
DELETE FROM queue_runtime.recurring_ticks AS tick USING old
WHERE tick.key = old.key AND tick.at = old.at
  AND NOT EXISTS (SELECT FROM queue_runtime.recurring_tasks AS task
    WHERE task.key = old.key AND coalesce(task.last_tick_at, 0) <= old.at)`;

/** Its answer counts the rows that went. */
export const pruneLedger: Statement = [prune, [ledgerMs]];
