// A unique key with a time of its own outlives its job: the same request within a day is one job,
// however long jobs are kept.

import { type JobState, jobStates } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { alive, finish, statesOf, unique } from "../flow/words.ts";
import { enqueueOne, newWorker, type OpenedStore, type OpenStore } from "../world.ts";

const states: readonly JobState[] = jobStates;
const day = 86_400_000;

const deletions: readonly [string, (world: OpenedStore, id: number) => Promise<unknown>][] = [
  [
    "cleared away",
    async ({ store }, id) => {
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      await waitFor(async () => {
        await store.jobs.clear({ finishedMs: 0, cancelledMs: 0, failedMs: 0 }, 10);
        return (await store.jobs.find(id)) === null;
      });
    },
  ],
  ["discarded", ({ store }, id) => store.jobs.discard([id])],
  ["cleared with its queue", ({ store }) => store.queues.clear("default", { all: true })],
];

export function uniqueRetentionContract(open: OpenStore): void {
  describe.each(deletions)("a unique key of a job that was %s", (_, remove) => {
    it("is taken until its time is over", async () => {
      await using world = await open();
      const { store } = world;
      const request = { name: "job", uniques: [unique("request/1", { states, forMs: day })] };
      const id = await enqueueOne(store, request);
      await remove(world, id);
      expect(await statesOf(store, [id])).toEqual(["gone"]);
      for (const onConflict of ["exists", "replace", "debounce"] as const) {
        const uniques = [{ ...request.uniques[0]!, onConflict }];
        const answers = await store.jobs.enqueue([{ ...request, uniques }]);
        expect(answers).toEqual([{ id, outcome: "exists" }]);
      }
      await store.flow.maintain(100);
      expect(await store.jobs.enqueue([request])).toEqual([{ id, outcome: "exists" }]);
      expect(await store.jobs.list({})).toEqual([]);
    });

    it("is free when its time is over, or where it has none", async () => {
      await using world = await open();
      const { store } = world;
      for (const forMs of [null, 60]) {
        const request = { name: "job", uniques: [unique(`request/${forMs}`, { states, forMs })] };
        const id = await enqueueOne(store, request);
        await remove(world, id);
        const [answer] = await waitFor(async () => {
          await store.flow.maintain(100);
          const answers = await store.jobs.enqueue([request]);
          return answers[0]!.outcome === "created" && answers;
        });
        expect(answer!.id).toBeGreaterThan(id);
        await store.jobs.discard([answer!.id]);
      }
    });
  });

  describe("a unique key that its job had let go before it was deleted", () => {
    it("is free", async () => {
      await using world = await open();
      const { store } = world;
      const request = { name: "job", uniques: [unique("x", { states: alive, forMs: day })] };
      const id = await enqueueOne(store, request);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      await store.jobs.discard([id]);
      expect(await store.jobs.enqueue([request])).toMatchObject([{ outcome: "created" }]);
    });
  });
}
