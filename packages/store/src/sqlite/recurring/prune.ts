// What is left in the ledger of tasks that tick no more. A task that ticks prunes its own rows
// (tick.ts); those of tasks that were removed or paused are for maintenance.

import { ledgerMs } from "../../rules/new-task.ts";
import type { Driver } from "../driver.ts";

/** The newest tick of a task that exists is kept; the inner `LIMIT` bounds what is looked at. */
const old = `SELECT key, at FROM (
    SELECT key, at FROM recurring_ticks WHERE recorded_at < ? ORDER BY recorded_at LIMIT 1000
  ) AS old
  WHERE NOT EXISTS (SELECT 1 FROM recurring_tasks AS task
    WHERE task.key = old.key AND coalesce(task.last_tick_at, 0) <= old.at)`;
const prune = `DELETE FROM recurring_ticks WHERE (key, at) IN (${old})`;

/** Whether there is anything to prune. */
export function isLedgerOld(driver: Driver): boolean {
  return driver.value(`${old} LIMIT 1`, driver.now() - ledgerMs) !== undefined;
}

/** In a transaction of the caller's; answers how many rows went. */
export function pruneLedger(driver: Driver): number {
  return Number(driver.sql(prune).run(driver.now() - ledgerMs).changes);
}
