// Empties a queue, some rows at a time, so that nobody waits long for a row of ours. Each batch
// goes on behind the last, because the rows of those before it are still there as dead ones.

import { setImmediate as breathe } from "node:timers/promises";
import type { Driver } from "../driver.ts";
import { writeAndReconcile } from "../flow/reconcile.ts";
import type { Announcer } from "../watch/announce.ts";

/** Rows per transaction. */
const batch = 1_000;

/** Rows that somebody just claims are waited for, and then left alone. */
const remove = (table: string, where: string, key: string): string => `WITH old AS MATERIALIZED (
  SELECT ${key} FROM queue_runtime.${table} WHERE queue = $1 AND ${where}
  ORDER BY ${key} LIMIT ${batch} FOR UPDATE
), forgotten AS (
  DELETE FROM queue_runtime.job_errors AS error USING old WHERE error.job_id = old.id
), gone AS (
  DELETE FROM queue_runtime.${table} AS job USING old WHERE job.id = old.id
)
SELECT ${key} FROM old ORDER BY ${key}`;

const lane = "name, priority, id";
const beyond = "(name, priority, id) > ($2, $3::bigint, $4::bigint)";
const ready = "state = 'ready' AND crashes_since_checkpoint < 2";
const suspect = "state = 'ready' AND crashes_since_checkpoint >= 2";

const readyOnes: readonly string[] = [
  remove("jobs", `${ready} AND returned = false AND ${beyond}`, lane),
  remove("jobs", `${ready} AND returned = true AND ${beyond}`, lane),
  remove("jobs", `${suspect} AND ${beyond}`, lane),
];

/** Before every lane. */
const beginning = ["", 0, 0];

/** A connection to the store, and who hears of what it does. */
export interface Clearing {
  readonly driver: Driver;
  readonly announcer: Announcer;
}

export async function clearReady(clearing: Clearing, queue: string): Promise<number> {
  let removed = 0;
  for (const text of readyOnes) removed += await clear(clearing, text, [queue, ...beginning]);
  return removed;
}

const everything: readonly string[] = [
  remove("jobs", "state <> 'running' AND id > $2", "id"),
  remove("ended_jobs", "id > $2", "id"),
];

export async function clearAll(clearing: Clearing, queue: string): Promise<number> {
  let removed = 0;
  for (const text of everything) removed += await clear(clearing, text, [queue, 0]);
  return removed;
}

async function clear(
  { driver, announcer }: Clearing,
  text: string,
  [queue, ...first]: readonly unknown[],
): Promise<number> {
  let removed = 0;
  for (let from = first; ; await breathe()) {
    const statements = [[text, [queue, ...from]]] as const;
    const answers = await writeAndReconcile(driver, announcer, { statements, long: true });
    const { rows } = answers[0]!;
    removed += rows.length;
    if (rows.length < batch) return removed;
    from = rows.at(-1) as unknown[];
  }
}
