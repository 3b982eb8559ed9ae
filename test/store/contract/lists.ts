// The questions about jobs.

import { jobStates } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { boom, enqueueAll, enqueueOne, ids, newWorker, type OpenStore } from "./world.ts";

export function listsContract(open: OpenStore): void {
  describe("lists of jobs", () => {
    it("are oldest first, 50 long unless told otherwise, and filtered by everything", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(
        store,
        Array.from({ length: 60 }, (_, n) => ({
          name: n % 2 ? "odd" : "even",
          queue: n % 3 ? "a" : "b",
          delayMs: n < 30 ? 0 : 60_000,
        })),
      );
      const every = (n: number, of: (index: number) => boolean): readonly number[] =>
        all.filter((_, index) => of(index)).slice(0, n);
      const list = async (filter: Parameters<typeof store.jobs.list>[0]): Promise<unknown> =>
        ids(await store.jobs.list(filter));
      expect(await list({})).toEqual(every(50, () => true));
      expect(await list({ limit: 3 })).toEqual(every(3, () => true));
      expect(await list({ name: "odd" })).toEqual(every(50, (n) => n % 2 === 1));
      expect(await list({ queue: "b", states: ["ready"] })).toEqual(
        every(50, (n) => n % 3 === 0 && n < 30),
      );
      expect(await list({ states: ["scheduled", "ready"], limit: 1_000 })).toEqual(all);
      expect(await list({ beyond: all[9]!, limit: 3 })).toEqual(all.slice(10, 13));
      expect(await list({ name: "odd", beyond: all[9]!, limit: 2 })).toEqual([all[11], all[13]]);
      expect(await list({ states: ["scheduled"], beyond: all[58]! })).toEqual([all[59]]);
      expect(await list({ states: [] })).toEqual([]);
      expect(await list({ queue: "nowhere" })).toEqual([]);
    });

    it("find jobs in a rare state among many, and in a common one among few", async () => {
      await using world = await open();
      const { store } = world;
      const many = await enqueueAll(store, Array(1_200).fill({}));
      const [rare, held] = await enqueueAll(store, [{}, { held: true }]);
      await store.jobs.cancel([rare!]);
      expect(ids(await store.jobs.list({ states: ["cancelled"] }))).toEqual([rare]);
      const some = await store.jobs.list({ states: ["held", "cancelled", "held"] });
      expect(ids(some)).toEqual([rare, held]);
      const all = await store.jobs.list({ states: ["ready", "held"], limit: 5_000 });
      expect(ids(all)).toEqual([...many, held]);
      expect(ids(await store.jobs.list({ states: ["ready"], limit: 2 }))).toEqual(many.slice(0, 2));
      expect(await store.jobs.list({ states: ["held"], queue: "other" })).toEqual([]);
    });

    it("tell which jobs a process holds", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueAll(store, [{}, {}, {}]);
      const worker = await newWorker(store);
      const mine = await worker.claim({ limit: 2 });
      expect(ids(await store.jobs.list({ processId: worker.id }))).toEqual(ids(mine));
      expect(await store.jobs.list({ processId: worker.id + 1 })).toEqual([]);
    });

    it("hold whole jobs", async () => {
      await using world = await open();
      const id = await enqueueOne(world.store, { args: { a: [1] }, label: "l" });
      const { errors, ...job } = (await world.store.jobs.find(id))!;
      expect(errors).toEqual([]);
      expect(await world.store.jobs.list({})).toEqual([job]);
    });

    it("find nothing for an id nobody has", async () => {
      await using world = await open();
      expect(await world.store.jobs.find(12_345)).toBeNull();
    });
  });

  describe("counts", () => {
    it("have a number for every state", async () => {
      await using world = await open();
      const { store } = world;
      const none = Object.fromEntries(jobStates.map((state) => [state, 0]));
      expect(await store.jobs.count()).toEqual(none);
      await enqueueAll(store, [{}, {}, {}, {}, { delayMs: 60_000 }, { held: true }]);
      const worker = await newWorker(store);
      const [a, b, c] = await worker.claim({ limit: 3 });
      await worker.settle(a!, { outcome: "finished", result: null });
      await worker.settle(b!, { outcome: "failed", error: boom, retryDelayMs: null });
      await worker.settle(c!, { outcome: "cancelled" });
      await worker.claimOne();
      expect(await store.jobs.count()).toEqual({
        ...none,
        held: 1,
        scheduled: 1,
        running: 1,
        finished: 1,
        failed: 1,
        cancelled: 1,
      });
    });

    it("tell whether anything is left to do, and when", async () => {
      await using world = await open();
      const { store } = world;
      expect(await store.jobs.outstanding()).toEqual({ busy: false, nextInMs: null });
      await enqueueAll(store, [{ delayMs: 60_000 }, { held: true }]);
      const { busy, nextInMs } = await store.jobs.outstanding();
      expect(busy).toBe(false);
      expect(nextInMs).toBeGreaterThan(50_000);
      await enqueueOne(store);
      expect((await store.jobs.outstanding()).busy).toBe(true);
      const worker = await newWorker(store);
      const job = await worker.claimOne();
      expect((await store.jobs.outstanding()).busy).toBe(true);
      await worker.settle(job, { outcome: "finished", result: null });
      expect((await store.jobs.outstanding()).busy).toBe(false);
    });

    it("name the ready jobs that no worker has code for", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueAll(store, [
        { name: "known" },
        { name: "lost", queue: "b" },
        { name: "lost", queue: "a" },
        { name: "alone" },
        { name: "later", delayMs: 60_000 },
      ]);
      const worker = await newWorker(store);
      await store.processes.ready(worker.id, ["known", "also"]);
      expect(await store.jobs.unknownNames()).toEqual([
        { name: "alone", ready: 1 },
        { name: "lost", ready: 2 },
      ]);
    });
  });
}
