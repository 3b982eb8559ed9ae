// Taking the jobs of a process that ended, in the transaction that also removes its row: whoever
// comes second finds nothing left to do. The row is locked first, so that a claim of this process
// is either seen here or never made (see turn/claim.ts). What becomes of each job is said in
// ../rules/verdict.ts.

import type { Evidence, RecoveredJob } from "../../process.ts";
import { judge, type Verdict } from "../../rules/verdict.ts";
import type { Held } from "../../turn.ts";
import type { Driver, Run, Statement } from "../driver.ts";
import { announceReconciled, type Reconciled, reconcileIn, takeUp } from "../flow/reconcile.ts";
import { sharedColumns, toColumn } from "../rows.ts";
import type { Announcer } from "../watch/announce.ts";

const lockProcess = "SELECT FROM queue_runtime.processes WHERE id = $1 FOR UPDATE";
const unregister = "DELETE FROM queue_runtime.processes WHERE id = $1";

const heldBy = `SELECT id, fence, name, crashes_since_checkpoint, cancel_requested_at IS NOT NULL
FROM queue_runtime.jobs WHERE process_id = $1 AND state = 'running' ORDER BY id FOR UPDATE`;

type HeldRow = [id: number, fence: number, name: string, crashes: number, cancelled: boolean];

const columns = sharedColumns.filter((column) => column !== "state");
const counted = ["attempts", "crashes", "crashes_since_checkpoint", "fence", "error"];
const uncounted = columns.filter((column) => !counted.includes(column));
const list = (names: readonly string[], from = ""): string =>
  names.map((name) => from + name).join(", ");

/**
 * Moves jobs out of a process by verdicts, given as the rows of `verdict`. Every way out raises the
 * fence: nothing that the process wrote may still arrive.
 */
const leave = (verdicts: string): string => `WITH verdict AS MATERIALIZED (${verdicts}
), held AS MATERIALIZED (
  SELECT job.id, verdict.outcome, job.attempts - 1 AS attempts,
    job.crashes + verdict.crashed AS crashes,
    job.crashes_since_checkpoint + verdict.crashed AS crashes_since_checkpoint,
    job.fence + 1 AS fence, coalesce(verdict.error, job.error) AS error,
    verdict.error AS failure
  FROM queue_runtime.jobs AS job JOIN verdict ON job.id = verdict.id
  WHERE job.process_id = $1 FOR UPDATE OF job
), back AS (
  UPDATE queue_runtime.jobs AS job SET state = 'ready', returned = true, process_id = NULL,
    run_at = queue_runtime.now_ms(), attempts = held.attempts, crashes = held.crashes,
    crashes_since_checkpoint = held.crashes_since_checkpoint, fence = held.fence
  FROM held WHERE job.id = held.id AND held.outcome = 'ready'
), gone AS (
  DELETE FROM queue_runtime.jobs AS job USING held
  WHERE job.id = held.id AND held.outcome <> 'ready'
  RETURNING ${list(uncounted, "job.")}
), ended AS (
  INSERT INTO queue_runtime.ended_jobs
    (${list([...uncounted, ...counted])}, state, ended_from, finished_at)
  SELECT ${list(uncounted, "gone.")}, ${list(counted, "held.")}, held.outcome, 'running',
    queue_runtime.now_ms()
  FROM gone JOIN held ON held.id = gone.id
), remembered AS (
  INSERT INTO queue_runtime.job_errors (job_id, at, attempt, error)
  SELECT id, queue_runtime.now_ms(), attempts + 1, failure FROM held WHERE failure IS NOT NULL
)
SELECT id FROM held`;

const judged = leave(`
  SELECT * FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::json[])
    AS verdict (id, outcome, crashed, error)`);

/** Handed back and nothing counted: whatever the process holds but these runs. */
const unknownToIt = leave(`
  SELECT id, CASE WHEN cancel_requested_at IS NULL THEN 'ready' ELSE 'cancelled' END AS outcome,
    0 AS crashed, NULL::json AS error
  FROM queue_runtime.jobs WHERE process_id = $1 AND state = 'running'
    AND ($4::integer IS NULL OR EXISTS (
      SELECT FROM queue_runtime.processes WHERE id = $1 AND epoch = $4))
    AND NOT EXISTS (SELECT FROM unnest($2::bigint[], $3::integer[]) AS known (id, fence)
      WHERE known.id = jobs.id AND known.fence = jobs.fence)`);

export async function recover(
  driver: Driver,
  announcer: Announcer,
  ...[processId, evidence]: [processId: number, evidence: Evidence]
): Promise<readonly RecoveredJob[]> {
  const { jobs, reconciled } = await driver.transaction((run) =>
    recoverIn(run, processId, evidence),
  );
  await announceRecovered(driver, announcer, { jobs, reconciled });
  return jobs;
}

export interface Recovered {
  readonly jobs: readonly RecoveredJob[];
  readonly reconciled: Reconciled | null;
}

/** When the transaction is over. */
export async function announceRecovered(
  driver: Driver,
  announcer: Announcer,
  { jobs, reconciled }: Recovered,
): Promise<void> {
  if (jobs.some(({ outcome }) => outcome === "ready")) announcer.announce("ready");
  if (!reconciled) return;
  announceReconciled(announcer, reconciled);
  if (reconciled.more) await takeUp(driver, announcer);
}

/** The same inside a transaction; the caller announces what became ready. */
export async function recoverIn(
  run: Run,
  processId: number,
  evidence: Evidence,
): Promise<Recovered> {
  await run(lockProcess, [processId]);
  const { rows } = await run(heldBy, [processId]);
  const held = (rows as HeldRow[]).map(([id, fence, name, crashes, cancelled]) => ({
    ...{ id, fence, name, crashes, cancelled },
  }));
  const verdicts = judge(held, evidence);
  const values = [processId, ...valuesOf(verdicts)];
  const reconciled =
    verdicts.length > 0
      ? await reconcileIn(run, async () => void (await run(judged, values)))
      : null;
  await run(unregister, [processId]);
  const jobs = verdicts.map(({ id, outcome, crashed }, n) => ({
    ...{ id, name: held[n]!.name, outcome, crashed },
  }));
  return { jobs, reconciled };
}

function valuesOf(verdicts: readonly Verdict[]): readonly unknown[] {
  return [
    verdicts.map(({ id }) => id),
    verdicts.map(({ outcome }) => outcome),
    verdicts.map(({ crashed }) => Number(crashed)),
    verdicts.map(({ error }) => toColumn(error ?? undefined)),
  ];
}

/** Jobs a process still held when it left in good order; its row goes with them. */
export async function releaseAll(run: Run, processId: number): Promise<number> {
  await run(lockProcess, [processId]);
  let released = 0;
  await reconcileIn(run, async () => {
    released = (await run(unknownToIt, [processId, [], [], null])).count;
  });
  await run(unregister, [processId]);
  return released;
}

const beginEpoch = "UPDATE queue_runtime.processes SET epoch = $2 WHERE id = $1 AND epoch < $2";

/**
 * For a living process that may hold jobs whose claim it never heard of. The first of these wait
 * for the claims of the process that are under way, and put an end to those still to arrive; the
 * last releases what it knows nothing of, unless a later epoch has begun by then.
 */
export function beginAnew(
  processId: number,
  { epoch, known }: { readonly epoch: number; readonly known: readonly Held[] },
): { readonly first: readonly Statement[]; readonly last: Statement } {
  const [ids, fences] = [known.map(({ id }) => id), known.map(({ fence }) => fence)];
  return {
    first: [
      [lockProcess, [processId]],
      [beginEpoch, [processId, epoch]],
    ],
    last: [unknownToIt, [processId, ids, fences, epoch]],
  };
}
