// Jobs that let their unique key go, and come back to a state in which they have it.

import type { JobState, NewJob, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { boom, enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "../world.ts";
import { alive, dispatchUntil, finish, slot, statesOf, unique } from "./words.ts";

const uniques = [unique("invoice/42")];
const job = { name: "job", uniques };
const failed = { outcome: "failed", error: boom, retryDelayMs: null } as const;
const delayed = { outcome: "failed", error: boom, retryDelayMs: 60_000 } as const;
const goOn = { fromStart: false };

/** Enqueues a job and runs it once, in vain. */
async function failedJob(store: Store, more: Partial<NewJob> = {}): Promise<number> {
  const id = await enqueueOne(store, { uniques, ...more });
  const worker = await newWorker(store);
  await worker.settle(await worker.claimOne(), failed);
  return id;
}

/** Who has the key by now; null where nobody had it. */
async function holder(store: Store, wanted = unique("invoice/42")): Promise<number | null> {
  const [answer] = await store.jobs.enqueue([{ name: "job", uniques: [wanted], held: true }]);
  if (answer!.outcome === "exists") return answer!.id;
  await store.jobs.discard([answer!.id]);
  return null;
}

export function uniqueRetryContract(open: OpenStore): void {
  describe("a job that is retried", () => {
    it("has its unique keys again", async () => {
      await using world = await open();
      const { store } = world;
      const [x, y] = [unique("x"), unique("y")];
      const id = await failedJob(store, { uniques: [x, y] });
      expect([await holder(store, x), await holder(store, y)]).toEqual([null, null]);
      expect(await store.jobs.retry([id], goOn)).toEqual([{ id, outcome: "retried" }]);
      expect([await holder(store, x), await holder(store, y)]).toEqual([id, id]);
      await store.jobs.cancel([id]);
      expect(await holder(store, x)).toBeNull();
      await store.jobs.retry([id], goOn);
      expect([await holder(store, x), await holder(store, y)]).toEqual([id, id]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await holder(store, x)).toBeNull();
    });

    it("is refused where another job has its key, and stays as it was", async () => {
      await using world = await open();
      const { store } = world;
      const id = await failedJob(store);
      const free = await failedJob(store, { uniques: [unique("invoice/43")] });
      const before = await jobOf(store, id);
      const other = await enqueueOne(store, job);
      const error = `job ${id} cannot be retried: job ${other} has its unique key "invoice/42"`;
      expect(await store.jobs.retry([id, free], goOn)).toEqual([
        { id, outcome: "refused", error },
        { id: free, outcome: "retried" },
      ]);
      expect(await jobOf(store, id)).toEqual(before);
      expect(await holder(store)).toBe(other);
      await store.jobs.discard([other]);
      expect(await store.jobs.retry([id], goOn)).toEqual([{ id, outcome: "retried" }]);
      expect(await holder(store)).toBe(id);
    });

    it("takes none of two keys, where one is taken", async () => {
      await using world = await open();
      const { store } = world;
      const [x, y] = [unique("x"), unique("y")];
      const id = await failedJob(store, { uniques: [x, y] });
      const other = await enqueueOne(store, { uniques: [y] });
      const [answer] = await store.jobs.retry([id], goOn);
      expect(answer).toMatchObject({ outcome: "refused" });
      expect(answer!.error).toMatch(new RegExp(`job ${other} has its unique key "y"`));
      expect([await holder(store, x), await holder(store, y)]).toEqual([null, other]);
    });

    it("has the key where several of that key are retried at once, if it is the oldest", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = [await failedJob(store), await failedJob(store)];
      const why = `job ${second} cannot be retried: job ${first} has its unique key "invoice/42"`;
      expect(await store.jobs.retry([second, first, second, first], goOn)).toEqual([
        { id: second, outcome: "refused", error: why },
        { id: first, outcome: "retried" },
        { id: second, outcome: "refused", error: why },
        { id: first, outcome: "refused", error: expect.stringContaining("is ready") },
      ]);
      expect(await statesOf(store, [first, second])).toEqual(["ready", "failed"]);
      expect(await holder(store)).toBe(first);
    });

    it("does not mind who has a key that it does not take when it is ready", async () => {
      await using world = await open();
      const { store } = world;
      const later = { uniques: [unique("sync", { states: ["scheduled"] })], delayMs: 60_000 };
      const first = await enqueueOne(store, later);
      await store.jobs.cancel([first]);
      const second = await enqueueOne(store, later);
      expect(second).not.toBe(first);
      const answers = await store.jobs.retry([first], goOn);
      expect(answers).toEqual([{ id: first, outcome: "retried" }]);
      expect(await holder(store, later.uniques[0])).toBe(second);
    });

    it("has kept its key all the time, where its states say so", async () => {
      await using world = await open();
      const { store } = world;
      const states: readonly JobState[] = [...alive, "finished", "failed", "cancelled"];
      const once = unique("request/1", { states });
      const id = await failedJob(store, { uniques: [once] });
      expect(await store.jobs.retry([id], goOn)).toEqual([{ id, outcome: "retried" }]);
      expect(await holder(store, once)).toBe(id);
    });

    it("takes the key of a job whose time is over, and not its own after that time", async () => {
      await using world = await open();
      const { store } = world;
      const brief = unique("invoice/42", { forMs: 200 });
      const id = await failedJob(store);
      const other = await enqueueOne(store, { uniques: [brief], held: true });
      expect(await store.jobs.retry([id], goOn)).toMatchObject([{ outcome: "refused" }]);
      await waitFor(async () => {
        const [answer] = await store.jobs.retry([id], goOn);
        return answer!.outcome === "retried";
      });
      expect(await holder(store)).toBe(id);
      await store.jobs.cancel([id, other]);
      expect(await store.jobs.retry([other], goOn)).toEqual([{ id: other, outcome: "retried" }]);
      expect(await holder(store)).toBeNull();
    });

    it("is of its batch as before, waits for its slot, and has its key meanwhile", async () => {
      await using world = await open();
      const { store } = world;
      const batchId = await store.batches.open({ onFinish: { name: "over" } });
      const gates = [slot("acme")];
      const id = await failedJob(store, { batchId, gates });
      const next = await enqueueOne(store, { batchId, gates });
      await store.batches.seal(batchId);
      await store.jobs.retry([id], goOn);
      expect(await statesOf(store, [id, next])).toEqual(["blocked", "ready"]);
      expect(await holder(store)).toBe(id);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, [id, next])).toEqual(["ready", "finished"]);
      expect(await holder(store)).toBe(id);
      expect(await store.batches.find(batchId)).toMatchObject({ state: "sealed" });
      await finish(worker, await worker.claimOne());
      expect(await store.batches.find(batchId)).toMatchObject({ state: "succeeded" });
      expect(await store.jobs.list({ states: ["ready"] })).toMatchObject([{ name: "over" }]);
      expect(await holder(store)).toBeNull();
    });
  });

  describe("a job that comes to a state in which it has its key", () => {
    const later = unique("sync", { states: ["scheduled"] });

    it("has it from then on, where it is free", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques: [later] });
      expect(await holder(store, later)).toBeNull();
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), delayed);
      expect(await holder(store, later)).toBe(id);
      const now = unique("now", { states: ["ready"] });
      const due = await enqueueOne(store, { uniques: [now], delayMs: 20 });
      expect(await holder(store, now)).toBeNull();
      await dispatchUntil(store, due, "ready");
      expect(await holder(store, now)).toBe(due);
    });

    it("goes on without it, where another job has it", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques: [later] });
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      const other = await enqueueOne(store, { uniques: [later], delayMs: 60_000 });
      expect(await worker.settle(run, delayed)).toMatchObject({ refused: [] });
      expect(await statesOf(store, [id, other])).toEqual(["scheduled", "scheduled"]);
      expect(await holder(store, later)).toBe(other);
    });

    it("has it again when its slot is free, which it had let go to wait for that", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const ready = unique("ready", { states: ["ready"] });
      const [first, second] = await enqueueAll(store, [{ gates }, { gates, uniques: [ready] }]);
      expect(await holder(store, ready)).toBeNull();
      await store.jobs.cancel([first!]);
      expect((await jobOf(store, second!)).state).toBe("ready");
      expect(await holder(store, ready)).toBe(second);
    });
  });

  describe("those who retry and enqueue jobs of one key at once", () => {
    it("never have two that live", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const worker = await newWorker(world.store);
      for (let round = 1; round <= 10; round += 1) {
        const key = [unique(`race/${round}`)];
        const all = [
          await failedJob(world.store, { uniques: key }),
          await failedJob(world.store, { uniques: key }),
        ];
        await Promise.all([
          stores[0]!.jobs.retry(all, goOn),
          stores[1]!.jobs.retry(all.toReversed(), goOn),
          stores[2]!.jobs.enqueue([{ name: "job", uniques: key }]),
        ]);
        await finish(worker, await worker.claimOne());
        expect(await worker.claim()).toEqual([]);
      }
    });
  });
}
