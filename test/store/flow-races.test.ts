// Flow control under processes that do everything at once. What each call promises is in the
// contract; here is what has to be true of all of them together, on both stores.

import { describe, expect, it } from "vitest";
import { atLength, raceTimeoutMs } from "../support/at-length.ts";
import { describeThatNeedsPostgres } from "../support/needs.ts";
import { temporaryPostgres } from "../support/postgres.ts";
import { temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { enqueueAll, enqueueOne, newWorker, type OpenStore } from "./contract/world.ts";
import { contest, expectNothingLeft, mostAtOnce } from "./flow-races/contest.ts";

const keys = { a: 1, b: 1, c: 2, d: 3, e: 5 };

/** `size`: of the whole; a server takes several times as long as a file. */
function races(open: OpenStore, size: number): void {
  const share = (jobs: number): number => Math.round(jobs * size);
  it("hundreds of enqueues and ends on one key leave nothing behind", async () => {
    await using world = await open();
    const one = { only: 1 };
    const jobs = share(200);
    const intervals = await contest(world, { jobs, keys: one, batches: [], plain: true });
    expect(intervals).toHaveLength(3 * jobs);
    expect(mostAtOnce(intervals, "only")).toBe(1);
    await expectNothingLeft(world, one);
  });

  it("no key ever has more runs than slots, whatever ends them, and no job waits in vain", async () => {
    await using world = await open();
    const { batches, jobs } = world.store;
    const opened: number[] = [];
    for (let n = 0; n < 3; n += 1)
      opened.push(await batches.open({ onFinish: { name: "job", args: { keys: [] } } }));
    const intervals = await contest(world, {
      jobs: share(250),
      keys,
      batches: opened,
      plain: false,
    });
    for (const [key, limit] of Object.entries(keys))
      expect([key, mostAtOnce(intervals, key)]).toEqual([key, expect.toSatisfy(atMost(limit))]);
    const before = (await jobs.list({ limit: 10_000 })).length;
    for (const id of opened) await batches.seal(id);
    for (const id of opened)
      expect(["succeeded", "failed"]).toContain((await batches.find(id))!.state);
    const callbacks = (await jobs.list({ limit: 10_000 })).length - before;
    expect(callbacks).toBe(opened.length);
    const worker = await newWorker(world.store);
    for (const job of await worker.claim())
      await worker.settle(job, { outcome: "finished", result: 1 });
    await expectNothingLeft(world, keys);
  });

  it("limits and settings may change all the while", async () => {
    await using world = await open();
    const { flow, queues } = world.store;
    const plain = { rate: null, fair: false };
    const orders = { jobs: share(120), keys, batches: [], plain: false };
    const intervals = await contest(world, orders, async (n) => {
      await flow.limit("job", n % 3 === 0 ? null : (n % 3) + 1);
      await queues.set("default", n % 4 === 0 ? null : { ...plain, slots: (n % 4) + 1 });
      await flow.maintain(10);
    });
    for (const [key, limit] of Object.entries(keys))
      expect([key, mostAtOnce(intervals, key)]).toEqual([
        key,
        expect.toSatisfy(atMost(Math.max(limit, 3))),
      ]);
    await flow.limit("job", null);
    await queues.set("default", null);
    await expectNothingLeft(world, keys);
  });

  it("a batch of thousands whose jobs end in several processes is over once", async () => {
    await using world = await open();
    const callback = { name: "job", args: { keys: [] } };
    const callbacks = { onFinish: callback, onSuccess: callback, onFailure: callback };
    const batchId = await world.store.batches.open(callbacks);
    const total = share(5_000);
    await enqueueAll(world.store, Array(total).fill({ batchId, args: { keys: [] } }));
    await world.store.batches.seal(batchId);
    await contest(world, { jobs: 0, keys, batches: [], plain: true });
    const jobs = { total, pending: 0, finished: total };
    expect(await world.store.batches.find(batchId)).toMatchObject({ state: "succeeded", jobs });
    expect((await world.store.jobs.count()).finished).toBe(total + 2);
  });

  it("thousands of jobs that come after one hear of its end", async () => {
    await using world = await open();
    const { store } = world;
    const [good, bad] = [await enqueueOne(store), await enqueueOne(store, { held: true })];
    const half = share(2_500);
    await enqueueAll(store, Array(half).fill({ after: [good], name: "next" }));
    await enqueueAll(store, Array(half).fill({ after: [bad], name: "next" }));
    const worker = await newWorker(store);
    await worker.settle(await worker.claimOne(), { outcome: "finished", result: null });
    await store.jobs.cancel([bad]);
    await waitFor(async () => {
      await store.flow.maintain(100);
      const { ready, failed } = await store.jobs.count();
      return ready === half && failed === half;
    });
  });
}

const atMost =
  (limit: number) =>
  (value: number): boolean =>
    value <= limit;

describe("races on SQLite", { timeout: raceTimeoutMs }, () => races(temporaryStore, 1));

describeThatNeedsPostgres("races on PostgreSQL", () => {
  const size = atLength(1, 0.4);
  const timeout = raceTimeoutMs;
  describe("of several processes", { timeout }, () => races(temporaryPostgres, size));
});
