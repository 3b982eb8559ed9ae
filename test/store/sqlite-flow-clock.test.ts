// Rates and times of unique keys, to the millisecond: here a test can hold the clock.

import type { Store } from "@queue-runtime/store";
import { expect, it } from "vitest";
import { temporaryStore } from "../support/temporary-store.ts";
import { finish, rate, slot, statesOf, unique } from "./contract/flow/words.ts";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker } from "./contract/world.ts";

let now = 0;

/** A store whose time stands still at 1,000,000. */
async function atRest() {
  now = 1_000_000;
  return temporaryStore({ clock: { now: () => now } });
}

/** What a refill makes ready. */
async function refilled(store: Store): Promise<readonly [number, number | null]> {
  const { promoted, nextInMs } = await store.flow.refill();
  return [promoted, nextInMs];
}

it("a slot of a rate is free again exactly so long after its run began", async () => {
  await using world = await atRest();
  const { store } = world;
  const gates = [rate("api", { limit: 2, ms: 1_000 })];
  await enqueueAll(store, Array(5).fill({ gates }));
  const worker = await newWorker(store);
  now += 50;
  await worker.claimOne();
  now += 400;
  await worker.claimOne();
  expect(await refilled(store)).toEqual([0, 600]);
  now += 599;
  expect(await refilled(store)).toEqual([0, 1]);
  now += 1;
  expect(await refilled(store)).toEqual([1, 400]);
  now += 399;
  expect(await refilled(store)).toEqual([0, 1]);
  now += 1;
  expect(await refilled(store)).toEqual([1, null]);
  await finish(worker, ...(await worker.claim()));
  expect(await refilled(store)).toEqual([0, 1_000]);
});

it("slots that were not asked for while they were free do not add up", async () => {
  await using world = await atRest();
  const { store } = world;
  const gates = [rate("api", { limit: 2, ms: 1_000 })];
  await enqueueAll(store, [{ gates }, { gates }]);
  const worker = await newWorker(store);
  await finish(worker, ...(await worker.claim()));
  now += 3_600_000;
  const all = await enqueueAll(store, Array(4).fill({ gates }));
  expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked", "blocked"]);
});

it("a job enqueued in the millisecond in which a slot is free again gets it", async () => {
  await using world = await atRest();
  const { store } = world;
  const gates = [rate("api", { ms: 1_000 })];
  await enqueueOne(store, { gates });
  const worker = await newWorker(store);
  await finish(worker, await worker.claimOne());
  now += 999;
  const early = await enqueueOne(store, { gates, priority: 1 });
  expect((await jobOf(store, early)).state).toBe("blocked");
  await store.jobs.discard([early]);
  now += 1;
  expect((await jobOf(store, await enqueueOne(store, { gates }))).state).toBe("ready");
});

it("a slot that is taken for no job says to the millisecond when there is one", async () => {
  await using world = await atRest();
  const { flow } = world.store;
  const twice = { limit: 2, perMs: 100 };
  expect(await flow.take("api", twice)).toBe(0);
  now += 30;
  expect(await flow.take("api", twice)).toBe(0);
  expect(await flow.take("api", twice)).toBe(70);
  now += 69;
  expect(await flow.take("api", twice)).toBe(1);
  now += 1;
  expect(await flow.take("api", twice)).toBe(0);
  expect(await flow.take("api", twice)).toBe(30);
});

it("a rate holds when the clock jumps back, and nobody waits for longer than it says", async () => {
  await using world = await atRest();
  const { store } = world;
  const gates = [rate("api", { ms: 1_000 })];
  await enqueueAll(store, [{ gates }, { gates }]);
  const worker = await newWorker(store);
  await finish(worker, await worker.claimOne());
  now -= 500_000;
  const [promoted, nextInMs] = await refilled(store);
  expect(promoted).toBe(0);
  now += nextInMs!;
  expect(await refilled(store)).toEqual([1, null]);
});

it("a unique key is free exactly so long after its job was enqueued", async () => {
  await using world = await atRest();
  const { store } = world;
  const uniques = [unique("x", { forMs: 1_000 })];
  const first = await enqueueOne(store, { uniques });
  now += 999;
  const job = { name: "job", uniques };
  expect(await store.jobs.enqueue([job])).toEqual([{ id: first, outcome: "exists" }]);
  now += 1;
  const [second] = await store.jobs.enqueue([job]);
  expect(second!.outcome).toBe("created");
  const worker = await newWorker(store);
  const runs = await worker.claim();
  expect(ids(runs)).toEqual([first, second!.id]);
  await finish(worker, runs[0]!);
  expect(await store.jobs.enqueue([job])).toEqual([{ id: second!.id, outcome: "exists" }]);
  await store.flow.maintain(10);
  now += 1_000;
  await store.flow.maintain(10);
  expect(await store.jobs.enqueue([job])).toMatchObject([{ outcome: "created" }]);
});

it("a slot outlives any silence while its job is alive", async () => {
  await using world = await atRest();
  const { store } = world;
  const gates = [slot("acme", { limit: 4, ms: 1_000 })];
  const all = await enqueueAll(store, Array(5).fill({ gates }));
  const worker = await newWorker(store);
  const [, interrupted, failed] = await worker.claim({ limit: 3 });
  await worker.settle(interrupted!, { outcome: "interrupted", delayMs: 86_400_000 });
  const states = ["running", "scheduled", "running", "ready", "blocked"];
  for (let hour = 0; hour < 3; hour += 1) {
    now += 3_600_000;
    const { freed, promoted } = await store.flow.maintain(10);
    expect({ freed, promoted }).toEqual({ freed: 0, promoted: 0 });
    expect(await statesOf(store, all)).toEqual(states);
  }
  await finish(worker, failed!);
  expect((await jobOf(store, all[4]!)).state).toBe("ready");
});
