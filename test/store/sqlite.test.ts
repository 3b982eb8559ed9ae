// The SQLite store keeps the contract, in a file and, what is possible with one connection, in
// memory; and it takes time from the clock that it was given.

import { openStore } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { temporaryStore } from "../support/temporary-store.ts";
import { enqueueOne, jobOf, newWorker } from "./contract/world.ts";
import { storeContract } from "./contract.ts";

storeContract("SQLite", temporaryStore);

describe("a store in memory", () => {
  it("keeps jobs for as long as it is open", async () => {
    const store = await openStore("sqlite::memory:");
    await store.migrate();
    const id = await enqueueOne(store);
    const worker = await newWorker(store);
    const job = await worker.claimOne();
    await worker.settle(job, { outcome: "finished", result: 1 });
    expect(await jobOf(store, id)).toMatchObject({ state: "finished" });
    expect(await store.diagnose()).not.toEqual([]);
    store.watch(() => {}).close();
    await store.close();
    const other = await openStore("sqlite::memory:");
    expect(await other.schema()).toMatchObject({ from: 0 });
    await other.close();
  });
});

describe("the clock of a store", () => {
  it("decides when a job is due and how long a process was silent", async () => {
    let now = 1_000_000;
    await using world = await temporaryStore({ clock: { now: () => now } });
    const { store } = world;
    const id = await enqueueOne(store, { delayMs: 500 });
    expect(await jobOf(store, id)).toMatchObject({ createdAt: 1_000_000, runAt: 1_000_500 });
    expect(await store.jobs.dispatch(1)).toEqual({ moved: 0, nextInMs: 500 });
    now += 500;
    expect(await store.jobs.dispatch(1)).toEqual({ moved: 1, nextInMs: null });
    const worker = await newWorker(store);
    await worker.claimOne();
    now += 30_000;
    expect(await store.processes.prune(30_000)).toEqual([]);
    now += 1;
    expect(await store.processes.prune(30_000)).toMatchObject([{ silentMs: 30_001 }]);
  });

  it("may jump backwards: nobody is pruned for it, and nothing is due too soon", async () => {
    let now = 1_000_000;
    await using world = await temporaryStore({ clock: { now: () => now } });
    const { store } = world;
    await newWorker(store);
    await enqueueOne(store, { delayMs: 10 });
    now -= 500_000;
    expect(await store.processes.prune(1)).toEqual([]);
    expect(await store.jobs.dispatch(1)).toEqual({ moved: 0, nextInMs: 500_010 });
    await enqueueOne(store);
    expect((await store.queues.list())[0]!.latencyMs).toBe(0);
  });
});
