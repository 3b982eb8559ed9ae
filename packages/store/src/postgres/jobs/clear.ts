// Clears away what ended long ago.
//
// Jobs that finished, which are most, have no index of their age: every run would pay for it. But
// no job ended before it was created, and ids grow as jobs are created. So the ids among which
// anything can be old enough end at a place that some twenty looks find by halving, and a walk up
// to there meets little else than what is to go. (A block range index was tried. It is free to
// write, but its ranges never shrink: once the room of the first cleared jobs was used again, each
// look read the whole table.)

import type { Retention } from "../../store.ts";
import type { Driver } from "../driver.ts";

/** `low` and `high` close in on the first id that is not old enough. */
const halving = `due AS MATERIALIZED (SELECT queue_runtime.now_ms() - $1::bigint AS at
), half (low, high) AS (
  SELECT min(id), max(id) + 1 FROM queue_runtime.ended_jobs
  UNION ALL
  SELECT CASE WHEN job.old THEN job.id + 1 ELSE low END,
    CASE WHEN job.old THEN high ELSE middle END
  FROM half CROSS JOIN LATERAL (SELECT (low + high) / 2 AS middle) AS look
  CROSS JOIN LATERAL (
    SELECT id, created_at < (SELECT at FROM due) AS old FROM queue_runtime.ended_jobs
    WHERE id >= look.middle ORDER BY id LIMIT 1
  ) AS job
  WHERE low < high
)`;

/** A batch remembers what it lost: whether it failed must not depend on how long jobs are kept. */
const remove = `, forgotten AS (
  DELETE FROM queue_runtime.job_errors AS error USING old WHERE error.job_id = old.id
), gone AS (
  DELETE FROM queue_runtime.ended_jobs AS job USING old WHERE job.id = old.id
  RETURNING job.batch_id, job.state
), lost AS MATERIALIZED (
  SELECT batch_id, count(*) FILTER (WHERE state = 'finished') AS finished,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    count(*) FILTER (WHERE state = 'cancelled') AS cancelled
  FROM gone WHERE batch_id IS NOT NULL GROUP BY batch_id
), locked AS MATERIALIZED (
  SELECT id FROM queue_runtime.batches WHERE id IN (SELECT batch_id FROM lost)
  ORDER BY id FOR NO KEY UPDATE
), remembered AS (
  UPDATE queue_runtime.batches AS batch SET cleared_finished = cleared_finished + lost.finished,
    cleared_failed = cleared_failed + lost.failed,
    cleared_cancelled = cleared_cancelled + lost.cancelled
  FROM lost JOIN locked ON locked.id = lost.batch_id WHERE batch.id = locked.id
)
SELECT count(*) FROM gone`;

/** As a CASE it seems likely to the planner, which then walks by id instead of sorting. */
const clearFinished = `WITH RECURSIVE ${halving}, old AS MATERIALIZED (
  SELECT id FROM queue_runtime.ended_jobs
  WHERE id < (SELECT max(low) FROM half)
    AND CASE WHEN state = 'finished' THEN finished_at < (SELECT at FROM due) ELSE false END
  ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
)${remove}`;

const clearUnfinished = `WITH old AS MATERIALIZED (
  SELECT id FROM queue_runtime.ended_jobs
  WHERE state = $3 AND state <> 'finished' AND finished_at < queue_runtime.now_ms() - $1::bigint
  ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED
)${remove}`;

/** When none of its jobs is left. */
const clearBatches = `DELETE FROM queue_runtime.batches WHERE id IN (
  SELECT id FROM queue_runtime.batches AS batch
  WHERE finished_at < queue_runtime.now_ms() - $1::bigint
    AND NOT EXISTS (SELECT FROM queue_runtime.ended_jobs WHERE batch_id = batch.id)
    AND NOT EXISTS (SELECT FROM queue_runtime.jobs WHERE batch_id = batch.id)
  ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)`;

/** Environments that no command has any more: so many are looked at each time, in a circle. */
const sweep = "SELECT queue_runtime.sweep_environments($1::bigint, 1000)";
const swept = new WeakMap<Driver, number>();

/** Oldest first, as near as it matters. */
export async function clear(driver: Driver, retention: Retention, limit: number): Promise<number> {
  const periods = [
    [clearFinished, retention.finishedMs],
    [clearUnfinished, retention.cancelledMs, "cancelled"],
    [clearUnfinished, retention.failedMs, "failed"],
  ] as const;
  let removed = 0;
  for (const [text, period, ...state] of periods) {
    if (removed >= limit) break;
    const values = [Math.ceil(period), limit - removed, ...state];
    const [[count]] = (await driver.query(text, values, true)).rows as [[number]];
    removed += count;
  }
  const longest = Math.max(...periods.map(([, period]) => period));
  await driver.query(clearBatches, [Math.ceil(longest), limit], true);
  swept.set(driver, (await driver.value(sweep, [swept.get(driver) ?? 0])) as number);
  return removed;
}
