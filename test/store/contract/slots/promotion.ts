// Which of the jobs that wait gets a slot: the best one that then has all it needs.

import { describe, expect, it } from "vitest";
import { drainInOrder, finish, slot, statesOf } from "../flow/words.ts";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";

export function promotionContract(open: OpenStore): void {
  describe("jobs that wait for one key", () => {
    it("get it by priority, then by age, whatever their queues and names", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [holder, late, soon, old, young] = await enqueueAll(store, [
        { gates },
        { gates, priority: 5, queue: "aaa" },
        { gates, priority: -5, queue: "zzz" },
        { gates, queue: "mail" },
        { gates, name: "other" },
      ]);
      await store.queues.pause("nobody");
      const order = await drainInOrder(store, ["job", "other"]);
      expect(order).toEqual([holder, soon, old, young, late]);
    });

    it("run one after the other to the last, however many they are", async () => {
      await using world = await open();
      const all = await enqueueAll(world.store, Array(150).fill({ gates: [slot("acme")] }));
      expect(await drainInOrder(world.store)).toEqual(all);
      expect(await world.store.jobs.count()).toMatchObject({ finished: 150, blocked: 0 });
    });

    it("are as many as it has slots, when several end in one turn", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { limit: 2 })];
      const all = await enqueueAll(store, Array(5).fill({ gates }));
      const worker = await newWorker(store);
      const runs = await worker.claim();
      expect(ids(runs)).toEqual(all.slice(0, 2));
      await store.jobs.turn({
        processId: worker.id,
        settlements: runs.map(({ id, fence }) => ({ id, fence, outcome: "finished", result: 1 })),
        checkpoints: [],
        claim: null,
      });
      const states = ["finished", "finished", "ready", "ready", "blocked"];
      expect(await statesOf(store, all)).toEqual(states);
    });

    it("are not counted as ready, and each is told to its queue", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueAll(store, [
        { gates: [slot("acme")] },
        { gates: [slot("acme")] },
        { gates: [slot("acme")], queue: "mail" },
      ]);
      expect(await store.jobs.count()).toMatchObject({ ready: 1, blocked: 2 });
      expect(await store.queues.list()).toMatchObject([
        { name: "default", ready: 1, blocked: 1, running: 0 },
        { name: "mail", ready: 0, blocked: 1, running: 0 },
      ]);
    });

    it("may wait for each other's keys without waiting for ever", async () => {
      await using world = await open();
      const { store } = world;
      const [ab, ba] = [
        [slot("a"), slot("b")],
        [slot("b"), slot("a")],
      ];
      const all = await enqueueAll(
        store,
        Array.from({ length: 40 }, (_, n) => ({ gates: n % 2 === 0 ? ab : ba })),
      );
      expect(await drainInOrder(store)).toEqual(all);
    });
  });

  describe("a job that needs slots of several keys", () => {
    it("takes all of them or none", async () => {
      await using world = await open();
      const { store } = world;
      const [a, both, b, c] = await enqueueAll(store, [
        { gates: [slot("a")] },
        { gates: [slot("a"), slot("b"), slot("c")] },
        { gates: [slot("b")] },
        { gates: [slot("c")] },
      ]);
      const all = [a!, both!, b!, c!];
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready", "ready"]);
      const worker = await newWorker(store);
      await finish(worker, ...(await worker.claim({ limit: 2 })));
      expect((await jobOf(store, both!)).state).toBe("blocked");
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, both!)).state).toBe("ready");
      expect((await jobOf(store, await enqueueOne(store, { gates: [slot("c")] }))).state).toBe(
        "blocked",
      );
    });

    it("is passed over where it lacks another slot, and has its turn when it has them all", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b, both, behind] = await enqueueAll(store, [
        { gates: [slot("a")] },
        { gates: [slot("b")] },
        { gates: [slot("a"), slot("b")], priority: -1 },
        { gates: [slot("a")] },
      ]);
      const worker = await newWorker(store);
      const [runA, runB] = await worker.claim();
      expect(ids([runA!, runB!])).toEqual([a, b]);
      await finish(worker, runA!);
      expect(await statesOf(store, [both!, behind!])).toEqual(["blocked", "ready"]);
      await finish(worker, runB!);
      expect(await statesOf(store, [both!, behind!])).toEqual(["blocked", "ready"]);
      await store.jobs.cancel([behind!]);
      expect((await jobOf(store, both!)).state).toBe("ready");
    });

    it("gives all of them back", async () => {
      await using world = await open();
      const { store } = world;
      const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
      await enqueueOne(store, { gates: keys.map((key) => slot(key)) });
      const waiting = await enqueueAll(
        store,
        keys.map((key) => ({ gates: [slot(key)] })),
      );
      expect(await statesOf(store, waiting)).toEqual(keys.map(() => "blocked"));
      const worker = await newWorker(store);
      const eight = await worker.claimOne();
      expect(eight.concurrencyKey).toBe("a");
      await finish(worker, eight);
      expect(await statesOf(store, waiting)).toEqual(keys.map(() => "ready"));
    });
  });

  describe("jobs that ask one key for different limits", () => {
    it("each see as many slots as they ask for", async () => {
      await using world = await open();
      const { store } = world;
      const wide = { gates: [slot("acme", { limit: 2 })] };
      const narrow = { gates: [slot("acme")], priority: -1 };
      const all = await enqueueAll(store, [wide, narrow, wide, narrow, wide]);
      const [first, , second] = all;
      const states = ["ready", "blocked", "ready", "blocked", "blocked"];
      expect(await statesOf(store, all)).toEqual(states);
      const worker = await newWorker(store);
      const [run, other] = await worker.claim();
      expect(ids([run!, other!])).toEqual([first, second]);
      await finish(worker, run!);
      expect(await statesOf(store, all.slice(1))).toEqual([
        "blocked",
        "running",
        "blocked",
        "ready",
      ]);
      await finish(worker, other!, await worker.claimOne());
      expect(await statesOf(store, all.slice(1))).toEqual([
        "ready",
        "finished",
        "blocked",
        "finished",
      ]);
    });
  });
}
