// Taking the jobs of a process that ended, in the transaction that also removes its row: whoever
// comes second finds nothing left to do. The row is locked first, so that a claim of this process
// is either seen here or never made (see turn/claim.ts). What becomes of each job is said in
// ../rules/verdict.ts.

import type { Evidence, RecoveredJob } from "../../process.ts";
import { judge } from "../../rules/verdict.ts";
import type { Held } from "../../turn.ts";
import type { Driver, Run, Statement } from "../driver.ts";
import { announceReconciled, type Reconciled, reconcileIn, takeUp } from "../flow/reconcile.ts";
import { sharedColumns, toColumn } from "../rows.ts";
import type { Announcer } from "../watch/announce.ts";
import { judgeCommands, type Ruling } from "./commands.ts";

const lockProcess = "SELECT FROM queue_runtime.processes WHERE id = $1 FOR UPDATE";
const unregister = "DELETE FROM queue_runtime.processes WHERE id = $1";

const heldBy = `SELECT id, fence, name, crashes_since_checkpoint, cancel_requested_at IS NOT NULL,
  kind = 'command'
FROM queue_runtime.jobs WHERE process_id = $1 AND state = 'running' ORDER BY id FOR UPDATE`;

type HeldRow = [
  id: number,
  fence: number,
  name: string,
  crashes: number,
  cancelled: boolean,
  isCommand: boolean,
];

const columns = sharedColumns.filter((column) => column !== "state");
const counted = ["attempts", "crashes", "crashes_since_checkpoint", "fence", "error"];
const uncounted = columns.filter((column) => !counted.includes(column));
const list = (names: readonly string[], from = ""): string =>
  names.map((name) => from + name).join(", ");

/**
 * Moves jobs out of a process by verdicts, given as the rows of `verdict`; `spent`: 1 where the run
 * counts as an attempt. Every way out raises the fence: nothing that the process wrote may still
 * arrive.
 */
const leave = (verdicts: string): string => `WITH verdict AS MATERIALIZED (${verdicts}
), held AS MATERIALIZED (
  SELECT job.id, verdict.outcome, job.attempts - 1 + verdict.spent AS attempts,
    job.crashes + verdict.crashed AS crashes,
    job.crashes_since_checkpoint + verdict.crashed AS crashes_since_checkpoint,
    job.fence + 1 AS fence, coalesce(verdict.error, job.error) AS error,
    verdict.error AS failure, job.attempts AS attempt
  FROM queue_runtime.jobs AS job JOIN verdict ON job.id = verdict.id
  WHERE job.process_id = $1 FOR UPDATE OF job
), back AS (
  UPDATE queue_runtime.jobs AS job SET state = 'ready', returned = true, process_id = NULL,
    run_at = queue_runtime.now_ms(), attempts = held.attempts, crashes = held.crashes,
    crashes_since_checkpoint = held.crashes_since_checkpoint, fence = held.fence,
    error = held.error
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
  SELECT id, queue_runtime.now_ms(), attempt, failure FROM held WHERE failure IS NOT NULL
)
SELECT id FROM held`;

const judged = leave(`
  SELECT * FROM unnest($2::bigint[], $3::text[], $4::integer[], $5::json[], $6::integer[])
    AS verdict (id, outcome, crashed, error, spent)`);

/**
 * Handed back and nothing counted: whatever the process holds but these runs, and commands whose
 * own process is known, which may be anywhere in its life.
 */
const unknownToIt = leave(`
  SELECT id, CASE WHEN cancel_requested_at IS NULL THEN 'ready' ELSE 'cancelled' END AS outcome,
    0 AS crashed, NULL::json AS error, 0 AS spent
  FROM queue_runtime.jobs WHERE process_id = $1 AND state = 'running'
    AND NOT (kind = 'command' AND EXISTS (
      SELECT FROM queue_runtime.commands WHERE job_id = jobs.id AND pid IS NOT NULL))
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
  // those that ended are news as well: others may have failed for them
  if (jobs.length > 0) announcer.announce("ready");
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
  const held = rows as HeldRow[];
  const commands = held.filter(([, , , , , isCommand]) => isCommand).map(([id]) => id);
  const accused = held
    .filter(([, , , , , isCommand]) => !isCommand)
    .map(([id, fence, , crashes, cancelled]) => ({ id, fence, crashes, cancelled }));
  const verdicts: Ruling[] = [
    ...judge(accused, evidence).map((verdict) => ({ ...verdict, spent: false })),
    ...(await judgeCommands(run, commands, evidence.started)),
  ];
  const reconciled =
    verdicts.length > 0 ? await reconcileIn(run, () => carryOut(run, processId, verdicts)) : null;
  await run(unregister, [processId]);
  const names = new Map(held.map(([id, , name]) => [id, name]));
  const jobs = verdicts.map(({ id, outcome, crashed }) => ({
    ...{ id, name: names.get(id)!, outcome, crashed },
  }));
  return { jobs, reconciled };
}

async function carryOut(run: Run, processId: number, verdicts: readonly Ruling[]): Promise<void> {
  await run(judged, [
    processId,
    verdicts.map(({ id }) => id),
    verdicts.map(({ outcome }) => outcome),
    verdicts.map(({ crashed }) => Number(crashed)),
    verdicts.map(({ error }) => toColumn(error ?? undefined)),
    verdicts.map(({ spent }) => Number(spent)),
  ]);
}

const commandsOf = `SELECT id FROM queue_runtime.jobs
  WHERE process_id = $1 AND state = 'running' AND kind = 'command' ORDER BY id FOR UPDATE`;

/** Jobs a process still held when it left in good order; its row goes with them. */
export async function releaseAll(run: Run, processId: number): Promise<number> {
  await run(lockProcess, [processId]);
  const commands = ((await run(commandsOf, [processId])).rows as [number][]).map(([id]) => id);
  let released = 0;
  await reconcileIn(run, async () => {
    const lost = await judgeCommands(run, commands, []);
    if (lost.length > 0) await carryOut(run, processId, lost);
    released = lost.length + (await run(unknownToIt, [processId, [], [], null])).count;
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
