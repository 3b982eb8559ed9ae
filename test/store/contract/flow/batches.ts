// Batches: jobs that belong together, and those that follow when all of them have ended.

import type { Job, NewBatch, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import {
  boom,
  enqueueAll,
  enqueueOne,
  ids,
  newWorker,
  type OpenStore,
  type Worker,
} from "../world.ts";
import { deleteByHand } from "./by-hand.ts";
import { finish, slot, unique } from "./words.ts";

const callbacks: NewBatch = {
  onFinish: { name: "over" },
  onSuccess: { name: "good", args: { mine: 1 }, queue: "mail", priority: 2 },
  onFailure: { name: "bad" },
};
const failed = { outcome: "failed", error: boom, retryDelayMs: null } as const;

/** Names of the callbacks that were enqueued so far, in their order. */
async function called(store: Store): Promise<readonly string[]> {
  const jobs = await store.jobs.list({ limit: 1_000 });
  return jobs.filter(({ name }) => name !== "job").map(({ name }) => name);
}

/** A batch with callbacks, its jobs, and a worker that claimed them all. */
async function running(
  store: Store,
  count: number,
): Promise<{ batchId: number; worker: Worker; runs: readonly Job[] }> {
  const batchId = await store.batches.open(callbacks);
  await enqueueAll(store, Array(count).fill({ batchId }));
  const worker = await newWorker(store);
  return { batchId, worker, runs: await worker.claim() };
}

export function batchesContract(open: OpenStore): void {
  describe("a batch", () => {
    it("keeps what it was given, and counts its jobs", async () => {
      await using world = await open();
      const { store } = world;
      const given = { description: "import", metadata: { rows: [1, null, "ä"] } };
      const id = await store.batches.open(given);
      const all = await enqueueAll(store, [{ batchId: id }, { batchId: id, held: true }, {}]);
      const [batch, plain] = [
        await store.batches.find(id),
        await store.batches.find(await store.batches.open({})),
      ];
      const jobs = { total: 2, pending: 2, finished: 0, failed: 0, cancelled: 0 };
      expect(batch).toMatchObject({ id, ...given, state: "open", jobs, finishedAt: null });
      expect(plain).toMatchObject({ description: null, metadata: null, jobs: { total: 0 } });
      expect(await store.batches.find(987_654)).toBeNull();
      const members = await store.jobs.list({ batchId: id });
      expect(ids(members)).toEqual(all.slice(0, 2));
      expect(members).toMatchObject([{ batchId: id }, { batchId: id }]);
      expect((await store.jobs.find(all[2]!))!.batchId).toBeNull();
    });

    it("cannot be over while it is open, whatever became of its jobs", async () => {
      await using world = await open();
      const { batchId, worker, runs } = await running(world.store, 2);
      await finish(worker, ...runs);
      const jobs = { total: 2, pending: 0, finished: 2 };
      expect(await world.store.batches.find(batchId)).toMatchObject({ state: "open", jobs });
      const more = await enqueueOne(world.store, { batchId });
      await world.store.batches.seal(batchId);
      expect(await world.store.batches.find(batchId)).toMatchObject({ state: "sealed" });
      expect(await called(world.store)).toEqual([]);
      await finish(worker, await worker.claimOne());
      expect(await world.store.batches.find(batchId)).toMatchObject({ state: "succeeded" });
      expect(await world.store.jobs.find(more)).toMatchObject({ state: "finished", batchId });
    });

    it("calls back when its last job has finished: first that it is over, then how", async () => {
      await using world = await open();
      const { store } = world;
      const { batchId, worker, runs } = await running(store, 2);
      await store.batches.seal(batchId);
      await finish(worker, runs[0]!);
      expect(await called(store)).toEqual([]);
      await finish(worker, runs[1]!);
      expect(await called(store)).toEqual(["over", "good"]);
      const jobs = { total: 2, pending: 0, finished: 2, failed: 0, cancelled: 0 };
      const batch = await store.batches.find(batchId);
      expect(batch).toMatchObject({ state: "succeeded", jobs });
      expect(batch!.finishedAt).toBeGreaterThanOrEqual(batch!.createdAt);
      const [over, good] = (await store.jobs.list({})).slice(2);
      expect(over).toMatchObject({ args: { batch: batchId }, state: "ready", batchId: null });
      expect(good).toMatchObject({ args: { mine: 1 }, queue: "mail", priority: 2, batchId: null });
    });

    it.each(["failed", "cancelled", "crashed"] as const)(
      "has failed when one of its jobs was %s",
      async (how) => {
        await using world = await open();
        const { store } = world;
        const { batchId, worker, runs } = await running(store, 1);
        const waiting = await enqueueOne(store, { batchId });
        await store.batches.seal(batchId);
        if (how === "failed") await worker.settle(runs[0]!, failed);
        if (how === "cancelled") await finish(worker, runs[0]!);
        if (how === "crashed") await crashToTheEnd(store, worker);
        expect(await called(store)).toEqual([]);
        await store.jobs.cancel([waiting]);
        expect(await called(store)).toEqual(["over", "bad"]);
        expect(await store.batches.find(batchId)).toMatchObject({ state: "failed" });
      },
    );

    it("does not end while one of its jobs is to be repeated, or waits for anything", async () => {
      await using world = await open();
      const { store } = world;
      const { batchId, worker, runs } = await running(store, 2);
      await enqueueOne(store, { gates: [slot("acme")] });
      const waiting = await enqueueAll(store, [
        { batchId, held: true },
        { batchId, delayMs: 60_000 },
        { batchId, gates: [slot("acme")] },
        { batchId, after: [runs[0]!.id] },
      ]);
      await store.batches.seal(batchId);
      await worker.settle(runs[0]!, { outcome: "failed", error: boom, retryDelayMs: 60_000 });
      await worker.settle(runs[1]!, { outcome: "interrupted", delayMs: 60_000 });
      const jobs = { total: 6, pending: 6 };
      expect(await store.batches.find(batchId)).toMatchObject({ state: "sealed", jobs });
      await store.jobs.discard([...waiting, runs[1]!.id]);
      expect(await store.batches.find(batchId)).toMatchObject({ state: "sealed" });
      await store.jobs.discard([runs[0]!.id]);
      expect(await store.batches.find(batchId)).toMatchObject({ state: "succeeded" });
      expect(await called(store)).toEqual(["over", "good"]);
    });

    it("is over at once when it is sealed empty, once, however often it is sealed", async () => {
      await using world = await open();
      const { store } = world;
      const id = await store.batches.open(callbacks);
      await Promise.all([store, await world.connect()].map(({ batches }) => batches.seal(id)));
      await store.batches.seal(id);
      const jobs = { total: 0, pending: 0 };
      expect(await store.batches.find(id)).toMatchObject({ state: "succeeded", jobs });
      expect(await called(store)).toEqual(["over", "good"]);
    });

    it("may be without callbacks", async () => {
      await using world = await open();
      const id = await world.store.batches.open({});
      await world.store.batches.seal(id);
      expect(await world.store.batches.find(id)).toMatchObject({ state: "succeeded" });
      expect(await world.store.jobs.list({})).toEqual([]);
    });

    it("takes more jobs while it is sealed and lives, none when it is over", async () => {
      await using world = await open();
      const { store } = world;
      const { batchId, worker, runs } = await running(store, 1);
      await store.batches.seal(batchId);
      const sibling = await enqueueOne(store, { batchId });
      await finish(worker, runs[0]!);
      expect(await store.batches.find(batchId)).toMatchObject({ state: "sealed" });
      await finish(worker, await worker.claimOne());
      expect(await store.batches.find(batchId)).toMatchObject({ state: "succeeded" });
      for (const wrong of [batchId, 987_654]) {
        const refusal = store.jobs.enqueue([{ name: "job" }, { name: "job", batchId: wrong }]);
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
        await expect(refusal).rejects.toThrow(new RegExp(`batch ${wrong}`));
      }
      expect(ids(await store.jobs.list({ batchId }))).toEqual([runs[0]!.id, sibling]);
      expect(await called(store)).toEqual(["over", "good"]);
    });

    it("does not change any more when one of its jobs is retried, or is discarded", async () => {
      await using world = await open();
      const { store } = world;
      const { batchId, worker, runs } = await running(store, 2);
      await store.batches.seal(batchId);
      await worker.settle(runs[0]!, failed);
      await finish(worker, runs[1]!);
      const before = await store.batches.find(batchId);
      expect(before).toMatchObject({ state: "failed", jobs: { failed: 1, finished: 1 } });
      await store.jobs.retry([runs[0]!.id], { fromStart: false });
      await finish(worker, await worker.claimOne());
      await store.jobs.discard([runs[1]!.id]);
      const { finishedAt } = before!;
      const jobs = { total: 1, finished: 1, failed: 0 };
      expect(await store.batches.find(batchId)).toMatchObject({
        state: "failed",
        finishedAt,
        jobs,
      });
      expect(await called(store)).toEqual(["over", "bad"]);
    });

    it("hears of a row that somebody deleted, no later than with maintenance", async () => {
      await using world = await open();
      const { store } = world;
      const { batchId, runs } = await running(store, 1);
      await store.batches.seal(batchId);
      await deleteByHand(world.url, [runs[0]!.id]);
      await waitFor(async () => {
        await store.flow.maintain(10);
        return (await store.batches.find(batchId))!.state === "succeeded";
      });
      expect(await called(store)).toEqual(["over", "good"]);
    });

    it("has no job that was not created", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("once")];
      await enqueueOne(store, { uniques, gates: [slot("acme")] });
      const id = await store.batches.open(callbacks);
      const answers = await store.jobs.enqueue([
        { name: "job", uniques, batchId: id },
        { name: "job", gates: [slot("acme", { onConflict: "discard" })], batchId: id },
      ]);
      expect(answers.map(({ outcome }) => outcome)).toEqual(["exists", "discarded"]);
      await store.batches.seal(id);
      expect(await store.batches.find(id)).toMatchObject({
        state: "succeeded",
        jobs: { total: 0 },
      });
    });
  });

  describe("the list of batches", () => {
    it("is newest first, by state, and so long", async () => {
      await using world = await open();
      const { batches } = world.store;
      const all: number[] = [];
      for (let n = 0; n < 5; n += 1) all.push(await batches.open({ description: `${n}` }));
      await batches.seal(all[1]!);
      await batches.seal(all[3]!);
      expect(ids(await batches.list())).toEqual(all.toReversed());
      const over = await batches.list({ states: ["succeeded", "failed"] });
      expect(ids(over)).toEqual([all[3], all[1]]);
      expect(ids(await batches.list({ states: ["open"], limit: 2 }))).toEqual([all[4], all[2]]);
    });
  });

  describe("a batch that makes no sense", () => {
    it("is refused", async () => {
      await using world = await open();
      const wrong: readonly [NewBatch, RegExp][] = [
        [{ onFinish: { name: "" } }, /onFinish.*name/],
        [{ onSuccess: { name: "job", after: [1] } }, /onSuccess.*after/],
        [{ onFailure: { name: "job", batchId: 1 } }, /onFailure.*batchId/],
        [{ metadata: 1n as never }, /metadata/],
        [{ description: 7 as never }, /description/],
      ];
      for (const [batch, message] of wrong) {
        const refusal = world.store.batches.open(batch);
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
        await expect(refusal).rejects.toThrow(message);
      }
      expect(await world.store.batches.list()).toEqual([]);
      const unknown = world.store.batches.seal(987_654);
      await expect(unknown).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
    });
  });

  describe("the last jobs of a batch that end at once, on several connections", () => {
    it("end it once", async () => {
      await using world = await open();
      const workers = [
        await newWorker(world.store),
        await newWorker(await world.connect()),
        await newWorker(await world.connect()),
      ];
      for (let round = 1; round <= 15; round += 1) {
        const batchId = await world.store.batches.open(callbacks);
        await enqueueAll(world.store, Array(3).fill({ batchId }));
        const runs: Job[] = [];
        for (const worker of workers) runs.push(await worker.claimOne());
        await Promise.all([
          ...runs.map((run, n) => finish(workers[n]!, run)),
          world.store.batches.seal(batchId),
        ]);
        expect(await world.store.batches.find(batchId)).toMatchObject({ state: "succeeded" });
        expect(await called(world.store)).toHaveLength(2 * round);
      }
    });
  });
}

/** The process dies, and so do those that take the job after it. */
async function crashToTheEnd(store: Store, first: Worker): Promise<void> {
  await first.dies();
  for (let n = 0; n < 2; n += 1) {
    const worker = await newWorker(store);
    await worker.claimOne();
    await worker.dies();
  }
}
