// What the tables say in the end, read with plain SQL: the judge of the histories (crash-check.ts)
// believes neither the runtime nor its command line.

import { within } from "../pace.ts";
import type { JobRow } from "../project.ts";
import { type WaitOptions, waitFor } from "../wait-for.ts";
import { execute } from "./databases.ts";

const columns = `id, name, queue, state, attempts, interruptions, crashes, fence, process_id, args,
  cursor, error, run_at, started_at, finished_at`;

/** Every job there is, oldest first. */
export async function jobsInTables(url: string): Promise<JobRow[]> {
  const all = `SELECT ${columns} FROM queue_runtime.all_jobs ORDER BY id`;
  const rows = await execute<{ job: JobRow }>(
    url,
    `SELECT row_to_json(job) AS job FROM (${all}) job`,
  );
  return rows.map(({ job }) => job);
}

/** Every job, once none is left to do. */
export async function jobsAtRest(url: string, options: WaitOptions = {}): Promise<JobRow[]> {
  let left = "";
  const over = async () => {
    const sql = "SELECT state, count(*)::int AS jobs FROM queue_runtime.jobs GROUP BY state";
    const counts = await execute<{ state: string; jobs: number }>(url, sql);
    left = JSON.stringify(counts);
    return counts.length === 0;
  };
  await waitFor(over, { everyMs: 50, deadlineMs: within(20_000), ...options }).catch(
    (error: Error) => {
      throw new Error(`waited in vain for the end of all jobs: ${left}`, { cause: error });
    },
  );
  return await jobsInTables(url);
}
