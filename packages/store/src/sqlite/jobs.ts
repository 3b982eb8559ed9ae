// The jobs of the store: enqueueing, dispatch and the questions about them. What a worker does
// with jobs is in turn.ts, what people do with them in jobs/actions.ts.

import type { Enqueued, JobDetails, JobError, NewJob } from "../job.ts";
import type { Evidence, RecoveredJob } from "../process.ts";
import { prepareJob } from "../rules/new-job.ts";
import type { Dispatched, Jobs, Outstanding } from "../store.ts";
import type { Driver } from "./driver.ts";
import { change } from "./flow/change.ts";
import { isTouched } from "./flow/reconcile.ts";
import { cancel, discard, retry } from "./jobs/actions.ts";
import { clear } from "./jobs/clear.ts";
import { count, isBusy } from "./jobs/count.ts";
import { enqueueAll } from "./jobs/enqueue.ts";
import { list } from "./jobs/list.ts";
import { unknownNames } from "./jobs/unknown-names.ts";
import { recover } from "./processes/recovery.ts";
import { fromColumn, jobColumns, toJob } from "./rows.ts";
import { lookFirst, takeTurn } from "./turn.ts";

export function sqliteJobs(driver: Driver): Jobs {
  return {
    enqueue: (jobs) => enqueue(driver, jobs),
    turn: async (turn) =>
      (await driver.readTogether(() => lookFirst(driver, turn))) ??
      (await driver.write(() => takeTurn(driver, turn))),
    dispatch: (limit) => dispatch(driver, limit),
    recover: (processId, evidence) => recoverAll(driver, processId, evidence),
    find: (id) => driver.read(() => find(driver, id)),
    list: (filter) => driver.read(() => list(driver, filter)),
    count: () => driver.read(() => count(driver)),
    outstanding: () => driver.read(() => outstanding(driver)),
    unknownNames: () => driver.read(() => unknownNames(driver)),
    retry: (ids, options) => change(driver, () => retry(driver, ids, options)),
    cancel: (ids) => change(driver, () => cancel(driver, ids)),
    discard: (ids) => change(driver, () => discard(driver, ids)),
    clear: (retention, limit) => driver.write(() => clear(driver, retention, limit)),
  };
}

async function enqueue(driver: Driver, jobs: readonly NewJob[]): Promise<readonly Enqueued[]> {
  if (jobs.length === 0) return [];
  const prepared = jobs.map(prepareJob);
  return driver.write(() => enqueueAll(driver, prepared), "full");
}

const due = `SELECT run_at FROM jobs INDEXED BY jobs_waiting WHERE state = 'scheduled'
  ORDER BY run_at LIMIT 1`;

const promote = `UPDATE jobs SET state = 'ready' WHERE id IN (
  SELECT id FROM jobs INDEXED BY jobs_waiting WHERE state = 'scheduled' AND run_at <= ?
  ORDER BY run_at, id LIMIT ?)`;

async function dispatch(driver: Driver, limit: number): Promise<Dispatched> {
  const next = (): number | null => (driver.value(due) as number | undefined) ?? null;
  // A look first: an idle dispatcher never takes the write lock.
  const [nextAt, touched] = await driver.readTogether(() => [next(), isTouched(driver)] as const);
  const now = driver.now();
  if ((nextAt === null || nextAt > now) && !touched)
    return { moved: 0, nextInMs: nextAt === null ? null : nextAt - now };
  return change(driver, () => {
    const started = driver.now();
    const moved = Number(driver.sql(promote).run(started, limit).changes);
    const nextAt = next();
    return { moved, nextInMs: nextAt === null ? null : Math.max(0, nextAt - started) };
  });
}

function outstanding(driver: Driver): Outstanding {
  const next = driver.value(due) as number | undefined;
  const nextInMs = next === undefined ? null : Math.max(0, next - driver.now());
  return { busy: isBusy(driver), nextInMs };
}

function recoverAll(
  driver: Driver,
  processId: number,
  evidence: Evidence,
): Promise<readonly RecoveredJob[]> {
  return change(driver, () => recover(driver, processId, evidence));
}

const one = `SELECT ${jobColumns} FROM jobs WHERE id = ?`;
const errorsOf = "SELECT attempt, at, error FROM job_errors WHERE job_id = ? ORDER BY id";

function find(driver: Driver, id: number): JobDetails | null {
  const row = driver.tuples(one).get(id);
  if (!row) return null;
  const errors = driver
    .sql(errorsOf)
    .all(id)
    .map(({ attempt, at, error }) => ({
      attempt: attempt as number,
      at: at as number,
      error: fromColumn<JobError>(error),
    }));
  return { ...toJob(row), errors };
}
