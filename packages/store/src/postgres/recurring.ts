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
import type { NewTask, RecurringTask, RecurringTick } from "../store/recurring.ts";
import type { Recurring } from "../store.ts";
import type { Driver, Run, Statement } from "./driver.ts";
import { taskColumns, tickColumns, toTask, toTick } from "./recurring/rows.ts";
import { take } from "./recurring/tick.ts";
import type { Announcer } from "./watch/announce.ts";

export function postgresRecurring(driver: Driver, announcer: Announcer): Recurring {
  return {
    now: async () => (await driver.value(clock)) as number,
    define: (source, tasks) => define(driver, source, tasks),
    add: (source, task) => add(driver, source, task),
    remove: (source, key) => remove(driver, source, key),
    pause: (key, on) => pause(driver, key, on),
    list: async () => (await driver.query(all)).rows.map(toTask),
    tick: (tick) => take(driver, announcer, tick),
    ticks: (key, limit) => ticks(driver, key, limit),
  };
}

const all = `SELECT ${taskColumns} FROM queue_runtime.recurring_tasks ORDER BY key`;
const one = `SELECT ${taskColumns} FROM queue_runtime.recurring_tasks WHERE key = $1`;

/** Two who define the same tasks at once do so one after the other. */
const lock = "SELECT pg_advisory_xact_lock(hashtext('queue_runtime recurring'))";
const clock = "SELECT queue_runtime.now_ms()";

async function define(driver: Driver, source: string, tasks: readonly NewTask[]): Promise<void> {
  const wanted = { source: checkSource(source), wanted: prepareTasks(tasks) };
  await change(driver, [all], (stored, now) => changesOf(wanted, stored, now));
}

async function add(driver: Driver, source: string, task: NewTask): Promise<void> {
  const wanted = { source: checkSource(source), wanted: [prepareTask(task)] };
  await change(driver, [one, [task.key]], (stored, now) => changesOf(wanted, stored, now));
}

async function change(
  driver: Driver,
  [text, values = []]: Statement,
  decide: (stored: readonly RecurringTask[], now: number) => Changes,
): Promise<void> {
  await driver.transaction(async (run) => {
    await run(lock);
    const [row] = (await run(clock, [])).rows as [number][];
    const stored = (await run(text, values)).rows.map(toTask);
    await write(run, decide(stored, row![0]));
  });
}

const forget = "DELETE FROM queue_runtime.recurring_tasks WHERE key = ANY ($1::text[])";

/** A new version, in the order of the keys; whether it is paused and when it last ticked stay. */
const replace = `INSERT INTO queue_runtime.recurring_tasks
  (key, source, schedule, time_zone, catch_up, description, job, since)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
  $7::json[], $8::bigint[]) AS task (key)
ORDER BY task.key
ON CONFLICT (key) DO UPDATE SET version = EXCLUDED.version, schedule = EXCLUDED.schedule,
  time_zone = EXCLUDED.time_zone, catch_up = EXCLUDED.catch_up,
  description = EXCLUDED.description, job = EXCLUDED.job, since = EXCLUDED.since`;

async function write(run: Run, { written, removed }: Changes): Promise<void> {
  if (removed.length > 0) await run(forget, [removed]);
  if (written.length > 0) await run(replace, columnsOf(written));
}

function columnsOf(written: readonly Change[]): readonly unknown[] {
  return [
    written.map(({ task }) => task.key),
    written.map(({ source }) => source),
    written.map(({ task }) => task.schedule),
    written.map(({ task }) => task.timeZone),
    written.map(({ task }) => task.catchUp),
    written.map(({ task }) => task.description),
    written.map(({ task }) => JSON.stringify(task.job)),
    written.map(({ since }) => since),
  ];
}

async function remove(driver: Driver, source: string, key: string): Promise<boolean> {
  const owner = checkSource(source);
  return driver.transaction(async (run) => {
    const [row] = (await run(`${one} FOR UPDATE`, [key])).rows;
    if (row === undefined) return false;
    checkOwner(toTask(row), owner);
    await run(forget, [[key]]);
    return true;
  });
}

const setPaused = `UPDATE queue_runtime.recurring_tasks SET paused = $2,
  since = CASE WHEN paused AND NOT $2 THEN queue_runtime.now_ms() ELSE since END WHERE key = $1`;

async function pause(driver: Driver, key: string, on: boolean): Promise<boolean> {
  const [answer] = await driver.write([[setPaused, [key, on]]]);
  return answer!.count === 1;
}

const newest = `SELECT ${tickColumns} FROM queue_runtime.recurring_ticks WHERE key = $1
  ORDER BY at DESC LIMIT $2`;

async function ticks(
  driver: Driver,
  key: string,
  limit: number,
): Promise<readonly RecurringTick[]> {
  return (await driver.query(newest, [key, limit])).rows.map(toTick);
}
