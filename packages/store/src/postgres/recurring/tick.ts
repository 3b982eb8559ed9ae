// One tick: its place in the ledger and its job, in one transaction. Whoever comes second waits for
// the row of the task, and then reads what the first has written into it; the primary key of the
// ledger has the last word.

import { checkTick, jobOfTick, ledgerMs } from "../../rules/new-task.ts";
import type { RecurringTask, Tick, TickAnswer } from "../../store/recurring.ts";
import type { Driver, Run } from "../driver.ts";
import { insertIn } from "../flow/enqueue.ts";
import { announceReconciled, type Reconciled, takeUp } from "../flow/reconcile.ts";
import type { Announcer } from "../watch/announce.ts";
import { taskColumns, toTask } from "./rows.ts";

interface Recorded {
  readonly answer: TickAnswer;
  /** What followed for other jobs; null when nothing was enqueued. */
  readonly followed: Reconciled | null;
}

export async function take(driver: Driver, announcer: Announcer, tick: Tick): Promise<TickAnswer> {
  checkTick(tick);
  const { answer, followed } = await driver.transaction((run) => record(run, tick));
  if (answer.outcome === "enqueued") announcer.announce("ready");
  if (followed) announceReconciled(announcer, followed);
  if (followed?.more) await takeUp(driver, announcer);
  return answer;
}

const nothing = (outcome: "stale" | "taken"): Recorded => ({
  answer: { outcome },
  followed: null,
});

const lockTask = `SELECT ${taskColumns} FROM queue_runtime.recurring_tasks WHERE key = $1
  FOR NO KEY UPDATE`;

const remember = `INSERT INTO queue_runtime.recurring_ticks (key, at, recorded_at)
  VALUES ($1, $2, queue_runtime.now_ms()) ON CONFLICT DO NOTHING`;

async function record(run: Run, { key, version, at }: Tick): Promise<Recorded> {
  const [row] = (await run(lockTask, [key])).rows;
  const task = row === undefined ? null : toTask(row);
  if (!task || task.paused || task.version !== version || at < task.since) return nothing("stale");
  if (task.lastTickAt !== null && task.lastTickAt >= at) return nothing("taken");
  if ((await run(remember, [key, at])).count === 0) return nothing("taken");
  return enqueue(run, task, at);
}

const advance = `WITH created AS (
  UPDATE queue_runtime.recurring_ticks SET job_id = $3 WHERE key = $1 AND at = $2
)
UPDATE queue_runtime.recurring_tasks SET last_tick_at = $2 WHERE key = $1`;

/** As many as a tick adds and some more, so that a ledger that has grown shrinks again. */
const forget = `WITH old AS MATERIALIZED (
  SELECT at, recorded_at FROM queue_runtime.recurring_ticks WHERE key = $1 AND at < $2
  ORDER BY at LIMIT 10
)
DELETE FROM queue_runtime.recurring_ticks AS tick USING old
WHERE tick.key = $1 AND tick.at = old.at
  AND old.recorded_at < queue_runtime.now_ms() - $3::bigint`;

async function enqueue(run: Run, task: RecurringTask, at: number): Promise<Recorded> {
  const { key } = task;
  const { enqueued, ...followed } = await insertIn(run, [jobOfTick(task)]);
  const { id, outcome } = enqueued[0]!;
  const isNew = outcome === "created" || outcome === "replaced";
  await run(advance, [key, at, isNew ? id : null]);
  await run(forget, [key, at, ledgerMs]);
  if (isNew) return { answer: { outcome: "enqueued", jobId: id }, followed };
  const jobId = outcome === "exists" ? id : null;
  return { answer: { outcome: "skipped", jobId }, followed };
}
