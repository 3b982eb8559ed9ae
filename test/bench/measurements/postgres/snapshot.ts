// A snapshot held open for five minutes (`--snapshot SECONDS` for less) under load, as by a report
// or a dump: nothing that dies meanwhile can be vacuumed, and a queue that looks at its dead rows at
// every claim comes to a halt. Steady load all the time, and before it and at its end, with the
// snapshot still open, how fast a heap of jobs is drained.

import { setTimeout as sleep } from "node:timers/promises";
import { openStore, type Store } from "@queue-runtime/store";
import pg from "pg";
import { openQueue, type Queue } from "queue-runtime";
import { waitFor } from "../../../support/wait-for.ts";
import { loop, quiet } from "../../harness/drain.ts";
import type { Bench, Measurement } from "../../harness/measurement.ts";
import { payloads } from "../../harness/payload.ts";
import { Project } from "../../harness/project.ts";
import { atLeast, type Figure, median, medianOf } from "../../report/figures.ts";

export const snapshot: Measurement = {
  name: "snapshot",
  title: "A snapshot held open under load, PostgreSQL",
  limitMs: 900_000,
  run,
};

const perSecond = 2_000;
const heap = 20_000;
const job = { name: "noop" };

interface World {
  readonly project: Project;
  readonly queue: Queue;
  readonly store: Store;
}

async function run(bench: Bench): Promise<readonly Figure[]> {
  const workers = [{ name: "bench", ...loop }];
  await using project = await Project.create(bench, { workers, log: quiet });
  await using queue = await openQueue(project.url);
  const store = await openStore(project.url);
  const runtime = await project.startWorkers(store, 1);
  const world: World = { project, queue, store };
  await load(world, Math.min(10, bench.snapshotSeconds));
  const before = await heaps(world, bench.many(heap, 10_000));
  const holder = await holdSnapshot(project.url);
  const steady = await load(world, bench.snapshotSeconds);
  const after = await heaps(world, bench.many(heap, 10_000));
  const dead = await deadRows(project);
  await holder.query("COMMIT");
  await holder.end();
  const free = await heaps(world, bench.many(heap, 10_000));
  await store.close();
  await runtime.stop();
  const kept = (median(after) / median(before)) * 100;
  return [
    medianOf(`steady load, ${perSecond} jobs/s asked`, "/s", [steady]),
    medianOf("drain of a heap before", "/s", before),
    medianOf(`drain after ${bench.snapshotSeconds} s, snapshot still open`, "/s", after),
    medianOf("after / before", "%", [kept], atLeast(80)),
    medianOf("dead rows then", "rows", [dead]),
    medianOf("drain once it is closed", "/s", free),
  ];
}

async function holdSnapshot(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await client.query("SELECT count(*) FROM pg_class");
  return client;
}

/** Enqueues steadily; answers how many jobs per second ended meanwhile. */
async function load({ project, queue }: World, seconds: number): Promise<number> {
  const ended = await countEnded(project);
  const began = performance.now();
  let sent = 0;
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * perSecond) - sent;
    if (due > 0) await queue.enqueueMany(job, payloads(Math.min(due, 1_000)));
    sent += Math.max(0, Math.min(due, 1_000));
    await sleep(50);
  }
  const took = (performance.now() - began) / 1_000;
  const rate = ((await countEnded(project)) - ended) / took;
  const all = async () => (await countEnded(project)) >= ended + sent;
  await waitFor(all, { deadlineMs: 120_000, everyMs: 200, what: "the last job of the load" });
  return rate;
}

/** Jobs per second, three times: they wait in a paused queue until all are there. */
async function heaps({ project, queue, store }: World, jobs: number): Promise<number[]> {
  const rates: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    await store.queues.pause("default");
    const from = await lastId(project);
    for (let left = jobs; left > 0; left -= 1_000) await queue.enqueueMany(job, payloads(1_000));
    await store.queues.resume("default");
    const what = "the last job of a heap";
    const ms = await waitFor(() => drained(project, { from, jobs }), {
      deadlineMs: 120_000,
      everyMs: 200,
      what,
    });
    rates.push(jobs / (ms / 1_000));
  }
  return rates;
}

/**
 * How long it took, once all have ended. Asks the table of ended jobs, because a look for what is
 * left would itself read all the dead rows.
 */
async function drained(
  project: Project,
  { from, jobs }: { readonly from: number; readonly jobs: number },
): Promise<number | false> {
  const [row] = await project.rows<{ done: string; ms: string }>(
    `SELECT count(*) AS done, max(finished_at) - min(started_at) AS ms
     FROM queue_runtime.ended_jobs WHERE id > ${from}`,
  );
  return Number(row!.done) >= jobs && Number(row!.ms);
}

async function lastId(project: Project): Promise<number> {
  const sql = "SELECT coalesce(max(id), 0) AS id FROM queue_runtime.ended_jobs";
  return Number((await project.rows<{ id: string }>(sql))[0]!.id);
}

async function countEnded(project: Project): Promise<number> {
  const sql = "SELECT count(*) AS count FROM queue_runtime.ended_jobs";
  return Number((await project.rows<{ count: string }>(sql))[0]!.count);
}

async function deadRows(project: Project): Promise<number> {
  const sql = `SELECT coalesce(sum(n_dead_tup), 0) AS dead FROM pg_stat_user_tables
    WHERE schemaname = 'queue_runtime'`;
  return Number((await project.rows<{ dead: string }>(sql))[0]!.dead);
}
