// One tick: its place in the ledger and its job, in one transaction. Whoever has the write lock
// sees all that was recorded before, so nothing can come between the look and the record.

import { checkTick, jobOfTick, ledgerMs } from "../../rules/new-task.ts";
import type { RecurringTask, Tick, TickAnswer } from "../../store/recurring.ts";
import type { Driver } from "../driver.ts";
import { enqueueAll } from "../jobs/enqueue.ts";
import { toTask } from "./rows.ts";

export async function take(driver: Driver, tick: Tick): Promise<TickAnswer> {
  checkTick(tick);
  const record = (): TickAnswer => {
    const found = look(driver, tick);
    return "outcome" in found ? found : enqueue(driver, tick, found);
  };
  // A look first: of the schedulers of several processes all but one come late.
  const seen = await driver.read(() => look(driver, tick));
  return "outcome" in seen ? seen : driver.write(record, "full");
}

const taskOf = "SELECT * FROM recurring_tasks WHERE key = ?";
const recorded = "SELECT 1 FROM recurring_ticks WHERE key = ? AND at = ?";

/** The task, where its tick is still to be recorded. */
function look(driver: Driver, { key, version, at }: Tick): RecurringTask | TickAnswer {
  const row = driver.sql(taskOf).get(key);
  const task = row && toTask(row);
  if (!task || task.paused || task.version !== version || at < task.since)
    return { outcome: "stale" };
  const late = task.lastTickAt !== null && task.lastTickAt >= at;
  return late || driver.value(recorded, key, at) === 1 ? { outcome: "taken" } : task;
}

const remember = "INSERT INTO recurring_ticks (key, at, recorded_at, job_id) VALUES (?, ?, ?, ?)";
const advance = "UPDATE recurring_tasks SET last_tick_at = ? WHERE key = ?";

/** As many as a tick adds and some more, so that a ledger that has grown shrinks again. */
const forget = `DELETE FROM recurring_ticks WHERE key = :key AND at IN (
  SELECT at FROM (
    SELECT at, recorded_at FROM recurring_ticks WHERE key = :key AND at < :at ORDER BY at LIMIT 10)
  WHERE recorded_at < :before)`;

function enqueue(driver: Driver, { key, at }: Tick, task: RecurringTask): TickAnswer {
  const now = driver.now();
  const [enqueued] = enqueueAll(driver, [jobOfTick(task)]);
  const { id, outcome } = enqueued!;
  const isNew = outcome === "created" || outcome === "replaced";
  driver.sql(remember).run(key, at, now, isNew ? id : null);
  driver.sql(advance).run(at, key);
  driver.sql(forget).run({ key, at, before: now - ledgerMs });
  if (isNew) return { outcome: "enqueued", jobId: id };
  return { outcome: "skipped", jobId: outcome === "exists" ? id : null };
}
