// A forked process that does everything at once to jobs that share keys: enqueues, claims, ends runs
// in every way, dies, cancels, discards. It goes on until its own jobs are enqueued and nothing is
// left to do, then says who ran when.

import { type Job, openStore, type Store } from "@queue-runtime/store";
import { randomBy } from "../../support/seeded.ts";
import { boom, type Ending, newWorker } from "../contract/world.ts";
import { type Chance, newJob } from "./jobs.ts";

export interface Orders {
  readonly seed: number;
  readonly jobs: number;
  /** Keys and their limits. */
  readonly keys: Readonly<Record<string, number>>;
  /** Batches to add to. */
  readonly batches: readonly number[];
  /** Nothing but enqueue and finish. */
  readonly plain: boolean;
}

/** A run held its slots at least from and until then, by the clock that all processes share. */
export interface Interval {
  readonly key: string;
  readonly from: number;
  readonly to: number;
}

export interface Report {
  readonly intervals: readonly Interval[];
  readonly enqueued: number;
  readonly error: string | null;
}

const endings: readonly Ending[] = [
  { outcome: "finished", result: null },
  { outcome: "failed", error: boom, retryDelayMs: null },
  { outcome: "failed", error: boom, retryDelayMs: 0 },
  { outcome: "failed", error: boom, retryDelayMs: 3 },
  { outcome: "interrupted", delayMs: 0, cursor: 1 },
  { outcome: "interrupted", delayMs: 3, cursor: 1 },
  { outcome: "released" },
  { outcome: "crashed", cursor: 1 },
  { outcome: "cancelled" },
];
const finished: Ending = { outcome: "finished", result: null };

const now = (): number => Number(process.hrtime.bigint()) / 1e6;

interface Run {
  readonly job: Job;
  readonly from: number;
}

class Contender {
  readonly #store: Store;
  readonly #orders: Orders;
  readonly #chance: Chance;
  readonly #intervals: Interval[] = [];
  readonly #ids: number[] = [];
  #runs: Run[] = [];
  #worker: Awaited<ReturnType<typeof newWorker>>;
  #enqueued = 0;

  constructor(store: Store, orders: Orders, worker: Awaited<ReturnType<typeof newWorker>>) {
    this.#store = store;
    this.#orders = orders;
    this.#worker = worker;
    const random = randomBy(orders.seed);
    this.#chance = { of: (share) => random() < share, one: (all) => all[pick(random, all)]! };
  }

  async work(): Promise<Omit<Report, "error">> {
    while (this.#enqueued < this.#orders.jobs) await this.#step();
    await this.#rest();
    return { intervals: this.#intervals, enqueued: this.#enqueued };
  }

  async #step(): Promise<void> {
    const { of } = this.#chance;
    if (of(0.5)) await this.#enqueue();
    if (of(0.5)) await this.#claim();
    if (of(0.5)) await this.#settle();
    if (this.#orders.plain) return;
    if (of(0.2)) await this.#store.jobs.dispatch(5);
    if (of(0.05)) await this.#store.flow.maintain(10);
    if (of(0.05)) await this.#store.flow.refill();
    if (of(0.05)) await this.#interfere();
    if (of(0.02)) await this.#die();
  }

  /** Nobody is done before everybody is, or the last jobs of one would be left to it alone. */
  async #rest(): Promise<void> {
    for (;;) {
      const { busy, nextInMs } = await this.#store.jobs.outstanding();
      if (!busy && nextInMs === null && this.#runs.length === 0) return;
      await this.#store.jobs.dispatch(10);
      await this.#claim();
      while (this.#runs.length > 0) await this.#settle();
    }
  }

  async #enqueue(): Promise<void> {
    const { keys, batches, plain } = this.#orders;
    const choice = { keys, batches, plain, after: this.#ids.slice(-3) };
    const count = plain ? 1 : this.#chance.one([1, 1, 2, 5]);
    const jobs = Array.from({ length: count }, () => newJob(this.#chance, choice));
    this.#enqueued += count;
    try {
      for (const { id } of await this.#store.jobs.enqueue(jobs)) this.#ids.push(id);
    } catch (error) {
      // Somebody discarded the job that this one was to come after, or wanted no company.
      if (!["invalid", "conflict"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  }

  async #claim(): Promise<void> {
    if (this.#runs.length >= 4) return;
    const jobs = await this.#worker.claim({ limit: 2 });
    const from = now();
    for (const job of jobs) this.#runs.push({ job, from });
  }

  async #settle(): Promise<void> {
    const run = this.#runs.shift();
    if (!run) return;
    this.#record(run);
    const { plain } = this.#orders;
    const ending = plain || this.#chance.of(0.5) ? finished : this.#chance.one(endings);
    const { refused } = await this.#worker.settle(run.job, ending);
    if (refused.length > 0) throw new Error(`an end of job ${run.job.id} was refused`);
  }

  async #interfere(): Promise<void> {
    if (this.#ids.length === 0) return;
    const ids = [this.#chance.one(this.#ids), this.#chance.one(this.#ids)];
    if (this.#chance.of(0.5)) await this.#store.jobs.cancel(ids);
    else if (this.#chance.of(0.6)) await this.#store.jobs.discard(ids);
    else await this.#store.jobs.retry(ids, { fromStart: false });
  }

  async #die(): Promise<void> {
    for (const run of this.#runs) this.#record(run);
    this.#runs = [];
    await this.#worker.dies();
    this.#worker = await newWorker(this.#store);
  }

  #record({ job, from }: Run): void {
    const { keys } = job.args as { keys: readonly string[] };
    const to = now();
    for (const key of keys) this.#intervals.push({ key, from, to });
  }
}

function pick(random: () => number, all: readonly unknown[]): number {
  return Math.floor(random() * all.length);
}

async function report(url: string, orders: Orders): Promise<Report> {
  const store = await openStore(url, { durability: "normal" });
  try {
    const contender = new Contender(store, orders, await newWorker(store));
    return { ...(await contender.work()), error: null };
  } catch (error) {
    return { intervals: [], enqueued: 0, error: (error as Error).stack ?? String(error) };
  } finally {
    await store.close();
  }
}

// also where the test gave up
process.once("disconnect", () => process.exit());
process.once("message", async (orders: Orders) => {
  const answer = await report(process.argv[2]!, orders);
  process.send!(answer, () => process.disconnect());
});
