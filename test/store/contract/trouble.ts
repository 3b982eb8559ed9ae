// Turns whose answer never came: the worker does not know whether they were committed, and says in
// the next one what it knows to hold. Here the first answer is simply thrown away.

import type { Held, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import {
  boom,
  type Ending,
  enqueueAll,
  enqueueOne,
  jobOf,
  newWorker,
  type OpenStore,
} from "./world.ts";

/** The turn after one whose answer was lost: settles these runs, and holds no others but `also`. */
function turnAgain(
  store: Store,
  processId: number,
  { settled = [], also = [] }: { settled?: readonly (Held & Ending)[]; also?: readonly Held[] },
) {
  const holding = [...settled, ...also].map(({ id, fence }) => ({ id, fence }));
  return store.jobs.turn({
    processId,
    settlements: settled,
    checkpoints: [],
    claim: null,
    holding,
  });
}

const done: Ending = { outcome: "finished", result: "done" };

export function troubleContract(open: OpenStore): void {
  describe("after a turn whose answer was lost", () => {
    it("a claim nobody heard of is released, and counts as nothing", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const [a, b] = await enqueueAll(store, [{}, {}]);
      const known = await worker.claimOne();
      await worker.claim();
      await turnAgain(store, worker.id, { also: [known] });
      expect(await jobOf(store, a!)).toMatchObject({ state: "running", fence: 1, attempts: 1 });
      const counters = { attempts: 0, interruptions: 0, crashes: 0 };
      expect(await jobOf(store, b!)).toMatchObject({ state: "ready", fence: 2, ...counters });
      expect(await worker.claimOne()).toMatchObject({ id: b, attempts: 1, fence: 3 });
    });

    it("such a claim that somebody asked to cancel is cancelled", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      await worker.claim();
      await world.store.jobs.cancel([id]);
      await turnAgain(world.store, worker.id, {});
      expect(await jobOf(world.store, id)).toMatchObject({ state: "cancelled", processId: null });
    });

    it("an end that had been taken is not refused when it is repeated, nor counted twice", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      await enqueueAll(store, [{}, {}, {}]);
      const [a, b, c] = await worker.claim();
      const settled: readonly (Held & Ending)[] = [
        { id: a!.id, fence: a!.fence, outcome: "finished", result: "done" },
        { id: b!.id, fence: b!.fence, outcome: "failed", error: boom, retryDelayMs: null },
        { id: c!.id, fence: c!.fence, outcome: "failed", error: boom, retryDelayMs: 60_000 },
      ];
      await turnAgain(store, worker.id, { settled });
      const before = await Promise.all(settled.map(({ id }) => store.jobs.find(id)));
      const { refused } = await turnAgain(store, worker.id, { settled });
      expect(refused).toEqual([]);
      expect(await Promise.all(settled.map(({ id }) => store.jobs.find(id)))).toEqual(before);
      expect(before.map((job) => job!.errors.length)).toEqual([0, 1, 1]);
    });

    it("an end that had not been taken is taken now", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const { fence } = await worker.claimOne();
      const { refused } = await turnAgain(world.store, worker.id, {
        settled: [{ id, fence, ...done }],
      });
      expect(refused).toEqual([]);
      expect(await jobOf(world.store, id)).toMatchObject({ state: "finished", result: "done" });
    });

    it("a job handed back and claimed again, unheard, by the lost turn is released", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const { fence } = await worker.claimOne();
      const interrupted = { id, fence, outcome: "interrupted", delayMs: 0, cursor: 7 } as const;
      await worker.settle(interrupted, interrupted);
      await worker.claimOne();
      await turnAgain(store, worker.id, { settled: [interrupted] });
      const expected = { state: "ready", cursor: 7, interruptions: 1, attempts: 0, fence: 4 };
      expect(await jobOf(store, id)).toMatchObject({ ...expected, processId: null });
    });

    it("a run that somebody else took meanwhile is refused all the same", async () => {
      await using world = await open();
      const { store } = world;
      const [cutOff, other] = [await newWorker(store), await newWorker(store)];
      const id = await enqueueOne(store);
      const { fence } = await cutOff.claimOne();
      await cutOff.dies();
      const taken = await other.claimOne();
      const answer = await turnAgain(store, cutOff.id, { settled: [{ id, fence, ...done }] });
      expect(answer).toMatchObject({ refused: [{ id, fence }], evicted: true });
      expect(await jobOf(store, id)).toMatchObject({ state: "running", fence: taken.fence });
    });

    it("the jobs of others stay with them", async () => {
      await using world = await open();
      const { store } = world;
      const [worker, other] = [await newWorker(store), await newWorker(store)];
      const id = await enqueueOne(store);
      await other.claimOne();
      await turnAgain(store, worker.id, {});
      expect(await jobOf(store, id)).toMatchObject({ state: "running", processId: other.id });
    });
  });
}
