// The gates of a queue for the jobs that live in it already.

import type { QueueSettings } from "../../flow.ts";
import type { JobState } from "../../job.ts";
import { queueGates } from "../../rules/limits.ts";
import type { Driver } from "../driver.ts";
import { ready, suspects } from "../turn/lanes.ts";
import { allSettings } from "./queue-settings.ts";
import { reconcile } from "./reconcile.ts";
import { writeGates } from "./slots/gates.ts";
import { promote } from "./slots/promote.ts";
import { Room, type StoredGate } from "./slots/room.ts";

const alive = `
SELECT id, priority FROM jobs INDEXED BY jobs_waiting WHERE queue = ?1
  AND (state = 'scheduled' OR state = 'blocked' OR state = 'waiting' OR state = 'held')
UNION ALL SELECT id, priority FROM jobs INDEXED BY jobs_ready
  WHERE ${ready.where} AND queue = ?1
UNION ALL SELECT id, priority FROM jobs INDEXED BY jobs_suspect
  WHERE ${suspects.where} AND queue = ?1
UNION ALL SELECT id, priority FROM jobs INDEXED BY jobs_running
  WHERE process_id IS NOT NULL AND queue = ?1
ORDER BY 2, 1`;

/** Every job of a queue that has not ended, by urgency. */
export function jobsOf(driver: Driver, queue: string): readonly number[] {
  const rows = driver.tuples(alive).all(queue) as unknown as [number, number][];
  return rows.map(([id]) => id);
}

interface Setting {
  readonly queue: string;
  readonly settings: QueueSettings | null;
}

const jobOf = `SELECT id, state, name, priority, unique_key AS uniqueKey FROM jobs
  WHERE id = ? AND queue = ? AND finished_at IS NULL`;

interface JobRow {
  readonly id: number;
  readonly state: JobState;
  readonly name: string;
  readonly priority: number;
  readonly uniqueKey: string | null;
}

/** Needs an open transaction. */
export function regateAll(driver: Driver, ids: readonly number[], setting: Setting): void {
  const room = new Room(driver);
  const keys = new Set<string>();
  for (const id of ids) {
    const job = room.sql(jobOf).get(id, setting.queue) as unknown as JobRow | undefined;
    if (job) for (const key of regate(room, job, setting)) keys.add(key);
  }
  reconcile(driver);
  room.recount();
  for (const key of keys) promote(room, key, { most: ids.length });
}

/** For a job that comes back to its queue: what is true of it may have changed since. */
export function regateOne(driver: Driver, id: number): void {
  const room = new Room(driver);
  const job = room.sql(anyJob).get(id) as unknown as (JobRow & { queue: string }) | undefined;
  if (!job) return;
  const settings = allSettings(driver).get(job.queue) ?? null;
  regate(room, job, { queue: job.queue, settings });
}

const anyJob = `SELECT id, queue, state, name, priority, unique_key AS uniqueKey FROM jobs
  WHERE id = ?`;
const forgetGates = "DELETE FROM job_gates WHERE job_id = ?";
const forgetSlot = "DELETE FROM slots WHERE job_id = ? AND key = ?";
const link = "UPDATE jobs SET linked = 1 WHERE id = ?";
/** Where keys no longer take turns, jobs go by their age. */
const goByAge = "UPDATE jobs SET place = NULL WHERE id = ? AND place IS NOT NULL";

const blockedSince = "SELECT min(since) AS since FROM job_gates WHERE job_id = ?";

function sinceOf(room: Room, id: number): number {
  return (room.sql(blockedSince).get(id)?.since as number | null | undefined) ?? room.now;
}

/** Answers the keys that it has now or had before. */
function regate(room: Room, job: JobRow, setting: Setting): readonly string[] {
  const before = room.gatesOf(job.id);
  const own = before.filter(({ name }) => name !== "");
  const gates = gatesOfQueue(setting, job, own);
  const kept = new Set(gates.map(({ key }) => key));
  const since = job.state === "blocked" ? sinceOf(room, job.id) : null;
  room.sql(forgetGates).run(job.id);
  for (const { name, key } of before)
    if (name === "" && !kept.has(key)) room.sql(forgetSlot).run(job.id, key);
  writeGates(room, job.id, { gates: [...own, ...gates], priority: job.priority, since });
  if (gates.length > 0) room.sql(link).run(job.id);
  if (![...own, ...gates].some(({ kind }) => kind === "fair")) room.sql(goByAge).run(job.id);
  settle(room, job);
  return [...before, ...gates].map(({ key }) => key);
}

/** Of the gates of the queue those that the job has not by itself. */
export function gatesOfQueue(
  { queue, settings }: Setting,
  { name, uniqueKey }: Pick<JobRow, "name" | "uniqueKey">,
  own: readonly StoredGate[],
): readonly StoredGate[] {
  if (settings === null) return [];
  const uniques = uniqueKey === null ? [] : [{ key: uniqueKey }];
  const known = new Set(own.map(({ key }) => key));
  return queueGates(queue, settings, { name, gates: own, uniques })
    .filter(({ key }) => !known.has(key))
    .map((gate) => ({ ...gate, name: "" }));
}

const block = "UPDATE jobs SET state = 'blocked' WHERE id = ?";
const touch = `INSERT INTO touched (job_id) SELECT ?1
  WHERE EXISTS (SELECT 1 FROM jobs WHERE id = ?1 AND state = 'blocked') ON CONFLICT DO NOTHING`;

/** A run goes on, and is lent what it would hold; who is ready may have to wait. */
function settle(room: Room, { id, state }: JobRow): void {
  const lacking = room.lackingOf(id);
  const kept = lacking.filter(({ kind }) => kind === "concurrency");
  if (state === "running") room.take(id, kept, "lent");
  if (state === "ready" && lacking.length > 0) room.sql(block).run(id);
  room.sql(touch).run(id);
}
