// Budget row "enqueue to start, p50 / p99, idle runtime, acknowledged durably". The clock runs from
// before the call of `enqueue` in this process to the first line of the job in the other.

import { setTimeout as sleep } from "node:timers/promises";
import { openStore } from "@queue-runtime/store";
import { openQueue } from "queue-runtime";
import { monotonic } from "../../support/runtime-process.ts";
import type { Bench, Measurement } from "../harness/measurement.ts";
import { Project } from "../harness/project.ts";
import { below, type Figure, percentileOf } from "../report/figures.ts";

export const latency: Measurement = {
  name: "latency",
  title: "Enqueue to start, an idle runtime, one job now and then, durable",
  limitMs: 90_000,
  run,
};

async function run(bench: Bench): Promise<readonly Figure[]> {
  const samples = bench.many(500, 50);
  const threads = await latencies(bench, { threads: 3 }, samples);
  const loop = await latencies(bench, { threads: 0, concurrency: 20 }, samples);
  return [
    percentileOf({ what: "on threads (the default), p50", budget: below(1.5) }, threads.start, 50),
    percentileOf({ what: "on threads, p99", budget: below(5) }, threads.start, 99),
    percentileOf({ what: "on the main loop, p50", budget: below(1.5) }, loop.start, 50),
    percentileOf({ what: "on the main loop, p99", budget: below(5) }, loop.start, 99),
    percentileOf({ what: "of which the durable enqueue, p50" }, threads.enqueue, 50),
    percentileOf({ what: "of which the durable enqueue, p99" }, threads.enqueue, 99),
  ];
}

interface Latencies {
  readonly start: readonly number[];
  readonly enqueue: readonly number[];
}

/** Of our runtime with such a worker, in milliseconds. */
export async function latencies(bench: Bench, worker: object, samples: number): Promise<Latencies> {
  await using project = await Project.create(bench, { workers: [{ name: "bench", ...worker }] });
  const runtime = await project.start().ready();
  await using queue = await openQueue(project.url, { migrate: false });
  const askedAt = new Map<number, number>();
  const enqueue: number[] = [];
  await sleep(500);
  for (let sample = -20; sample < samples; sample += 1) {
    const asked = monotonic();
    const { id } = await queue.enqueue({ name: "stamp" });
    // the first ones warm the code up, as a runtime of some age would have
    if (sample >= 0) enqueue.push(monotonic() - asked);
    if (sample >= 0) askedAt.set(id, asked);
    await sleep(15 + Math.random() * 20);
  }
  const store = await openStore(project.url);
  await project.untilEmpty(store, 5_000);
  await runtime.stop();
  const start: number[] = [];
  for (const [id, asked] of askedAt) {
    start.push(Number((await store.jobs.find(id))!.result) - asked);
  }
  await store.close();
  return { start, enqueue };
}
