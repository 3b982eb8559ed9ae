// Why a job is not running: each reason by the predicates of those who would end it. What the
// claim would take next is asked of the claim itself (why/claims.ts).

import type { Reason } from "../../flow.ts";
import type { Job, JobState } from "../../job.ts";
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
import type { Driver } from "../driver.ts";
import { jobColumns, type Row, toJob, toProcess } from "../rows.ts";
import { fullReasons } from "./why/claims.ts";
import { groupOf, lockOf } from "./why/commands.ts";
import { gatesOf } from "./why/gates.ts";

const one = `SELECT ${jobColumns} FROM jobs WHERE id = ?`;

const processes = `SELECT processes.*, EXISTS (
    SELECT 1 FROM jobs INDEXED BY jobs_running WHERE process_id = processes.id) AS jobs
  FROM processes`;

/** Reads several times, and has to do so in one transaction. */
export function why(driver: Driver, id: number): readonly Reason[] | null {
  const row = driver.tuples(one).get(id);
  if (!row) return null;
  const job = toJob(row);
  if (job.state === "running") return silenceOf(processOf(driver, job), driver.now());
  if (job.finishedAt !== null) return [{ why: "ended", state: job.state }];
  const known = living(driver.sql(processes).all().map(toProcess), driver.now());
  const paused = pausesOf(driver, job);
  if (job.kind === "command") {
    const there = [...stateReasons(driver, job, known), ...paused, ...lockOf(driver, job)];
    return there.length > 0 ? there : commandReasons(groupOf(driver, job), known);
  }
  const { reasons, able } = staffFor(job, known);
  const there = [...stateReasons(driver, job, known), ...paused, ...reasons];
  return there.length > 0 ? there : fullReasons(driver, job, able);
}

function processOf(driver: Driver, { processId }: Job): Process | null {
  const row = driver.sql(`${processes} WHERE id = ?`).get(processId);
  return row ? toProcess(row) : null;
}

/** What has to happen before it is ready. */
function stateReasons(driver: Driver, job: Job, known: readonly Known[]): readonly Reason[] {
  const dispatched = isDispatched(known);
  switch (job.state) {
    case "held":
      return [{ why: "held" }];
    case "waiting":
      return [waitingFor(openOnes(driver, job), dispatched)];
    case "scheduled":
      return [dueAt(job.runAt, driver.now(), dispatched)];
    case "blocked":
      return blockedBy(gatesOf(driver, job.id), dispatched);
    default:
      return [];
  }
}

const pause = "SELECT paused_at FROM paused_queues WHERE name = ?";

function pausesOf(driver: Driver, { queue }: Job): readonly Reason[] {
  const since = driver.value(pause, queue) as number | undefined;
  return since === undefined ? [] : [{ why: "paused", queue, since }];
}

const unended = `SELECT jobs.id, jobs.state FROM dependencies CROSS JOIN jobs ON jobs.id = on_id
  WHERE job_id = ? AND finished_at IS NULL ORDER BY jobs.id`;

function openOnes(driver: Driver, { id }: Job): readonly { id: number; state: JobState }[] {
  const rows: readonly Row[] = driver.sql(unended).all(id);
  return rows.map((row) => ({ id: row.id as number, state: row.state as JobState }));
}
