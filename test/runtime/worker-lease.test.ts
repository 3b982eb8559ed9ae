// A worker whose host may no longer count on its jobs: what runs ends without a failed attempt,
// nothing new is begun, and what was done is not done again once the store is there.

import { setTimeout as delay } from "node:timers/promises";
import { type AbortReason, defineIteration, defineJob, enumerators } from "queue-runtime";
import { describe, expect, it } from "vitest";
import { waitFor } from "../support/wait-for.ts";
import type { CutLink } from "./support/cut-link.ts";
import { newWorker } from "./support/worker-world.ts";

const stateOf = async (store: CutLink["store"], id: number) => (await store.jobs.find(id))!;

describe("a worker whose host lost its lease", () => {
  it("ends an iteration after the item in hand, and the next run goes on behind it", async () => {
    const items: number[] = [];
    const count = defineIteration({
      name: "count",
      buildEnumerator: (_input: unknown, { cursor }) => enumerators.times(40, { cursor }),
      async eachIteration(item: number) {
        items.push(item);
        await delay(2);
      },
    });
    await using world = await newWorker(count);
    const { link, log, worker, store } = world;
    const id = await world.enqueue("count");
    await waitFor(() => items.length > 5);
    link.state = "cut";
    worker.leaseLost(true);
    await waitFor(() => log.of("job-interrupted").length === 1);
    expect(log.of("job-interrupted")).toMatchObject([{ reason: "lost", done: items.length }]);
    expect(await stateOf(store, id)).toMatchObject({ state: "running" });

    link.state = "whole";
    worker.leaseLost(false);
    await waitFor(async () => (await stateOf(store, id)).state === "finished");
    expect(items).toEqual(Array.from({ length: 40 }, (_, index) => index));
    const counters = { attempts: 1, interruptions: 1, crashes: 0 };
    expect(await stateOf(store, id)).toMatchObject(counters);
  });

  it("aborts the signal of a plain job, and what it throws then is no failure", async () => {
    const reasons: string[] = [];
    const listen = defineJob({
      name: "listen",
      async perform(_input: unknown, { signal, job }) {
        if (job.interruptions > 0) return;
        try {
          await delay(20_000, undefined, { signal });
        } finally {
          reasons.push((signal.reason as AbortReason).reason);
        }
      },
    });
    await using world = await newWorker(listen);
    const { link, log, worker, store } = world;
    const id = await world.enqueue("listen");
    await waitFor(() => log.of("job-started").length === 1);
    link.state = "cut";
    worker.leaseLost(true);
    await waitFor(() => log.of("job-interrupted").length === 1);
    expect(reasons).toEqual(["lost"]);
    link.state = "whole";
    worker.leaseLost(false);
    await waitFor(async () => (await stateOf(store, id)).state === "finished");
    const job = await stateOf(store, id);
    expect(job).toMatchObject({ attempts: 1, interruptions: 1, error: null });
  });

  it("frees a job that waits for its checkpoint to be stored", async () => {
    const save = defineJob({
      name: "save",
      async perform(_input: unknown, { checkpoint, cursor }) {
        if (cursor !== null) return;
        world.link.state = "cut";
        await checkpoint("half");
      },
    });
    await using world = await newWorker(save);
    const { link, log, worker, store } = world;
    const id = await world.enqueue("save");
    await waitFor(() => link.turns.at(-1)?.checkpoints.length === 1);
    expect(log.of("job-interrupted")).toEqual([]);
    worker.leaseLost(true);
    await waitFor(() => log.of("job-interrupted").length === 1);
    link.state = "whole";
    worker.leaseLost(false);
    await waitFor(async () => (await stateOf(store, id)).state === "finished");
    expect(await stateOf(store, id)).toMatchObject({
      cursor: "half",
      interruptions: 1,
      crashes: 0,
    });
  });

  it("begins nothing until the lease is held again, and releases what waited", async () => {
    const quick = defineJob({ name: "quick", perform: () => undefined });
    await using world = await newWorker(quick);
    const { log, worker, store } = world;
    worker.leaseLost(true);
    const id = await world.enqueue("quick");
    const before = world.link.turns.length;
    worker.hear("any");
    await waitFor(() => world.link.turns.length > before);
    expect(world.link.turns.at(-1)!.claim).toBeNull();
    expect(log.of("job-started")).toEqual([]);
    worker.leaseLost(false);
    await waitFor(async () => (await stateOf(store, id)).state === "finished");
    expect(await stateOf(store, id)).toMatchObject({ attempts: 1, interruptions: 0 });
  });

  it("is refused when another host took over, and the run there is the only one that counts", async () => {
    const wait = defineJob({
      name: "wait",
      perform: (_input: unknown, { signal }) => delay(20_000, "mine", { signal }),
    });
    await using world = await newWorker(wait);
    const { link, log, worker, store } = world;
    const id = await world.enqueue("wait");
    await waitFor(() => log.of("job-started").length === 1);
    link.state = "cut";
    worker.leaseLost(true);
    await waitFor(() => log.of("job-interrupted").length === 1);
    const end = { how: "silent", silentMs: 31_000 } as const;
    await store.jobs.recover(worker.options.processId, { end, started: null });
    link.state = "whole";
    worker.leaseLost(false);
    await waitFor(() => log.of("worker-evicted").length === 1);
    expect(log.of("write-refused")).toMatchObject([{ id }]);
    const job = await stateOf(store, id);
    expect(job).toMatchObject({ state: "ready", interruptions: 0, crashes: 1 });
  });
});

describe("a job that enqueues while the store is away", () => {
  it("is interrupted, not failed, unless it handles that itself", async () => {
    let runs = 0;
    const next = defineJob({ name: "next", perform: () => undefined });
    const enqueueing = defineJob({
      name: "enqueueing",
      async perform(_input: unknown, { enqueue }) {
        runs += 1;
        if (runs === 1) world.link.state = "cut";
        await enqueue(next, null);
      },
    });
    await using world = await newWorker(enqueueing);
    const { link, log, store } = world;
    const id = await world.enqueue("enqueueing");
    await waitFor(() => log.of("job-interrupted").length === 1);
    expect(log.of("job-interrupted")).toMatchObject([{ reason: "the link is cut" }]);
    link.state = "whole";
    await waitFor(async () => (await stateOf(store, id)).state === "finished");
    expect(await stateOf(store, id)).toMatchObject({ attempts: 1, interruptions: 1, error: null });
    expect(runs).toBe(2);
  });
});
