// A queue in which keys take turns: whose turn a job has, and that no two queues share anything.

import type { Gate, Job, NewJob, QueueSettings } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { drainInOrder, finish, rate, slot, statesOf, unique } from "./words.ts";

const plain: QueueSettings = { slots: null, rate: null, fair: false };

/** More than a key may have ready at once. */
const many = 20;

const shares: readonly [string, (key: string, n: number) => Partial<NewJob>][] = [
  [
    "the first concurrency key",
    (key) => ({ gates: [rate("all", wide), slot(key, wide), slot("every", wide)] }),
  ],
  ["the rate, where it has no concurrency key", (key) => ({ gates: [rate(key, wide)] })],
  ["the unique key, where it has neither", (key, n) => ({ name: `${n}`, uniques: [unique(key)] })],
  ["the name, where it has nothing else", (key) => ({ name: key })],
];
const wide: Partial<Gate> = { limit: 1_000 };

export function fairContract(open: OpenStore): void {
  describe("a fair queue", () => {
    it("lets keys take turns, so that a few of one do not wait for many of another", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      const many = await enqueueAll(store, Array(200).fill({ name: "many" }));
      const few = await enqueueAll(store, Array(10).fill({ name: "few" }));
      expect((await store.jobs.count()).ready).toBeLessThanOrEqual(10);
      const order = await drainInOrder(store, ["many", "few"]);
      expect(order.toSorted((a, b) => a - b)).toEqual([...many, ...few]);
      expect(order.indexOf(few.at(-1)!)).toBeLessThan(40);
      expect(order.filter((id) => id <= many.at(-1)!)).toEqual(many);
    });

    it("goes by age again when that is taken back", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      const all = await enqueueAll(store, Array(10).fill({}));
      expect((await store.jobs.count()).blocked).toBeGreaterThan(0);
      await store.queues.set("default", null);
      expect(await drainInOrder(store)).toEqual(all);
    });

    it.each(shares)("goes by %s", async (what, of) => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      // Two jobs with one unique key are one: there the share is that of each.
      const big = await enqueueAll(
        store,
        Array.from({ length: many }, (_, n) => of(what.includes("unique") ? `u/${n}` : "big", n)),
      );
      const small = await enqueueAll(store, [of("small", many)]);
      const states = await statesOf(store, big);
      const ready = states.filter((state) => state === "ready");
      expect(ready).toHaveLength(what.includes("unique") ? many : 4);
      expect(await statesOf(store, small)).toEqual(["ready"]);
    });

    it("goes by the keys that a worker gave to a job which came without", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      const all = await enqueueAll(store, Array(12).fill({}));
      const keyOf = (id: number): string => (id < all[9]! ? "big" : "small");
      const worker = await newWorker(store);
      let n = 0;
      for (let round = 0; n < all.length && round < 30; round += 1) {
        const runs = (await worker.claim()).toSorted((a, b) => a.id - b.id);
        for (const job of runs) {
          const gates = [slot(keyOf(job.id), wide)];
          if (job.concurrencyKey === null) n += 1;
          await worker.settle(job, job.concurrencyKey ? released : { outcome: "gated", gates });
        }
      }
      const states = await statesOf(store, all);
      const readyOf = (some: readonly unknown[]) => some.filter((state) => state === "ready");
      expect(readyOf(states.slice(0, 9))).toHaveLength(4);
      expect(readyOf(states.slice(9))).toHaveLength(3);
      const order = await drainInOrder(store);
      expect(order.toSorted((a, b) => a - b)).toEqual(all);
      expect(Math.max(...all.slice(9).map((id) => order.indexOf(id)))).toBeLessThan(8);
    });
  });

  describe("a fair queue that is filled by name alone", () => {
    it("gives everybody a turn of his own, once a worker has looked ahead", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      const many = await enqueueAll(store, Array(300).fill({ args: "a" }));
      const few = await enqueueAll(store, Array(10).fill({ args: "b" }));
      const free = await enqueueOne(store, { args: null });
      const seeTo = async (job: Job) => ({
        ...{ id: job.id, fence: job.fence, outcome: "gated" as const },
        gates: job.args === null ? [] : [slot(String(job.args), wide)],
      });
      expect(await store.flow.unseen(["other"], 100)).toEqual([]);
      for (;;) {
        const some = await store.flow.unseen(["other", "job"], 100);
        if (some.length === 0) break;
        await store.flow.gate(await Promise.all(some.map(seeTo)));
      }
      expect((await jobOf(store, few[9]!)).concurrencyKey).toBe("b");
      expect(await jobOf(store, free)).toMatchObject({ concurrencyKey: null, keyed: true });
      const order = await drainInOrder(store);
      expect(order).toHaveLength(many.length + few.length + 1);
      expect(Math.max(...few.map((id) => order.indexOf(id)))).toBeLessThan(40);
    });

    it("leaves those alone that have moved on, and ends whoever has to give way", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", { ...plain, fair: true });
      const holder = await enqueueOne(store, { name: "other", uniques: [unique("report")] });
      const all = await enqueueAll(store, Array(8).fill({}));
      const some = await store.flow.unseen(["job"], 100);
      expect(ids(some)).toEqual(all.slice(4));
      const [gone, moved, late, last] = some;
      await store.jobs.discard([gone!.id]);
      await store.jobs.cancel([moved!.id]);
      const given = { outcome: "gated" as const, gates: [], uniques: [unique("report")] };
      const [first] = [gone!, moved!].map(({ id, fence }) => ({ id, fence, ...given }));
      const old = { id: last!.id, fence: last!.fence + 1, ...given };
      await store.flow.gate([first!, { ...given, id: late!.id, fence: late!.fence }, old]);
      expect(await statesOf(store, ids(some))).toEqual([
        "gone",
        "cancelled",
        "cancelled",
        "blocked",
      ]);
      const { error } = await jobOf(store, late!.id);
      expect(error?.message).toBe(`job ${holder} has its unique key report`);
    });
  });

  describe("queues whose names look like keys of others", () => {
    it("share no slots, no rates and no turns", async () => {
      await using world = await open();
      const { store } = world;
      const hourly = { limit: 1, perMs: 3_600_000, burst: 1 };
      await store.queues.set("mail", { ...plain, rate: hourly });
      for (const queue of ["mail:rate", "-rate:mail", "rate:mail"])
        await store.queues.set(queue, { ...plain, slots: 1 });
      const worker = await newWorker(store);
      await enqueueAll(store, [{ queue: "mail" }]);
      await finish(worker, await worker.claimOne());
      const others = await enqueueAll(
        store,
        ["mail:rate", "-rate:mail", "rate:mail"].map((queue) => ({ queue })),
      );
      expect(await statesOf(store, others)).toEqual(["ready", "ready", "ready"]);
    });

    it("take turns by themselves, whatever is in their names and keys", async () => {
      await using world = await open();
      const { store } = world;
      const pairs = [
        ["a", "b/c"],
        ["a/b", "c"],
        ["a%2Fb", "c"],
        ["a:b", "c"],
        ["a", "b:c"],
      ] as const;
      for (const [queue] of pairs) await store.queues.set(queue, { ...plain, fair: true });
      const all = await enqueueAll(
        store,
        pairs.flatMap(([queue, key]) => Array(4).fill({ queue, gates: [slot(key, wide)] })),
      );
      expect(new Set(await statesOf(store, all))).toEqual(new Set(["ready"]));
      expect(ids(await (await newWorker(store)).claim({ limit: 100 }))).toHaveLength(all.length);
    });
  });
}

const released = { outcome: "released" } as const;
