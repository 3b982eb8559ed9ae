// One run of a peer: an empty store of its own, a client's process, worker processes, and what the
// store says in the end.

import type { Entry } from "../contenders.ts";
import { settle } from "../servers/postgres.ts";
import { missingRedis, Redis } from "../servers/redis.ts";
import { Contestant } from "./contestant.ts";
import { type Bench, NotHere } from "./measurement.ts";

/** Dispose of it: that ends its processes and throws its store away. */
export class Run implements AsyncDisposable {
  readonly url: string;
  readonly #entry: Entry;
  readonly #drop: Drop;
  readonly #processes: Contestant[] = [];

  private constructor(entry: Entry, { url, drop }: Emptied) {
    this.#entry = entry;
    this.url = url;
    this.#drop = drop;
  }

  /** With its client, the process that enqueues and asks. */
  static async start(bench: Bench, entry: Entry): Promise<Run> {
    const run = new Run(entry, await emptyStore(bench, entry));
    try {
      const client = await run.process();
      await client.tell({ do: "migrate" });
      return run;
    } catch (error) {
      await run[Symbol.asyncDispose]();
      throw error;
    }
  }

  get client(): Contestant {
    return this.#processes[0]!;
  }

  /** One more process of the contender. */
  async process(): Promise<Contestant> {
    const contestant = await Contestant.start({ ...this.#entry, url: this.url });
    this.#processes.push(contestant);
    return contestant;
  }

  /** Jobs are there, and nothing that was written for them is still under way. */
  async fill(jobs: number): Promise<void> {
    await this.client.tell({ do: "fill", jobs });
    if (this.#entry.store === "postgres") await settle(this.url);
  }

  /** Starts processes that work off jobs, all at once; `jobs` is how many there are. */
  async work(processes: number, jobs: number): Promise<readonly Contestant[]> {
    const workers: Contestant[] = [];
    for (let count = 0; count < processes; count += 1) workers.push(await this.process());
    await Promise.all(workers.map((each) => each.tell({ do: "work", jobs })));
    return workers;
  }

  /** Drains everything with so many processes. */
  async drain({ jobs, processes }: Load): Promise<Drained> {
    const workers = await this.work(processes, jobs);
    await performed(workers, jobs);
    const endAt = await this.client.tell<number>({ do: "until-empty" });
    return { beganAt: began(workers), endAt };
  }

  async endProcesses(): Promise<void> {
    for (const contestant of this.#processes) await contestant.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.endProcesses();
    await this.#drop();
  }
}

type Drop = () => Promise<void>;

interface Emptied {
  readonly url: string;
  readonly drop: Drop;
}

async function emptyStore(bench: Bench, entry: Entry): Promise<Emptied> {
  if (entry.store === "sqlite") return { url: await bench.newStore(), drop: async () => {} };
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

export interface Load {
  readonly jobs: number;
  readonly processes: number;
}

/** By the clock that all processes share: the first job's start, and nothing left to do. */
export interface Drained {
  readonly beganAt: number;
  readonly endAt: number;
}

/** Jobs per second, from the first job's start until the store says that none is left. */
export async function drainPeer(bench: Bench, entry: Entry, load: Load): Promise<number> {
  await using run = await Run.start(bench, entry);
  await run.fill(load.jobs);
  const { beganAt, endAt } = await run.drain(load);
  return load.jobs / ((endAt - beganAt) / 1_000);
}

/** Jobs per second in the first so many milliseconds of a backlog that outlasts them. */
export async function sipPeer(
  bench: Bench,
  entry: Entry,
  { jobs, forMs }: { readonly jobs: number; readonly forMs: number },
): Promise<number> {
  await using run = await Run.start(bench, entry);
  await run.fill(jobs);
  const workers = await run.work(1, jobs);
  await performed(workers, 1);
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const { performed: done, firstAt, at } = workers[0]!.progress;
  return done / ((at - firstAt) / 1_000);
}

/** Resolves when they have run so many jobs together, or when the time is over. */
export async function performed(
  workers: readonly Contestant[],
  jobs: number,
  forMs: number = Number.POSITIVE_INFINITY,
): Promise<void> {
  const alive = workers.map((each) => each.alive());
  const until = performance.now() + forMs;
  const done = () => workers.reduce((sum, { progress }) => sum + progress.performed, 0) >= jobs;
  while (!done() && performance.now() < until)
    await Promise.race([...alive, new Promise((resolve) => setTimeout(resolve, 1))]);
}

function began(workers: readonly Contestant[]): number {
  return Math.min(...workers.map(({ progress }) => progress.firstAt || Number.POSITIVE_INFINITY));
}
