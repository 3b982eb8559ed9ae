// Why a job is not running: each reason by the predicates of those who would end it. What the
// claim would take next is in why/claims.ts. Everything is read as of one moment.

import type { Reason } from "../../flow.ts";
import type { JobState } from "../../job.ts";
import type { Process } from "../../process.ts";
import {
  blockedBy,
  commandReasons,
  dueAt,
  isDispatched,
  type Known,
  living,
  silenceOf,
  staffFor,
  waitingFor,
} from "../../rules/why.ts";
import type { Driver, Run } from "../driver.ts";
import { processColumns, toProcess } from "../rows.ts";
import { fullReasons, type ReadyJob } from "./why/claims.ts";
import { groupOf, lockOf } from "./why/commands.ts";
import { gatesOf } from "./why/gates.ts";

const oneMoment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

export function why(driver: Driver, id: number): Promise<readonly Reason[] | null> {
  return driver.transaction(async (run) => {
    await run(oneMoment);
    return reasonsOf(run, id);
  });
}

const one = `SELECT state, queue, name, priority, run_at, crashes_since_checkpoint >= 2,
    queue_runtime.now_ms(),
    coalesce((SELECT place FROM queue_runtime.jobs AS live WHERE live.id = job.id), id),
    (SELECT paused_at FROM queue_runtime.paused_queues AS pause WHERE pause.name = job.queue),
    process_id, kind = 'command'
  FROM queue_runtime.all_jobs AS job WHERE id = $1`;

type JobRow = [
  state: JobState,
  queue: string,
  name: string,
  priority: number,
  runAt: number,
  suspect: boolean,
  now: number,
  turn: number,
  pausedAt: number | null,
  processId: number | null,
  isCommand: boolean,
];

interface Facts extends ReadyJob {
  readonly state: JobState;
  readonly runAt: number;
  readonly now: number;
  readonly pausedAt: number | null;
}

const processes = `SELECT ${processColumns} FROM queue_runtime.processes AS process`;

async function reasonsOf(run: Run, id: number): Promise<readonly Reason[] | null> {
  const [row] = Number.isSafeInteger(id) ? (await run(one, [id])).rows : [];
  if (row === undefined) return null;
  const [state, queue, name, priority, runAt, suspect, now, turn, pausedAt, processId, isCommand] =
    row as JobRow;
  const job: Facts = { id, state, queue, name, priority, runAt, suspect, now, turn, pausedAt };
  if (state === "running") return silenceOf(await processOf(run, processId), now);
  if (state === "finished" || state === "failed" || state === "cancelled")
    return [{ why: "ended", state }];
  const known = living((await run(processes, [])).rows.map(toProcess), now);
  const paused: Reason[] = pausedAt === null ? [] : [{ why: "paused", queue, since: pausedAt }];
  const own = [...(await stateReasons(run, job, known)), ...paused];
  if (isCommand) {
    const there = [...own, ...(await lockOf(run, id))];
    return there.length > 0 ? there : commandReasons(await groupOf(run, job), known);
  }
  const { reasons, able } = staffFor(job, known);
  const there = [...own, ...reasons];
  return there.length > 0 ? there : fullReasons(run, job, able);
}

async function processOf(run: Run, id: number | null): Promise<Process | null> {
  const [row] = (await run(`${processes} WHERE id = $1`, [id])).rows;
  return row === undefined ? null : toProcess(row);
}

/** What has to happen before it is ready. */
async function stateReasons(
  run: Run,
  { id, state, runAt, now }: Facts,
  known: readonly Known[],
): Promise<readonly Reason[]> {
  const dispatched = isDispatched(known);
  switch (state) {
    case "held":
      return [{ why: "held" }];
    case "waiting":
      return [waitingFor(await openOnes(run, id), dispatched)];
    case "scheduled":
      return [dueAt(runAt, now, dispatched)];
    case "blocked":
      return blockedBy(await gatesOf(run, id), dispatched);
    default:
      return [];
  }
}

const unended = `SELECT job.id, job.state FROM queue_runtime.dependencies AS dependency
  JOIN queue_runtime.jobs AS job ON job.id = dependency.on_id
  WHERE dependency.job_id = $1 ORDER BY job.id`;

async function openOnes(run: Run, id: number): Promise<readonly { id: number; state: JobState }[]> {
  const { rows } = await run(unended, [id]);
  return (rows as [number, JobState][]).map((row) => ({ id: row[0], state: row[1] }));
}
