// Limits that are changed while jobs run and wait, by the name of the jobs.

import { describe, expect, it } from "vitest";
import { finish, slot, statesOf } from "../flow/words.ts";
import { enqueueAll, ids, newWorker, type OpenStore } from "../world.ts";

const gates = [slot("acme", { limit: 2 })];

export function limitsContract(open: OpenStore): void {
  describe("the limit of a job name", () => {
    it("that is raised makes jobs ready at once, in their order", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }, { gates }, { gates }]);
      await store.flow.limit("job", 4);
      const states = ["ready", "ready", "ready", "ready", "blocked"];
      expect(await statesOf(store, all)).toEqual(states);
      const worker = await newWorker(store);
      expect(await worker.claim()).toHaveLength(4);
    });

    it("that is lowered leaves runs alone, and holds back the others until it is kept", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }]);
      const worker = await newWorker(store);
      const runs = await worker.claim();
      expect(ids(runs)).toEqual(all.slice(0, 2));
      await store.flow.limit("job", 1);
      await finish(worker, runs[0]!);
      expect(await statesOf(store, all)).toEqual(["finished", "running", "blocked"]);
      await finish(worker, runs[1]!);
      expect((await statesOf(store, all)).at(2)).toBe("ready");
      const [next] = await enqueueAll(store, [{ gates }]);
      expect(await statesOf(store, [next!])).toEqual(["blocked"]);
    });

    it("that is lowered takes the slots of ready jobs, the last of the line first", async () => {
      await using world = await open();
      const { store } = world;
      const wide = [slot("acme", { limit: 6 }), slot("other", { limit: 6 })];
      const all = await enqueueAll(store, [
        { gates: wide },
        { gates: wide, priority: 1 },
        { gates: wide },
        { gates: wide },
        { gates: wide, priority: -1 },
        { gates: [slot("acme", { limit: 6 })], name: "else", priority: 9 },
      ]);
      const worker = await newWorker(store);
      const [run] = await worker.claim({ limit: 1 });
      expect(run!.id).toBe(all[4]);
      await store.flow.limit("job", 4);
      expect(await statesOf(store, all)).toEqual([
        "ready",
        "blocked",
        "ready",
        "blocked",
        "running",
        "ready",
      ]);
      await store.flow.limit("job", 1);
      const ready = ["blocked", "blocked", "blocked", "blocked", "running", "ready"];
      expect(await statesOf(store, all)).toEqual(ready);
      const free = Array(5).fill({ gates: [slot("other", { limit: 6 })], name: "else" });
      const others = await enqueueAll(store, free);
      expect(new Set(await statesOf(store, others))).toEqual(new Set(["ready"]));
      await store.flow.limit("job", null);
      expect((await statesOf(store, all)).slice(0, 4)).toEqual(Array(4).fill("blocked"));
      await store.jobs.discard(others);
      expect((await statesOf(store, all)).slice(0, 4)).toEqual(Array(4).fill("ready"));
    });

    it("holds at once for thousands that are ready, and lets them all go again", async () => {
      await using world = await open();
      const { store } = world;
      const thousands = [slot("acme", { limit: 1_500 })];
      await enqueueAll(store, Array(1_500).fill({ gates: thousands }));
      await store.flow.limit("job", 1);
      expect(await store.jobs.count()).toMatchObject({ ready: 1, blocked: 1_499 });
      const worker = await newWorker(store);
      expect(await worker.claim({ limit: 1_000 })).toHaveLength(1);
      await store.flow.limit("job", 1_400);
      expect(await store.jobs.count()).toMatchObject({ ready: 1_399, running: 1, blocked: 100 });
    });

    it("that is taken back leaves what the jobs asked for themselves", async () => {
      await using world = await open();
      const { store } = world;
      await store.flow.limit("job", 1);
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }]);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "blocked"]);
      await store.flow.limit("job", null);
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked"]);
      expect(await store.flow.limits()).toEqual({});
    });

    it("is of that name only, also where others share the key", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [
        { gates: [slot("acme")] },
        { gates: [slot("acme")] },
        { gates: [slot("acme")], name: "other" },
      ]);
      await store.flow.limit("other", 2);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready"]);
    });

    it("does not touch its rates, nor jobs without a slot", async () => {
      await using world = await open();
      const { store } = world;
      const once = [slot("r", { kind: "rate" })];
      const all = await enqueueAll(store, [{ gates: once }, { gates: once }, {}, {}]);
      await store.flow.limit("job", 3);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready", "ready"]);
    });

    it("is told to whoever asks, the newest", async () => {
      await using world = await open();
      const { flow } = world.store;
      await flow.limit("b", 2);
      await flow.limit("a", 1);
      await flow.limit("b", 7);
      await flow.limit("nobody", null);
      expect(await (await world.connect()).flow.limits()).toEqual({ a: 1, b: 7 });
    });

    it("is a whole number, 1 or more", async () => {
      await using world = await open();
      const { flow } = world.store;
      for (const wrong of [0, -1, 1.5, Number.NaN, "2" as never])
        await expect(flow.limit("job", wrong)).rejects.toMatchObject({ code: "invalid" });
      await expect(flow.limit("", 1)).rejects.toMatchObject({ code: "invalid" });
      expect(await flow.limits()).toEqual({});
    });
  });

  describe("the limits of a source", () => {
    it("are exactly those it names, in force at once", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }, { gates }]);
      await store.flow.define("file:a", { job: 3, other: 5 });
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "ready", "blocked"]);
      await store.flow.define("file:a", { job: 4 });
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "ready", "ready"]);
      expect(await store.flow.limits()).toEqual({ job: 4 });
      await store.flow.define("file:a", {});
      expect(await store.flow.limits()).toEqual({});
    });

    it("leave those of others alone, but take over a name", async () => {
      await using world = await open();
      const { flow } = world.store;
      await flow.limit("person", 1);
      await flow.limit("both", 2);
      await flow.define("file:a", { a: 3, both: 4 });
      await flow.define("file:b", { b: 5 });
      expect(await flow.limits()).toEqual({ person: 1, a: 3, both: 4, b: 5 });
      await flow.define("file:a", {});
      expect(await flow.limits()).toEqual({ person: 1, b: 5 });
    });
  });
}
