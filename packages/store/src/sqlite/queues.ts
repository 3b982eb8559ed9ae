// Queues exist by having jobs or being paused; there is no table of them.

import { setImmediate as breathe } from "node:timers/promises";
import { checkQueue } from "../rules/new-job.ts";
import type { Queue } from "../store/queue.ts";
import type { Queues } from "../store.ts";
import type { Driver } from "./driver.ts";
import { change } from "./flow/change.ts";
import { allSettings } from "./flow/queue-settings.ts";
import { defineQueues, setQueue } from "./flow/set-queue.ts";
import { laneBeyond, laneFrom, type ReadyIndex, ready, suspects } from "./turn/lanes.ts";

export function sqliteQueues(driver: Driver): Queues {
  return {
    list: () => driver.readTogether(() => list(driver)),
    pause: (name) => pause(driver, name),
    resume: async (name) => {
      // Commands may have waited with bad news for that.
      await change(driver, () => driver.sql("DELETE FROM paused_queues WHERE name = ?").run(name));
    },
    set: (name, settings) => setQueue(driver, name, settings),
    define: (source, settings) => defineQueues(driver, source, settings),
    clear: (name, { all }) => clear(driver, all ? notRunning : onlyReady, name),
  };
}

async function pause(driver: Driver, name: string): Promise<void> {
  const sql = "INSERT OR IGNORE INTO paused_queues (name, paused_at) VALUES (?, ?)";
  const queue = checkQueue(name);
  await driver.write(() => driver.sql(sql).run(queue, driver.now()));
}

const running = `SELECT queue, count(*) FROM jobs INDEXED BY jobs_running
  WHERE process_id IS NOT NULL GROUP BY queue`;
const pending = `SELECT queue, sum(state = 'blocked'), sum(state <> 'blocked')
  FROM jobs INDEXED BY jobs_waiting
  WHERE state = 'scheduled' OR state = 'blocked' OR state = 'waiting' OR state = 'held'
  GROUP BY queue`;
const paused = "SELECT name FROM paused_queues";
const waiting = (source: ReadyIndex): string =>
  `SELECT count(*), min(run_at) FROM jobs INDEXED BY ${source.index}
  WHERE ${source.where} AND queue = ?`;

function list(driver: Driver): readonly Queue[] {
  const now = driver.now();
  const busy = new Map(driver.tuples(running).all() as unknown as [string, number][]);
  const stopped = new Set((driver.tuples(paused).all() as unknown as [string][]).flat());
  const rows = driver.recall(pending) as readonly [string, number, number][];
  const behind = new Map(rows.map(([queue, blocked, waiting]) => [queue, { blocked, waiting }]));
  const settings = allSettings(driver);
  const known = [busy.keys(), behind.keys(), settings.keys(), stopped, queuesOf(driver, ready)];
  const names = new Set(known.flatMap((some) => [...some]));
  for (const queue of queuesOf(driver, suspects)) names.add(queue);
  return [...names].sort().map((name) => {
    const { count, oldest } = readyIn(driver, name);
    const latencyMs = oldest === null ? 0 : Math.max(0, now - oldest);
    return {
      name,
      paused: stopped.has(name),
      ready: count,
      ...(behind.get(name) ?? { blocked: 0, waiting: 0 }),
      running: busy.get(name) ?? 0,
      latencyMs,
      settings: settings.get(name) ?? null,
    };
  });
}

function queuesOf(driver: Driver, source: ReadyIndex): readonly string[] {
  const names: string[] = [];
  for (let lane = laneFrom(driver, source, ""); lane; ) {
    names.push(lane.queue);
    lane = laneBeyond(driver, source, lane.queue);
  }
  return names;
}

function readyIn(driver: Driver, queue: string): { count: number; oldest: number | null } {
  const rows = [ready, suspects].flatMap(
    (source) => driver.recall(waiting(source), queue) as readonly [number, number | null][],
  );
  const due = rows.flatMap(([, runAt]) => (runAt === null ? [] : [runAt]));
  const count = rows.reduce((sum, [some]) => sum + some, 0);
  return { count, oldest: due.length === 0 ? null : Math.min(...due) };
}

/** Rows per transaction of a clear: a writer holds up everybody else. */
const batch = 1_000;

const onlyReady = `DELETE FROM jobs WHERE id IN (
  SELECT id FROM jobs INDEXED BY jobs_ready WHERE ${ready.where} AND queue = :queue
  UNION ALL
  SELECT id FROM jobs INDEXED BY jobs_suspect WHERE ${suspects.where} AND queue = :queue
  LIMIT ${batch})`;
const notRunning = `DELETE FROM jobs WHERE id IN (
  SELECT id FROM jobs WHERE queue = :queue AND state <> 'running' LIMIT ${batch})`;

async function clear(driver: Driver, sql: string, queue: string): Promise<number> {
  for (let removed = 0; ; await breathe()) {
    const more = await change(driver, () => Number(driver.sql(sql).run({ queue }).changes));
    removed += more;
    if (more < batch) return removed;
  }
}
