// One run of a peer: an empty store of its own, a client's process, worker processes, and what the
// store says in the end.

import type { Entry } from "../contenders.ts";
import { settle } from "../servers/postgres.ts";
import { missingRedis, Redis } from "../servers/redis.ts";
import { Contestant } from "./contestant.ts";
import { type Bench, NotHere } from "./measurement.ts";

/** An empty store for this contender, and how to be rid of it. */
async function emptyStore(bench: Bench, entry: Entry): Promise<{ url: string; drop: Drop }> {
  if (entry.store === "postgres") {
    const postgres = await bench.postgres();
    const url = await postgres.database();
    return { url, drop: () => postgres.drop(url) };
  }
  const missing = missingRedis();
  if (missing) throw new NotHere(missing);
  const fsync = entry.store === "redis-always" ? "always" : "everysec";
  const redis = await Redis.start(bench.folder(), fsync);
  return { url: redis.url, drop: () => redis.stop() };
}

type Drop = () => Promise<void>;

export interface Run {
  /** A process that enqueues and asks. */
  readonly client: Contestant;
  readonly url: string;
  /** Starts one more process that can work. */
  worker(): Promise<Contestant>;
}

/** Runs `course` with a store and processes of its own, and ends them all. */
export async function compete<Result>(
  bench: Bench,
  entry: Entry,
  course: (run: Run) => Promise<Result>,
): Promise<Result> {
  const { url, drop } = await emptyStore(bench, entry);
  const processes: Contestant[] = [];
  const start = async (): Promise<Contestant> => {
    const contestant = await Contestant.start({ ...entry, url });
    processes.push(contestant);
    return contestant;
  };
  try {
    const client = await start();
    await client.tell({ do: "migrate" });
    return await course({ client, url, worker: start });
  } finally {
    for (const contestant of processes) await contestant.end();
    await drop();
  }
}

export interface Drain {
  readonly jobs: number;
  readonly processes: number;
}

/** Jobs per second, from the first job's start until the store says that none is left. */
export function drainPeer(bench: Bench, entry: Entry, { jobs, processes }: Drain): Promise<number> {
  return compete(bench, entry, async ({ client, url, worker }) => {
    await client.tell({ do: "fill", jobs });
    if (entry.store === "postgres") await settle(url);
    const workers: Contestant[] = [];
    for (let count = 0; count < processes; count += 1) workers.push(await worker());
    for (const each of workers) void each.tell({ do: "work", jobs });
    await performed(workers, jobs);
    const end = await client.tell<number>({ do: "until-empty" });
    const begin = Math.min(...workers.map(({ progress }) => progress.firstAt || Infinity));
    return jobs / ((end - begin) / 1_000);
  });
}

/** Resolves when they have run so many jobs together. */
export async function performed(workers: readonly Contestant[], jobs: number): Promise<void> {
  const alive = workers.map((each) => each.alive());
  const done = () => workers.reduce((sum, { progress }) => sum + progress.performed, 0) >= jobs;
  while (!done()) await Promise.race([...alive, new Promise((resolve) => setTimeout(resolve, 1))]);
}
