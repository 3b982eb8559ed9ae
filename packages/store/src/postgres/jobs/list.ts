// Lists jobs of both tables, oldest first, in one statement and so as of one moment.
//
// Walking a table by id is right when most jobs match, and endless when three failed ones hide
// among a million. So jobs in some states are first looked up in the index of their state; if they
// are few, each is fetched by its id, and if they are many, the walk will soon meet enough of them.

import { endStates, type Job, type JobState, jobStates } from "../../job.ts";
import type { JobFilter } from "../../store.ts";
import type { Driver } from "../driver.ts";
import { jobColumns, toJob } from "../rows.ts";

const defaultLimit = 50;

/** How many jobs are few: to look each of them up is cheaper than a walk. */
const few = 1_000;

type Table = "jobs" | "ended_jobs";

export async function list(driver: Driver, filter: JobFilter): Promise<readonly Job[]> {
  const { states, queue = null, name = null, processId = null, batchId = null } = filter;
  const { beyond = 0 } = filter;
  const wanted = states && jobStates.filter((state) => states.includes(state));
  const limit = filter.limit ?? defaultLimit;
  const values = [limit, queue, name, wanted ?? null, processId, batchId, beyond];
  if (wanted && wanted.length === 0) return [];
  const text = processId !== null ? heldBy : batchId !== null ? ofBatch : inStates(wanted);
  const { rows } = await driver.query(text, values, true);
  return rows.map(toJob);
}

const ends: readonly JobState[] = endStates;

const columnsOf: Readonly<Record<Table, string>> = {
  jobs: `${jobColumns("live")}, NULL::bigint AS finished_at, NULL::json AS result`,
  ended_jobs: jobColumns("all")
    .replace("job.process_id", "NULL::bigint AS process_id")
    .replace("job.cancel_requested_at", "NULL::bigint AS cancel_requested_at"),
};

/** Every value stands in every text, so that each has a type. */
const filters = `($2::text IS NULL OR job.queue = $2) AND ($3::text IS NULL OR job.name = $3)
    AND ($4::text[] IS NULL OR job.state = ANY ($4)) AND ($5::bigint IS NULL OR $5 > 0)
    AND ($6::bigint IS NULL OR job.batch_id = $6) AND job.id > $7::bigint`;

const walk = (table: Table, condition = "true"): string => `(
  SELECT ${columnsOf[table]} FROM queue_runtime.${table} AS job
  WHERE ${condition} AND ${filters} ORDER BY job.id LIMIT $1)`;

const fetch = (table: Table, condition: string): string => `(
  SELECT job.* FROM found CROSS JOIN LATERAL (
    SELECT ${columnsOf[table]} FROM queue_runtime.${table} AS job
    WHERE job.id = found.id AND ${filters} OFFSET 0
  ) AS job WHERE ${condition} ORDER BY job.id LIMIT $1)`;

const inOrder = (branches: readonly string[]): string =>
  `SELECT * FROM (${branches.join(" UNION ALL ")}) AS job ORDER BY job.id LIMIT $1`;

const running = "SELECT id FROM queue_runtime.jobs WHERE state = 'running' AND process_id = $5";
const heldBy = `WITH found AS MATERIALIZED (${running}) ${inOrder([fetch("jobs", "true")])}`;

const inBatch = "job.batch_id = $6";
const ofBatch = inOrder([walk("jobs", inBatch), walk("ended_jobs", inBatch)]);

/** In the order of an index that can answer it: the planner then stops where it has enough. */
const orders: Readonly<Partial<Record<JobState, string>>> = {
  scheduled: "run_at, id",
  running: "process_id",
  failed: "finished_at",
  cancelled: "finished_at",
};

const looks = (state: JobState): readonly string[] => {
  const table = ends.includes(state) ? "ended_jobs" : "jobs";
  const ids = `SELECT id FROM queue_runtime.${table} WHERE state = '${state}'`;
  // as the conditions of their two indexes have it
  if (state === "ready")
    return [
      `${ids} AND crashes_since_checkpoint < 2 ORDER BY returned, queue, name, priority, id`,
      `${ids} AND crashes_since_checkpoint >= 2 ORDER BY queue, name, priority, id`,
    ];
  return [`${ids} ORDER BY ${orders[state] ?? "id"}`];
};

/** In any state when `states` is undefined. */
function inStates(states: readonly JobState[] | undefined): string {
  if (!states) return inOrder([walk("jobs"), walk("ended_jobs")]);
  const ids = states.flatMap(looks).map((look) => `(${look} LIMIT ${few + 1})`);
  const tables = [
    ...(states.some((state) => !ends.includes(state)) ? (["jobs"] as const) : []),
    ...(states.some((state) => ends.includes(state)) ? (["ended_jobs"] as const) : []),
  ];
  return `WITH found AS MATERIALIZED (
    SELECT id FROM (${ids.join(" UNION ALL ")}) AS look LIMIT ${few + 1}
  ), size AS MATERIALIZED (SELECT count(*) <= ${few} AS few FROM found)
  ${inOrder(
    tables.flatMap((table) => [
      fetch(table, "(SELECT few FROM size)"),
      walk(table, "NOT (SELECT few FROM size)"),
    ]),
  )}`;
}
