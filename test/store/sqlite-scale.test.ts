// What a claim costs does not depend on how much waits, whoever the waiting jobs are for. The
// limits are wide, since tests share the machine: a claim that walks through what waits takes 100
// times as long here, not 10 times.

import type { NewJob, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { temporaryStore } from "../support/temporary-store.ts";
import { enqueueAll, newWorker } from "./contract/world.ts";

interface Crowd {
  /** The jobs in front, which this worker can or cannot take. */
  readonly job: Partial<NewJob>;
  readonly queues: readonly string[];
  readonly paused?: string;
}

const crowds: readonly [string, Crowd][] = [
  ["its own jobs, for *", { job: {}, queues: ["*"] }],
  ["its own jobs, for one queue", { job: {}, queues: ["default"] }],
  ["names it does not know, for *", { job: { name: "x" }, queues: ["*"] }],
  ["names it does not know, in its queue", { job: { name: "x" }, queues: ["default"] }],
  ["a paused queue", { job: { queue: "p" }, queues: ["*"], paused: "p" }],
  ["queues of other workers", { job: { queue: "b" }, queues: ["c", "def*"] }],
];

/** The median of several claims, in microseconds. */
async function claimCost(store: Store, queues: readonly string[]): Promise<number> {
  const worker = await newWorker(store);
  const times: number[] = [];
  for (let n = 0; n < 25; n += 1) {
    const began = performance.now();
    const jobs = await worker.claim({ queues, limit: 2 });
    times.push((performance.now() - began) * 1_000);
    expect(jobs).toHaveLength(2);
  }
  return times.sort((a, b) => a - b)[12]!;
}

async function costBehind(crowd: Crowd, size: number): Promise<number> {
  await using world = await temporaryStore({ durability: "normal" });
  const { store } = world;
  await enqueueAll(store, Array(size).fill(crowd.job));
  await enqueueAll(store, Array(100).fill({}));
  if (crowd.paused) await store.queues.pause(crowd.paused);
  return await claimCost(store, crowd.queues);
}

describe("a claim", () => {
  it.each(crowds)("costs the same behind a hundred and 50,000 jobs: %s", async (_, crowd) => {
    const few = await costBehind(crowd, 100);
    const many = await costBehind(crowd, 50_000);
    expect(many).toBeLessThan(10 * few + 1_000);
  });
});
