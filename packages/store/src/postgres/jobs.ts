// The jobs of the store: enqueueing, dispatch and the questions about them. What a worker does
// with jobs is in turn.ts, what people do with them in jobs/actions.ts.

import { systemClock } from "../clock.ts";
import type { Enqueued, JobAttemptError, JobDetails, NewJob } from "../job.ts";
import { prepareJob } from "../rules/new-job.ts";
import type { Dispatched, Jobs, Outstanding } from "../store.ts";
import { hasCommands } from "./commands/new-commands.ts";
import type { Driver } from "./driver.ts";
import { enqueueLinked, isLinked, largest } from "./flow/enqueue.ts";
import { writeAndReconcile } from "./flow/reconcile.ts";
import { cancel, discard, retry } from "./jobs/actions.ts";
import { clear } from "./jobs/clear.ts";
import { count, isBusy } from "./jobs/count.ts";
import { insertAll } from "./jobs/insert.ts";
import { list } from "./jobs/list.ts";
import { unknownNames } from "./jobs/unknown-names.ts";
import { recover } from "./processes/recovery.ts";
import { jobColumns, toJob } from "./rows.ts";
import { Turns } from "./turn.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresJobs(driver: Driver, announcer: Announcer): Jobs {
  const turns = new Turns(driver, announcer);
  return {
    enqueue: (jobs) => enqueue(driver, announcer, jobs),
    turn: (turn) => turns.take(turn),
    dispatch: (limit) => dispatch(driver, announcer, limit),
    recover: (processId, evidence) => recover(driver, announcer, processId, evidence),
    find: (id) => find(driver, id),
    list: (filter) => list(driver, filter),
    count: () => count(driver),
    outstanding: () => outstanding(driver),
    unknownNames: () => unknownNames(driver),
    retry: (ids, options) => retry(driver, announcer, ids, options),
    cancel: (ids) => cancel(driver, announcer, ids),
    discard: (ids) => discard(driver, announcer, ids),
    clear: (retention, limit) => clear(driver, retention, limit),
  };
}

async function enqueue(
  driver: Driver,
  announcer: Announcer,
  jobs: readonly NewJob[],
): Promise<readonly Enqueued[]> {
  if (jobs.length === 0) return [];
  const prepared = jobs.map(prepareJob);
  const dueSoon = (): void => announcer.announceDue(Math.min(...prepared.map(delayOf)));
  const linked = async (): Promise<readonly Enqueued[]> => {
    const { enqueued, scheduled } = await enqueueLinked(driver, announcer, prepared);
    if (scheduled) dueSoon();
    return enqueued;
  };
  const commands = hasCommands(prepared);
  if (prepared.some(isLinked) || (commands && prepared.length > largest)) return linked();
  const atOnce = prepared.some(({ at, inMs, held }) => at === null && inMs === 0 && !held);
  const news = atOnce ? announcer.next("ready") : null;
  const inserted = await insertAll(driver, prepared, { news, commands });
  if (!inserted) return linked();
  const { enqueued, ready, scheduled } = inserted;
  if (ready && !atOnce) announcer.announce("ready");
  if (scheduled) dueSoon();
  return enqueued;
}

/** By our own clock: it only decides who is told, and a poll finds what was misjudged. */
function delayOf({ at, inMs }: { readonly at: number | null; readonly inMs: number }): number {
  return at === null ? inMs : at - systemClock.now();
}

const nextDue = `SELECT run_at - queue_runtime.now_ms() FROM queue_runtime.jobs
  WHERE state = 'scheduled' ORDER BY run_at, id LIMIT 1`;

const promote = `WITH due AS MATERIALIZED (
  SELECT id FROM queue_runtime.jobs WHERE state = 'scheduled' AND run_at <= queue_runtime.now_ms()
  ORDER BY run_at, id LIMIT $1 FOR UPDATE SKIP LOCKED
)
UPDATE queue_runtime.jobs AS job SET state = 'ready', returned = true
FROM due WHERE job.id = due.id`;

async function dispatch(driver: Driver, announcer: Announcer, limit: number): Promise<Dispatched> {
  const next = async (): Promise<number | null> =>
    ((await driver.value(nextDue)) as number | undefined) ?? null;
  // A look first: an idle dispatcher writes nothing.
  const nextInMs = await next();
  if (nextInMs === null || nextInMs > 0) return { moved: 0, nextInMs };
  const [{ count: moved } = { count: 0 }, due] = await writeAndReconcile(driver, announcer, {
    statements: [[promote, [limit]], [nextDue]],
  });
  if (moved > 0) announcer.announce("ready");
  const [row] = due!.rows as [number][];
  return { moved, nextInMs: row ? Math.max(0, row[0]) : null };
}

async function outstanding(driver: Driver): Promise<Outstanding> {
  const nextInMs = (await driver.value(nextDue)) as number | undefined;
  const busy = await isBusy(driver);
  return { busy, nextInMs: nextInMs === undefined ? null : Math.max(0, nextInMs) };
}

const one = `SELECT ${jobColumns("all")} FROM queue_runtime.all_jobs AS job WHERE id = $1`;
const errorsOf = `SELECT attempt, at, error FROM queue_runtime.job_errors
  WHERE job_id = $1 ORDER BY id`;

async function find(driver: Driver, id: number): Promise<JobDetails | null> {
  if (!Number.isSafeInteger(id)) return null;
  const [jobs, errors] = await driver.together([
    [one, [id]],
    [errorsOf, [id]],
  ]);
  const [row] = jobs!.rows;
  if (!row) return null;
  const rows = errors!.rows as [number, number, JobAttemptError["error"]][];
  return { ...toJob(row), errors: rows.map(([attempt, at, error]) => ({ attempt, at, error })) };
}
