// Empties a queue, some rows at a time, so that nobody waits long for a row of ours.
//
// Which jobs are ready is asked once, as of one moment: to clear them makes others ready, which
// waited for a slot or for one of them, and those are to stay. The ids of a million jobs are a
// text of 8 MB. Where everything goes that does not run, each batch goes on behind the last,
// because the rows of those before it are still there as dead ones.

import { setImmediate as breathe } from "node:timers/promises";
import type { Driver } from "../driver.ts";
import { writeAndReconcile } from "../flow/reconcile.ts";
import type { Announcer } from "../watch/announce.ts";

/** Rows per transaction. */
const batch = 1_000;

/** A connection to the store, and who hears of what it does. */
export interface Clearing {
  readonly driver: Driver;
  readonly announcer: Announcer;
}

/** Rows that somebody just claims are waited for, and then left alone. */
const remove = (table: string, where: string): string => `WITH old AS MATERIALIZED (
  SELECT id FROM queue_runtime.${table} WHERE queue = $1 AND ${where}
  ORDER BY id LIMIT ${batch} FOR UPDATE
), forgotten AS (
  DELETE FROM queue_runtime.job_errors AS error USING old WHERE error.job_id = old.id
), gone AS (
  DELETE FROM queue_runtime.${table} AS job USING old WHERE job.id = old.id
)
SELECT id, (SELECT environment_id FROM queue_runtime.commands WHERE job_id = old.id)
FROM old ORDER BY id`;
const forget = "SELECT queue_runtime.forget_environments($1::bigint[])";

const ready = "state = 'ready' AND crashes_since_checkpoint < 2";
const suspect = "state = 'ready' AND crashes_since_checkpoint >= 2";
const inOrder = "ORDER BY returned, queue, name, priority, id";

const readyIds = `SELECT string_agg(id::text, ',') FROM (
  (SELECT id FROM queue_runtime.jobs WHERE ${ready} AND returned = false AND queue = $1 ${inOrder})
  UNION ALL
  (SELECT id FROM queue_runtime.jobs WHERE ${ready} AND returned = true AND queue = $1 ${inOrder})
  UNION ALL
  (SELECT id FROM queue_runtime.jobs WHERE ${suspect} AND queue = $1
    ORDER BY queue, name, priority, id)
) AS job`;

/** As an expression: or else an index of ready jobs may seem as good as the primary key. */
const removeReady = remove("jobs", "id = ANY ($2::bigint[]) AND state || '' = 'ready'");

export async function clearReady(clearing: Clearing, queue: string): Promise<number> {
  const { rows } = await clearing.driver.query(readyIds, [queue], true);
  const [text] = rows[0] as [string | null];
  const ids = (text ?? "").split(",").filter(Boolean);
  let removed = 0;
  for (let at = 0; at < ids.length; at += batch) {
    const some = ids.slice(at, at + batch);
    removed += (await removeBatch(clearing, removeReady, [queue, some])).length;
    await breathe();
  }
  return removed;
}

const everything: readonly string[] = [
  remove("jobs", "state <> 'running' AND id > $2"),
  remove("ended_jobs", "id > $2"),
];

export async function clearAll(clearing: Clearing, queue: string): Promise<number> {
  let removed = 0;
  for (const text of everything) {
    for (let from = 0; ; await breathe()) {
      const ids = await removeBatch(clearing, text, [queue, from]);
      removed += ids.length;
      if (ids.length < batch) break;
      from = ids.at(-1)!;
    }
  }
  return removed;
}

async function removeBatch(
  { driver, announcer }: Clearing,
  text: string,
  values: readonly unknown[],
): Promise<readonly number[]> {
  const statements = [[text, values]] as const;
  const [answer] = await writeAndReconcile(driver, announcer, { statements, long: true });
  const rows = answer!.rows as [id: number, environment: number | null][];
  // what came after them may have failed for it
  if (rows.length > 0) announcer.announce("ready");
  const environments = new Set(rows.flatMap(([, environment]) => environment ?? []));
  if (environments.size > 0) await driver.write([[forget, [[...environments]]]]);
  return rows.map(([id]) => id);
}
