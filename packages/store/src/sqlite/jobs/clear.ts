// Clearing away what ended long ago. A batch remembers what it lost: whether it failed must not
// depend on how long jobs are kept. It goes itself when none of its jobs is left.

import type { Retention } from "../../store.ts";
import type { Driver } from "../driver.ts";

const anyBatch = "SELECT 1 FROM batches LIMIT 1";
const expired = `DELETE FROM jobs WHERE id IN (
  SELECT id FROM jobs INDEXED BY jobs_ended
  WHERE finished_at IS NOT NULL AND state = ? AND finished_at < ?
  ORDER BY finished_at LIMIT ?)`;
const expiredMembers = `${expired} RETURNING batch_id`;

/** Answers how many jobs were deleted. */
export function clear(driver: Driver, retention: Retention, limit: number): number {
  const now = driver.now();
  const periods = [
    ["finished", retention.finishedMs],
    ["cancelled", retention.cancelledMs],
    ["failed", retention.failedMs],
  ] as const;
  const batches = driver.value(anyBatch) !== undefined;
  let removed = 0;
  for (const [state, period] of periods) {
    if (removed >= limit) break;
    const values = [state, now - period, limit - removed];
    if (batches) {
      const rows = driver.tuples(expiredMembers).all(...values);
      remember(driver, state, rows as unknown as [number | null][]);
      removed += rows.length;
    } else removed += Number(driver.sql(expired).run(...values).changes);
  }
  if (batches) clearBatches(driver, now - Math.max(...periods.map(([, ms]) => ms)), limit);
  return removed;
}

function remember(
  driver: Driver,
  state: "finished" | "cancelled" | "failed",
  rows: readonly [number | null][],
): void {
  const lost = new Map<number, number>();
  for (const [id] of rows) if (id !== null) lost.set(id, (lost.get(id) ?? 0) + 1);
  const column = `cleared_${state}`;
  const sql = `UPDATE batches SET ${column} = ${column} + ? WHERE id = ?`;
  for (const [id, count] of lost) driver.sql(sql).run(count, id);
}

const over = `DELETE FROM batches WHERE id IN (
  SELECT id FROM batches INDEXED BY batches_over
  WHERE finished_at IS NOT NULL AND finished_at < ?
    AND NOT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_by_batch WHERE batch_id = batches.id)
  ORDER BY finished_at LIMIT ?)`;

function clearBatches(driver: Driver, before: number, limit: number): void {
  driver.sql(over).run(before, limit);
}
