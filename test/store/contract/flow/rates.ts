// Rates: so many runs may begin in any so many milliseconds. Here by the store's own clock; the last
// millisecond of a window is tested where a test can hold the clock (sqlite-flow-clock.test.ts).

import { type Job, rateGate, type Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { within } from "../../../support/pace.ts";
import { waitFor } from "../../../support/wait-for.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { dispatchUntil, finish, rate, slot, statesOf } from "./words.ts";

/** Runs jobs as they are let through until so many have begun; answers when, in order. */
async function beginnings(stores: readonly Store[], count: number): Promise<readonly number[]> {
  const begun: number[] = [];
  const work = async (store: Store): Promise<void> => {
    const worker = await newWorker(store);
    await waitFor(
      async () => {
        await store.flow.refill();
        const jobs = await worker.claim({ limit: 3 });
        for (const { startedAt } of jobs) begun.push(startedAt!);
        await finish(worker, ...jobs);
        return begun.length >= count;
      },
      { deadlineMs: within(15_000), what: `${count} runs, of which ${begun.length} have begun` },
    );
  };
  await Promise.all(stores.map(work));
  return begun.sort((a, b) => a - b);
}

/** The shortest time from a run to the run `limit` later. */
function tightest(begun: readonly number[], limit: number): number {
  return Math.min(...begun.slice(limit).map((at, n) => at - begun[n]!));
}

export function ratesContract(open: OpenStore): void {
  describe("a job with a rate", () => {
    it("is ready while its key has a slot, and blocked after", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { limit: 2 })];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }, {}]);
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked", "ready"]);
      expect(await jobOf(store, all[0]!)).toMatchObject({ concurrencyKey: "api" });
    });

    it("gives its slot back so long after its run began, not when it ends", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { ms: 700 })];
      const [first, second] = await enqueueAll(store, [{ gates }, { gates }]);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      await finish(worker, run);
      expect(await statesOf(store, [first!, second!])).toEqual(["finished", "blocked"]);
      const { nextInMs } = await store.flow.refill();
      expect(nextInMs).toBeGreaterThan(0);
      expect(nextInMs).toBeLessThanOrEqual(700);
      const { promoted } = await waitFor(async () => {
        const refilled = await store.flow.refill();
        return refilled.promoted > 0 && refilled;
      });
      expect(promoted).toBe(1);
      const next = await worker.claimOne();
      expect(next.id).toBe(second);
      expect(next.startedAt! - run.startedAt!).toBeGreaterThanOrEqual(700);
      expect(await store.flow.refill()).toMatchObject({ promoted: 0, nextInMs: null });
    });

    it("keeps a slot that no run has taken for as long as it likes", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { ms: 1 })];
      const all = await enqueueAll(store, [{ gates }, { gates }]);
      const { createdAt } = await jobOf(store, all[0]!);
      await waitFor(async () => {
        expect(await store.flow.refill()).toMatchObject({ promoted: 0, nextInMs: null });
        const [, second] = await statesOf(store, all);
        expect(second).toBe("blocked");
        return (await jobOf(store, await enqueueOne(store))).createdAt > createdAt + 20;
      });
      expect(await store.flow.maintain(10)).toMatchObject({ freed: 0, promoted: 0 });
    });

    it("gives a slot back at once that no run will take", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api")];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }]);
      await store.jobs.cancel([all[0]!]);
      expect(await statesOf(store, all)).toEqual(["cancelled", "ready", "blocked"]);
      await store.jobs.discard([all[1]!]);
      expect(await statesOf(store, all)).toEqual(["gone", "gone", "ready"].with(0, "cancelled"));
    });

    it.each([
      { outcome: "interrupted", delayMs: 0 } as const,
      { outcome: "crashed" } as const,
      { outcome: "failed", error: boom, retryDelayMs: 0 } as const,
    ])("needs another slot for every further run: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { limit: 2 })];
      const all = await enqueueAll(store, [{ gates }, { gates }]);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), ending);
      expect(await statesOf(store, all)).toEqual(["blocked", "ready"]);
      await store.jobs.cancel([all[1]!]);
      expect(await statesOf(store, all)).toEqual(["ready", "cancelled"]);
    });

    it("waits in the order of priority, then age, for slots that come one by one", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { ms: 30 })];
      const [first, late, soon, next] = await enqueueAll(store, [
        { gates },
        { gates, priority: 4 },
        { gates, priority: -4, queue: "other" },
        { gates },
      ]);
      const worker = await newWorker(store);
      const order: number[] = [];
      await waitFor(async () => {
        await store.flow.refill();
        for (const job of await worker.claim()) {
          order.push(job.id);
          await finish(worker, job);
        }
        return order.length === 4;
      });
      expect(order).toEqual([first, soon, next, late]);
    });

    it("waits when it is due, and after a failed run, and never is dropped for it", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api")];
      const late = await enqueueOne(store, { gates, delayMs: 20 });
      const again = await enqueueOne(store, { gates });
      const worker = await newWorker(store);
      const failed = { outcome: "failed", error: boom, retryDelayMs: 20 } as const;
      await worker.settle(await worker.claimOne(), failed);
      await dispatchUntil(store, late, "blocked");
      await dispatchUntil(store, again, "blocked");
    });

    it("does not wait for one before it that lacks another slot", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("api", { ms: 50 })];
      await enqueueAll(store, [{ gates: [slot("acme")] }, { gates }]);
      const worker = await newWorker(store);
      await worker.claim();
      const [, second] = await enqueueAll(store, [
        { gates: [slot("acme"), rate("api", { ms: 50 })] },
        { gates },
      ]);
      await waitFor(async () => (await store.flow.refill()).promoted === 1);
      expect((await jobOf(store, second!)).state).toBe("ready");
    });

    it("may have a slot of a key beside it, and then needs both", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme"), rate("api", { limit: 2 })];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates: [slot("acme")] }]);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "blocked"]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, all)).toEqual(["finished", "finished", "ready"]);
      const third = await enqueueOne(store, { gates });
      await store.jobs.cancel([all[2]!]);
      expect((await jobOf(store, third)).state).toBe("blocked");
    });
  });

  describe("a rate, whoever runs the jobs,", () => {
    it.each([
      { limit: 1, ms: 40, jobs: 10 },
      { limit: 3, ms: 150, jobs: 15 },
    ])("is kept in every window: %j", async ({ limit, ms, jobs }) => {
      await using world = await open();
      const stores = [world.store, await world.connect()];
      const gates = [rate("api", { limit, ms })];
      await enqueueAll(world.store, Array(jobs).fill({ gates }));
      const begun = await beginnings(stores, jobs);
      expect(tightest(begun, limit)).toBeGreaterThanOrEqual(ms);
    });

    it("lets a burst begin at once and keeps the mean", async () => {
      await using world = await open();
      const gate = rateGate("api", { limit: 20, perMs: 400, burst: 2 });
      expect(gate).toEqual(rate("api", { limit: 2, ms: 40 }));
      await enqueueAll(world.store, Array(12).fill({ gates: [gate] }));
      const begun = await beginnings([world.store], 12);
      expect(begun[1]! - begun[0]!).toBeLessThan(40);
      expect(tightest(begun, 2)).toBeGreaterThanOrEqual(40);
      expect(tightest([...begun, begun.at(-1)!], 20)).toBe(Number.POSITIVE_INFINITY);
    });

    it("is given out once by several who refill at the same time", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const gates = [rate("api", { limit: 4, ms: 30 })];
      await enqueueAll(world.store, Array(12).fill({ gates }));
      const worker = await newWorker(world.store);
      const runs = await worker.claim();
      expect(runs).toHaveLength(4);
      let promoted = 0;
      await waitFor(async () => {
        const all = await Promise.all(stores.map(({ flow }) => flow.refill()));
        promoted += all.reduce((sum, each) => sum + each.promoted, 0);
        return promoted >= 4;
      });
      expect(await world.store.jobs.count()).toMatchObject({ running: 4, ready: 4, blocked: 4 });
    });
  });

  describe("a slot for work that is no job of its own", () => {
    it("is taken, or says when there is one", async () => {
      await using world = await open();
      const { flow } = world.store;
      const twice = { limit: 2, perMs: 500 };
      expect(await flow.take("api", twice)).toBe(0);
      expect(await flow.take("api", twice)).toBe(0);
      const inMs = await flow.take("api", twice);
      expect(inMs).toBeGreaterThan(0);
      expect(inMs).toBeLessThanOrEqual(500);
      expect(await flow.take("other", twice)).toBe(0);
      await waitFor(async () => (await flow.take("api", twice)) === 0);
    });

    it("is taken as often as there is one, however many ask", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const five = { limit: 5, perMs: 60_000 };
      const asked = Array.from({ length: 30 }, (_, n) => stores[n % 3]!.flow.take("api", five));
      const answers = await Promise.all(asked);
      expect(answers.filter((ms) => ms === 0)).toHaveLength(5);
      expect(Math.max(...answers)).toBeLessThanOrEqual(60_000);
    });

    it("counts for the jobs of the key as well", async () => {
      await using world = await open();
      const { store } = world;
      expect(await store.flow.take("api", { limit: 1, perMs: 500 })).toBe(0);
      const id = await enqueueOne(store, { gates: [rate("api", { ms: 500 })] });
      expect((await jobOf(store, id)).state).toBe("blocked");
      await waitFor(async () => (await store.flow.refill()).promoted === 1);
      const worker = await newWorker(store);
      const job: Job = await worker.claimOne();
      expect(ids([job])).toEqual([id]);
      expect(await store.flow.take("api", { limit: 1, perMs: 500 })).toBeGreaterThan(0);
    });

    it("is refused where it makes no sense", async () => {
      await using world = await open();
      const wrong: readonly [string, { limit: number; perMs: number }][] = [
        ["", { limit: 1, perMs: 1 }],
        ["api", { limit: 0, perMs: 1 }],
        ["api", { limit: 1.5, perMs: 1 }],
        ["api", { limit: 1, perMs: 0 }],
        ["api", { limit: 1, perMs: Number.NaN }],
      ];
      for (const [key, rate] of wrong) {
        const refusal = world.store.flow.take(key, rate);
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
      }
    });
  });
}
