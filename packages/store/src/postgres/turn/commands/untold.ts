// Ends that somebody is to be told of, and was not yet: `commands.untold` is the host that owes a
// word of one; empty: whichever host comes first.

import type { CommandJob } from "../../../store/command.ts";
import { commandColumns, jobIn, toCommandJob } from "../../commands/rows.ts";
import type { Driver } from "../../driver.ts";

const most = 1_000;

const some = `SELECT EXISTS (SELECT FROM queue_runtime.commands WHERE untold = '')
  OR $2 AND EXISTS (SELECT FROM queue_runtime.commands WHERE untold = $1)`;
const take = `WITH open AS MATERIALIZED (
  SELECT job_id FROM queue_runtime.commands WHERE untold = ''
  ORDER BY job_id LIMIT ${most} FOR UPDATE SKIP LOCKED
)
UPDATE queue_runtime.commands AS command SET untold = CASE WHEN (
  SELECT finished_at FROM queue_runtime.ended_jobs AS job WHERE job.id = command.job_id
) >= $2 THEN $1::text END
WHERE job_id = ANY (array(SELECT open.job_id FROM open)) RETURNING job_id, untold`;
const before = `SELECT job_id FROM queue_runtime.commands WHERE untold = $1
ORDER BY job_id LIMIT ${most}`;
const these = `SELECT ${commandColumns}
FROM unnest($1::bigint[]) AS wanted (id)
  CROSS JOIN LATERAL (SELECT * FROM queue_runtime.commands WHERE job_id = wanted.id) AS command
  CROSS JOIN ${jobIn("wanted.id")}
ORDER BY wanted.id`;

export async function untold(
  driver: Driver,
  host: string,
  { since, again }: { readonly since: number; readonly again: boolean },
): Promise<readonly CommandJob[]> {
  if ((await driver.value(some, [host, again])) !== true) return [];
  return await driver.transaction(async (run) => {
    const owed = again ? ((await run(before, [host])).rows as [number][]) : [];
    const taken = (await run(take, [host, since])).rows as [number, string | null][];
    const ids = [...owed, ...taken.filter(([, by]) => by !== null)].map(([id]) => id);
    return (await run(these, [ids])).rows.map(toCommandJob);
  });
}

const forget = `WITH these AS MATERIALIZED (
  SELECT job_id FROM queue_runtime.commands WHERE job_id = ANY ($1::bigint[])
  ORDER BY job_id FOR NO KEY UPDATE
)
UPDATE queue_runtime.commands SET untold = NULL
WHERE job_id = ANY (array(SELECT these.job_id FROM these))`;

export async function told(driver: Driver, ids: readonly number[]): Promise<void> {
  if (ids.length > 0) await driver.write([[forget, [ids]]]);
}
