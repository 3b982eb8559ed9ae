// Several connections that work on the same keys at the same time: never more than a key allows,
// and nothing is left behind. What takes seconds is in flow-races.test.ts.

import type { Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { slot, statesOf, unique } from "../flow/words.ts";
import { boom, type Ending, enqueueAll, enqueueOne, newWorker, type OpenStore } from "../world.ts";

/** Counts what runs under each key, and how many at most did so at once. */
function observer() {
  const now = new Map<string, number>();
  const most = new Map<string, number>();
  const add = (key: string, by: number): void => {
    const sum = (now.get(key) ?? 0) + by;
    now.set(key, sum);
    most.set(key, Math.max(most.get(key) ?? 0, sum));
  };
  return { most, begins: (key: string) => add(key, 1), ends: (key: string) => add(key, -1) };
}

const endings: readonly Ending[] = [
  { outcome: "finished", result: null },
  { outcome: "failed", error: boom, retryDelayMs: null },
  { outcome: "finished", result: null },
  { outcome: "interrupted", delayMs: 0 },
  { outcome: "failed", error: boom, retryDelayMs: 0 },
  { outcome: "released" },
  { outcome: "crashed", cursor: 1 },
  { outcome: "cancelled" },
];

/** Works until nothing is left to do, each run ending in another way. */
async function work(store: Store, watched: ReturnType<typeof observer>): Promise<void> {
  const worker = await newWorker(store);
  for (let n = 0; (await store.jobs.outstanding()).busy; n += 1) {
    for (const job of await worker.claim({ limit: 2 })) {
      const key = job.concurrencyKey ?? "none";
      watched.begins(key);
      await worker.look();
      watched.ends(key);
      const { refused } = await worker.settle(job, endings[n % endings.length]!);
      if (refused.length > 0) throw new Error(`an end of job ${job.id} was refused`);
    }
  }
}

export function contendersContract(open: OpenStore): void {
  describe("several connections with the same keys", () => {
    it("never run more jobs of a key than it has slots, and leave none behind", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const limits = { a: 1, b: 2, c: 5 };
      const jobs = Object.entries(limits).flatMap(([key, limit]) =>
        Array.from({ length: 40 }, (_, n) => ({ gates: [slot(key, { limit })], priority: n % 3 })),
      );
      await enqueueAll(world.store, jobs);
      const watched = observer();
      await Promise.all(stores.map((store) => work(store, watched)));
      for (const [key, limit] of Object.entries(limits))
        expect(watched.most.get(key)).toBeLessThanOrEqual(limit);
      const { finished, failed, cancelled } = await world.store.jobs.count();
      expect(finished + failed + cancelled).toBe(120);
      const again = Object.entries(limits).flatMap(([key, limit]) =>
        Array(limit).fill({ gates: [slot(key, { limit })] }),
      );
      const free = await enqueueAll(world.store, again);
      expect(new Set(await statesOf(world.store, free))).toEqual(new Set(["ready"]));
    });

    it("enqueue and finish on one key without leaving a job behind", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const gates = [slot("acme")];
      const watched = observer();
      let left = stores.length;
      const enqueueing = stores.map(async (store) => {
        for (let n = 0; n < 50; n += 1) await enqueueOne(store, { gates });
        left -= 1;
      });
      const working = stores.map(async (store) => {
        do await work(store, watched);
        while (left > 0);
      });
      await Promise.all([...enqueueing, ...working]);
      await work(world.store, watched);
      expect(watched.most.get("acme")).toBe(1);
      const { blocked, ready, running } = await world.store.jobs.count();
      expect({ blocked, ready, running }).toEqual({ blocked: 0, ready: 0, running: 0 });
    });

    it("make the first jobs of a new key ready as often as it has slots", async () => {
      await using world = await open();
      const stores = await Promise.all(Array.from({ length: 5 }, () => world.connect()));
      for (const key of ["a", "b", "c", "d"]) {
        const gates = [slot(key, { limit: 2 })];
        const all = await Promise.all(stores.map((store) => enqueueOne(store, { gates })));
        const states = await statesOf(world.store, all);
        expect(states.filter((state) => state === "ready")).toHaveLength(2);
        expect(states.filter((state) => state === "blocked")).toHaveLength(3);
      }
    });

    it("enqueue and finish the same unique job, of which one at most is alive", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const uniques = [unique("sync")];
      const watched = observer();
      let created = 0;
      await Promise.all(
        stores.map(async (store) => {
          const worker = await newWorker(store);
          for (let n = 0; n < 40; n += 1) {
            const [answer] = await store.jobs.enqueue([{ name: "job", uniques }]);
            if (answer!.outcome === "created") created += 1;
            const [job] = await worker.claim({ limit: 2 });
            if (!job) continue;
            watched.begins("sync");
            await worker.look();
            watched.ends("sync");
            await worker.settle(job, { outcome: "finished", result: null });
          }
        }),
      );
      expect(watched.most.get("sync")).toBe(1);
      const { finished, ready } = await world.store.jobs.count();
      expect(ready).toBeLessThanOrEqual(1);
      expect(finished + ready).toBe(created);
      expect(created).toBeGreaterThan(1);
    });
  });
}
