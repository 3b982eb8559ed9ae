// What is left of a batch when its jobs are cleared away, and when it goes itself.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { finish, statesOf } from "../flow/words.ts";
import { boom, enqueueAll, newWorker, type OpenedStore, type OpenStore } from "../world.ts";

const never = 3_600_000;
const atOnce = { finishedMs: 0, cancelledMs: 0, failedMs: 0 };
const callbacks = { onSuccess: { name: "good" }, onFailure: { name: "bad" } };

/** Until nothing of these jobs is left. */
async function cleared({ store }: OpenedStore, ids: readonly number[]): Promise<void> {
  await waitFor(async () => {
    await store.jobs.clear(atOnce, 100);
    return (await statesOf(store, ids)).every((state) => state === "gone");
  });
}

export function batchRetentionContract(open: OpenStore): void {
  describe("a batch whose jobs are cleared", () => {
    it.each(["cancelled", "failed"] as const)(
      "has failed, though the one that was %s is not there any more",
      async (how) => {
        await using world = await open();
        const { store } = world;
        const batchId = await store.batches.open(callbacks);
        const all = await enqueueAll(store, [{ batchId }, { batchId }, { batchId }]);
        const worker = await newWorker(store);
        const [first, last, good] = await worker.claim();
        await store.batches.seal(batchId);
        const failed = { outcome: "failed", error: boom, retryDelayMs: null } as const;
        await worker.settle(first!, how === "failed" ? failed : { outcome: "cancelled" });
        await finish(worker, good!);
        await cleared(world, [all[0]!, all[2]!]);
        const ended = { failed: 0, cancelled: 0, [how]: 1 };
        const jobs = { total: 3, pending: 1, finished: 1, ...ended };
        expect(await store.batches.find(batchId)).toMatchObject({ state: "sealed", jobs });
        await finish(worker, last!);
        expect(await store.batches.find(batchId)).toMatchObject({
          state: "failed",
          jobs: { ...jobs, pending: 0, finished: 2 },
        });
        expect(await store.jobs.list({})).toMatchObject([{ id: last!.id }, { name: "bad" }]);
      },
    );

    it("has succeeded when all of them had finished", async () => {
      await using world = await open();
      const { store } = world;
      const batchId = await store.batches.open(callbacks);
      const all = await enqueueAll(store, [{ batchId }, { batchId }]);
      const worker = await newWorker(store);
      await finish(worker, ...(await worker.claim()));
      await cleared(world, all);
      const jobs = { total: 2, pending: 0, finished: 2, failed: 0, cancelled: 0 };
      expect(await store.batches.find(batchId)).toMatchObject({ state: "open", jobs });
      await store.batches.seal(batchId);
      expect(await store.batches.find(batchId)).toMatchObject({ state: "succeeded", jobs });
    });
  });

  describe("a batch", () => {
    it("is deleted when it has been over for longer than any of its jobs is kept", async () => {
      await using world = await open();
      const { store } = world;
      const [over, empty, kept, living] = [
        await store.batches.open({}),
        await store.batches.open({}),
        await store.batches.open({}),
        await store.batches.open({}),
      ];
      const all = await enqueueAll(store, [
        { batchId: over },
        { batchId: kept, queue: "late" },
        { batchId: living, held: true },
      ]);
      await store.jobs.cancel([all[1]!]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      for (const id of [over, empty, kept, living]) await store.batches.seal(id);
      await waitFor(async () => {
        await store.jobs.clear({ finishedMs: 0, cancelledMs: never, failedMs: 0 }, 100);
        return (await store.jobs.find(all[0]!)) === null;
      });
      const left = async () => (await store.batches.list()).map(({ id }) => id);
      expect(await left()).toEqual([living, kept, empty, over]);
      await cleared(world, [all[0]!, all[1]!]);
      await waitFor(async () => {
        await store.jobs.clear(atOnce, 100);
        return (await left()).length === 1;
      });
      expect(await left()).toEqual([living]);
      expect(await store.batches.find(over)).toBeNull();
      await store.jobs.discard([all[2]!]);
      expect(await store.batches.find(living)).toMatchObject({ state: "succeeded" });
    });
  });
}
