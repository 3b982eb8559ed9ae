// A job that was passed over for long has its turn: who comes behind it by priority and age leaves
// it the last slot that it sees, key by key. Nobody is blocked for ever, and nobody waits for
// somebody who waits for him.

import type { Job } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { randomBy } from "../../../support/seeded.ts";
import { ageAllByHand } from "../flow/by-hand.ts";
import { finish, rate, slot, statesOf } from "../flow/words.ts";
import { enqueueAll, enqueueOne, ids, newWorker, type OpenStore, type Worker } from "../world.ts";

/** Ends the run of a job that was claimed, and claims what has become ready. */
async function endOf(worker: Worker, runs: Job[], id: number): Promise<void> {
  const at = runs.findIndex((run) => run.id === id);
  await finish(worker, ...runs.splice(at, 1));
  runs.push(...(await worker.claim()));
}

export function patienceContract(open: OpenStore): void {
  describe("a job that was passed over for long", () => {
    it.each([false, true])(
      "runs though others see more slots of its key, and never leave one free (aged: %s)",
      async (aged) => {
        await using world = await open();
        const { store, url } = world;
        const wide = { gates: [slot("acme", { limit: 2 })] };
        const worker = await newWorker(store);
        const stream = [...(await enqueueAll(store, [wide, wide]))];
        const runs = [...(await worker.claim())];
        const narrow = await enqueueOne(store, { gates: [slot("acme")] });
        if (aged) await ageAllByHand(url);
        for (let n = 0; n < 6; n += 1) {
          stream.push(await enqueueOne(store, wide));
          await endOf(worker, runs, runs[0]!.id);
        }
        const [state] = await statesOf(store, [narrow]);
        expect(state).toBe(aged ? "finished" : "blocked");
        while (runs.length > 0) await endOf(worker, runs, runs[0]!.id);
        expect(new Set(await statesOf(store, [narrow, ...stream]))).toEqual(new Set(["finished"]));
      },
    );

    it("runs though each of its keys is taken by others whenever the other is free", async () => {
      await using world = await open();
      const { store, url } = world;
      const of = (key: string) => ({ gates: [slot(key)] });
      const worker = await newWorker(store);
      const stream = [...(await enqueueAll(store, [of("a"), of("b")]))];
      const runs = [...(await worker.claim())];
      const both = await enqueueOne(store, { gates: [slot("a"), slot("b")] });
      await ageAllByHand(url);
      for (let n = 0; n < 6; n += 1) {
        stream.push(await enqueueOne(store, of(n % 2 === 0 ? "a" : "b")));
        await endOf(worker, runs, runs[0]!.id);
      }
      expect(await statesOf(store, [both])).toEqual(["finished"]);
      while (runs.length > 0) await endOf(worker, runs, runs[0]!.id);
      expect(new Set(await statesOf(store, stream))).toEqual(new Set(["finished"]));
    });

    it("keeps a slot of new jobs as well, by their policies, and why tells each of them", async () => {
      await using world = await open();
      const { store, url } = world;
      const worker = await newWorker(store);
      const [, b] = await enqueueAll(store, [{ gates: [slot("a")] }, { gates: [slot("b")] }]);
      const runs = [...(await worker.claim())];
      const both = await enqueueOne(store, { gates: [slot("a"), slot("b")] });
      await ageAllByHand(url);
      await endOf(worker, runs, runs[0]!.id);
      const behind = await enqueueOne(store, { gates: [slot("a")] });
      const urgent = await enqueueOne(store, { gates: [slot("a")], priority: -1 });
      expect(await statesOf(store, [both, behind, urgent])).toEqual([
        "blocked",
        "blocked",
        "ready",
      ]);
      await store.jobs.cancel([urgent]);
      expect(await statesOf(store, [both, behind])).toEqual(["blocked", "blocked"]);
      const gates = [slot("a", { onConflict: "discard" })];
      expect(await store.jobs.enqueue([{ name: "job", gates }])).toMatchObject([
        { outcome: "discarded" },
      ]);
      const strict = store.jobs.enqueue([
        { name: "job", gates: [slot("a", { onConflict: "fail" })] },
      ]);
      await expect(strict).rejects.toThrow(`it is kept for job ${both}`);
      expect(await store.flow.why(behind)).toMatchObject([
        { why: "blocked", key: "a", holders: [], keptFor: both },
      ]);
      expect(await store.flow.why(both)).toMatchObject([
        { why: "blocked", key: "b", holders: [{ id: b }], keptFor: null },
      ]);
      await endOf(worker, runs, b!);
      expect(ids(runs)).toEqual([both]);
      expect(await store.flow.why(behind)).toMatchObject([
        { holders: [{ id: both }], keptFor: null },
      ]);
    });

    it("does not keep what it does not wait for yet: a busy tenant leaves a queue to others", async () => {
      await using world = await open();
      const { store, url } = world;
      await store.queues.set("default", { slots: 2, rate: null, fair: false });
      const of = (key: string) => ({ gates: [slot(`acct/${key}`)] });
      const worker = await newWorker(store);
      await enqueueAll(store, [of("A"), of("B0")]);
      const runs = [...(await worker.claim())];
      const line = await enqueueAll(store, Array(5).fill(of("A")));
      for (let n = 1; n < 5; n += 1) {
        await ageAllByHand(url);
        const other = await enqueueOne(store, of(`B${n}`));
        await endOf(worker, runs, runs[1]!.id);
        expect(ids(runs)).toContain(other);
      }
      expect(new Set(await statesOf(store, line))).toEqual(new Set(["blocked"]));
    });

    it("lets others have what it kept, as soon as it is cancelled or runs", async () => {
      await using world = await open();
      const { store, url } = world;
      const worker = await newWorker(store);
      const wide = { gates: [slot("acme", { limit: 3 })] };
      await enqueueAll(store, [wide, { gates: [slot("b")] }]);
      const runs = [...(await worker.claim())];
      const [first, second] = await enqueueAll(
        store,
        Array(2).fill({ gates: [slot("b"), slot("acme")] }),
      );
      await ageAllByHand(url);
      await endOf(worker, runs, runs[1]!.id);
      const other = await enqueueOne(store, { gates: [slot("b"), slot("acme", { limit: 3 })] });
      const behind = await enqueueAll(store, [wide, wide]);
      expect(await statesOf(store, [first!, other, ...behind])).toEqual(Array(4).fill("blocked"));
      await store.jobs.cancel([first!]);
      expect(await statesOf(store, [second!, ...behind])).toEqual(Array(3).fill("blocked"));
      await endOf(worker, runs, runs[0]!.id);
      expect(ids(runs)).toContain(second);
      expect(await statesOf(store, behind)).toEqual(["running", "running"]);
    });

    it("does not stand in the way of one that has the slot it waits for", async () => {
      await using world = await open();
      const { store, url } = world;
      const worker = await newWorker(store);
      const gates = [slot("acme"), rate("calls", { limit: 2 })];
      const holder = await enqueueOne(store, { gates });
      const run = await worker.claimOne();
      const other = await enqueueOne(store, { gates: [gates[1]!] });
      await worker.settle(run, { outcome: "interrupted", delayMs: 0 });
      const urgent = await enqueueOne(store, { gates, priority: -1 });
      await ageAllByHand(url);
      expect(await statesOf(store, [holder, urgent])).toEqual(["blocked", "blocked"]);
      await store.jobs.cancel([other]);
      expect(await statesOf(store, [holder, urgent])).toEqual(["ready", "blocked"]);
    });

    it.each([1, 2, 3, 4])(
      "and many of them wait for nobody in a circle: world %s",
      async (seed) => {
        await using world = await open();
        const { store, url } = world;
        const random = randomBy(seed);
        const below = (bound: number): number => Math.floor(random() * bound);
        const gatesOf = () =>
          ["a", "b", "c", "d"]
            .filter(() => random() < 0.6)
            .map((key) => slot(key, { limit: 1 + below(3) }));
        const job = () => ({ gates: gatesOf(), priority: below(3) });
        const worker = await newWorker(store);
        const all = [...(await enqueueAll(store, Array.from({ length: 40 }, job)))];
        const runs: Job[] = [];
        for (let n = 0; n < 300; n += 1) {
          await ageAllByHand(url);
          if (n < 60) all.push(await enqueueOne(store, job()));
          runs.push(...(await worker.claim({ limit: 4 })));
          if (runs.length === 0) break;
          const [run] = runs.splice(below(runs.length), 1);
          const isSaved = n < 60 && random() < 0.2;
          if (isSaved) await worker.settle(run!, { outcome: "interrupted", delayMs: 0 });
          else await finish(worker, run!);
        }
        expect(new Set(await statesOf(store, all))).toEqual(new Set(["finished"]));
      },
    );
  });
}
