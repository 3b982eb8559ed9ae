// Recurring tasks: who may define them, and what they have done. When a tick is due is computed a
// layer above; one tick is in recurring/tick.ts.

import {
  type Change,
  type Changes,
  changesOf,
  checkOwner,
  checkSource,
  prepareTask,
  prepareTasks,
} from "../rules/new-task.ts";
import type { NewTask, RecurringTick } from "../store/recurring.ts";
import type { Recurring } from "../store.ts";
import type { Driver } from "./driver.ts";
import { toTask, toTick } from "./recurring/rows.ts";
import { take } from "./recurring/tick.ts";

export function sqliteRecurring(driver: Driver): Recurring {
  return {
    now: async () => driver.now(),
    define: (source, tasks) => define(driver, source, tasks),
    add: (source, task) => add(driver, source, task),
    remove: (source, key) => remove(driver, source, key),
    pause: (key, on) => driver.write(() => pause(driver, key, on)),
    list: () => driver.read(() => driver.sql(all).all().map(toTask)),
    tick: (tick) => take(driver, tick),
    ticks: (key, limit) => driver.read(() => ticks(driver, key, limit)),
  };
}

const all = "SELECT * FROM recurring_tasks ORDER BY key";
const one = "SELECT * FROM recurring_tasks WHERE key = ?";

async function define(driver: Driver, source: string, tasks: readonly NewTask[]): Promise<void> {
  const wanted = { source: checkSource(source), wanted: prepareTasks(tasks) };
  await change(driver, () => changesOf(wanted, driver.sql(all).all().map(toTask), driver.now()));
}

async function add(driver: Driver, source: string, task: NewTask): Promise<void> {
  const wanted = { source: checkSource(source), wanted: [prepareTask(task)] };
  const { key } = task;
  await change(driver, () => changesOf(wanted, driver.sql(one).all(key).map(toTask), driver.now()));
}

/** A look first: whoever starts with the tasks of the last time never takes the write lock. */
async function change(driver: Driver, look: () => Changes): Promise<void> {
  const { written, removed } = await driver.read(look);
  if (written.length + removed.length === 0) return;
  await driver.write(() => write(driver, look()), "full");
}

const forget = "DELETE FROM recurring_tasks WHERE key = ?";
const insert = `INSERT INTO recurring_tasks
  (key, source, schedule, time_zone, job, description, catch_up, since, paused, last_tick_at)
  VALUES (:key, :source, :schedule, :timeZone, :job, :description, :catchUp, :since, :paused,
    :lastTickAt)`;

function write(driver: Driver, { written, removed }: Changes): void {
  for (const key of removed) driver.sql(forget).run(key);
  for (const each of written) replace(driver, each);
}

/** By a new row, and so with a new version. */
function replace(driver: Driver, { task, source, since, before }: Change): void {
  const { key, schedule, timeZone, description, catchUp } = task;
  driver.sql(forget).run(key);
  driver.sql(insert).run({
    ...{ key, source, schedule, timeZone, description, catchUp, since },
    job: JSON.stringify(task.job),
    paused: Number(before?.paused ?? false),
    lastTickAt: before?.lastTickAt ?? null,
  });
}

async function remove(driver: Driver, source: string, key: string): Promise<boolean> {
  const owner = checkSource(source);
  return driver.write(() => {
    const row = driver.sql(one).get(key);
    if (!row) return false;
    checkOwner(toTask(row), owner);
    driver.sql(forget).run(key);
    return true;
  });
}

const setPaused = `UPDATE recurring_tasks SET paused = :on,
  since = CASE WHEN paused = 1 AND :on = 0 THEN :now ELSE since END WHERE key = :key`;

function pause(driver: Driver, key: string, on: boolean): boolean {
  return driver.sql(setPaused).run({ key, on: Number(on), now: driver.now() }).changes === 1;
}

const newest = "SELECT * FROM recurring_ticks WHERE key = ? ORDER BY at DESC LIMIT ?";

function ticks(driver: Driver, key: string, limit: number): readonly RecurringTick[] {
  return driver.sql(newest).all(key, limit).map(toTick);
}
