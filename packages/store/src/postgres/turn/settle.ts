// How runs end: statements that take any number of runs as arrays. Each asks for (id, fence) and
// for a running job, so a holder that was overtaken changes nothing.
//
// A job that somebody asked to cancel never goes back to work: where its run would have been
// repeated, it is cancelled. One that finished all the same stays finished.
//
// A running job is one with a process. Asked for by its state, the planner would think of the index
// of running jobs, and join it to the array in a time that grows with the square of the batch.
//
// Runs that just finished, which is nearly all of them, have a statement of their own.

import type { Settlement } from "../../turn.ts";
import type { Statement } from "../driver.ts";
import { sharedColumns, toColumn } from "../rows.ts";

const columns = sharedColumns.filter((column) => column !== "state");
const list = (names: readonly string[], from = ""): string =>
  names.map((name) => from + name).join(", ");

const finishAll = `WITH ended AS (
  DELETE FROM queue_runtime.jobs AS job
  USING unnest($1::bigint[], $2::integer[], $3::json[]) AS given (id, fence, result)
  WHERE job.id = given.id AND job.fence = given.fence AND job.process_id IS NOT NULL
  RETURNING ${list(columns, "job.")}, given.result
)
INSERT INTO queue_runtime.ended_jobs (${list(columns)}, state, ended_from, finished_at, result)
SELECT ${list(columns)}, 'finished', 'running', (SELECT queue_runtime.now_ms()), result FROM ended
RETURNING id`;

const finishAllWithoutResult = `WITH ended AS (
  DELETE FROM queue_runtime.jobs AS job
  USING unnest($1::bigint[], $2::integer[]) AS given (id, fence)
  WHERE job.id = given.id AND job.fence = given.fence AND job.process_id IS NOT NULL
  RETURNING ${list(columns, "job.")}
)
INSERT INTO queue_runtime.ended_jobs (${list(columns)}, state, ended_from, finished_at)
SELECT ${list(columns)}, 'finished', 'running', (SELECT queue_runtime.now_ms()) FROM ended
RETURNING id`;

export type Finished = Extract<Settlement, { readonly outcome: "finished" }>;

/** Its rows are the ids of the runs that were taken. */
export function finish(given: readonly Finished[]): Statement {
  const runs = given.toSorted(byId);
  const ids = runs.map(({ id }) => id);
  const fences = runs.map(({ fence }) => fence);
  if (runs.every(({ result }) => result === null)) return [finishAllWithoutResult, [ids, fences]];
  return [finishAll, [ids, fences, runs.map(({ result }) => toColumn(result))]];
}

/** Rows are locked in one order by all: those who wait for several of them would wait for ever. */
const byId = (a: Settlement, b: Settlement): number => a.id - b.id;

/** What the end of a run changes about its job, whether it is repeated or not. */
const counters = `
    job.attempts - (given.outcome IN ('interrupted', 'released', 'crashed', 'gated'))::integer
      AS attempts,
    job.interruptions + (given.outcome = 'interrupted')::integer AS interruptions,
    job.crashes + (given.outcome = 'crashed')::integer AS crashes,
    job.crashes_since_checkpoint + (given.outcome = 'crashed')::integer
      AS crashes_since_checkpoint,
    CASE WHEN given.outcome = 'failed' THEN given.error ELSE job.error END AS error`;
const counted = ["attempts", "interruptions", "crashes", "crashes_since_checkpoint", "error"];
const uncounted = columns.filter((column) => !counted.includes(column));

const endAll = `WITH given AS MATERIALIZED (
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::json[], $5::bigint[])
    AS given (id, fence, outcome, error, delay)
), held AS MATERIALIZED (
  SELECT job.id, given.outcome, given.error AS failure, own.delay, ${counters},
    CASE WHEN given.outcome = 'cancelled' THEN 'cancelled'
      WHEN given.outcome = 'failed' AND given.delay IS NULL THEN 'failed'
      WHEN job.cancel_requested_at IS NOT NULL THEN 'cancelled'
      WHEN own.delay > 0 THEN 'scheduled' ELSE 'ready' END AS state
  FROM queue_runtime.jobs AS job JOIN given ON job.id = given.id AND job.fence = given.fence
    CROSS JOIN LATERAL (SELECT CASE given.outcome
      WHEN 'gated' THEN greatest(job.run_at - queue_runtime.now_ms(), 0)
      ELSE given.delay END AS delay) AS own
  WHERE job.process_id IS NOT NULL FOR UPDATE OF job
), back AS (
  UPDATE queue_runtime.jobs AS job SET state = held.state, returned = true, process_id = NULL,
    fence = job.fence + (held.outcome <> 'failed')::integer,
    run_at = CASE WHEN held.outcome IN ('released', 'gated') THEN job.run_at
      ELSE queue_runtime.now_ms() + held.delay END,
    attempts = held.attempts, interruptions = held.interruptions, crashes = held.crashes,
    crashes_since_checkpoint = held.crashes_since_checkpoint, error = held.error
  FROM held WHERE job.id = held.id AND held.state IN ('ready', 'scheduled')
), gone AS (
  DELETE FROM queue_runtime.jobs AS job USING held
  WHERE job.id = held.id AND held.state IN ('failed', 'cancelled')
  RETURNING ${list(uncounted, "job.")}
), ended AS (
  INSERT INTO queue_runtime.ended_jobs
    (${list([...uncounted, ...counted])}, state, ended_from, finished_at)
  SELECT ${list(uncounted, "gone.")}, ${list(counted, "held.")}, held.state, 'running',
    queue_runtime.now_ms()
  FROM gone JOIN held ON held.id = gone.id
), remembered AS (
  INSERT INTO queue_runtime.job_errors (job_id, at, attempt, error)
  SELECT id, queue_runtime.now_ms(), attempts, failure FROM held WHERE outcome = 'failed'
)
SELECT id, state, delay FROM held`;

export type Other = Exclude<Settlement, Finished>;

/** Its rows say which runs were taken, and what became of their jobs. */
export function end(given: readonly Other[]): Statement {
  const runs = given.toSorted(byId);
  return [
    endAll,
    [
      runs.map(({ id }) => id),
      runs.map(({ fence }) => fence),
      runs.map(({ outcome }) => outcome),
      runs.map((run) => (run.outcome === "failed" ? toColumn(run.error) : null)),
      runs.map(delayOf),
    ],
  ];
}

export type GatedRun = Extract<Settlement, { readonly outcome: "gated" }>;

/** Gives runs what they have learned of; comes before the statement that ends these runs. */
export function gate(runs: readonly GatedRun[]): Statement {
  const given = runs.map(({ id, fence, gates, uniques }) => ({ id, fence, gates, uniques }));
  return ["SELECT queue_runtime.gate_runs($1::json)", [JSON.stringify(given)]];
}

export type EndedRow = readonly [id: number, state: string, delay: number | null];

/** Whatever the clock says, the sum is a date: job code may ask for any delay. */
const longestDelay = 8_640_000_000_000_000 / 2;

/** null: there is no next run. */
function delayOf(run: Other): number | null {
  switch (run.outcome) {
    case "failed":
      return run.retryDelayMs === null ? null : wholeDelay(run.retryDelayMs);
    case "interrupted":
      return wholeDelay(run.delayMs);
    case "released":
    case "crashed":
    case "gated":
      return 0;
    case "cancelled":
      return null;
    default:
      return run satisfies never;
  }
}

function wholeDelay(ms: number): number {
  return Math.min(Math.ceil(ms), longestDelay);
}

const among = "unnest($1::bigint[], $2::integer[]) AS given (id, fence)";
const registered = "EXISTS (SELECT FROM queue_runtime.processes WHERE id = $3)";

/**
 * Of refused runs of a process: those that it had settled before.
 *
 * Only settling keeps the fence of a run. Where the fence is newer, the job went back to work:
 * because this process settled the run (handed back at fence + 1, or to be retried and claimed
 * since, by anybody) or because the run was recovered. Recovery raises the fence by one, too; but
 * it removes the row of the process in the same transaction, and no process gets that id again. So
 * while the row is there, it was this process, however far others have come with the job since.
 */
export const takenBefore: string = `SELECT given.* FROM ${among}
  JOIN queue_runtime.ended_jobs AS job ON job.id = given.id
    AND (job.fence = given.fence OR job.fence > given.fence AND ${registered})
UNION ALL SELECT given.* FROM ${among} JOIN queue_runtime.jobs AS job ON job.id = given.id
    AND (job.fence = given.fence AND job.state <> 'running'
      OR job.fence > given.fence AND ${registered})`;
