// What is true of every job of a queue, whoever enqueues it: how many run at once, how often one
// begins, and whether keys take turns.

import type { QueueSettings } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { dispatchUntil, drainInOrder, finish, slot, statesOf } from "./words.ts";

const plain: QueueSettings = { slots: null, rate: null, fair: false };
const one: QueueSettings = { ...plain, slots: 1 };

export function queueSettingsContract(open: OpenStore): void {
  describe("a queue with slots", () => {
    it("has so many jobs ready or running at once, over all connections", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("mail", { ...plain, slots: 2 });
      const other = await world.connect();
      const all = [
        ...(await enqueueAll(store, [{ queue: "mail" }, { queue: "mail" }])),
        ...(await enqueueAll(other, [{ queue: "mail", priority: 1 }, { queue: "mail" }, {}])),
      ];
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked", "blocked", "ready"]);
      const worker = await newWorker(other);
      const [first] = await worker.claim({ queues: ["mail"] });
      await finish(worker, first!);
      expect(await statesOf(store, all.slice(2, 4))).toEqual(["blocked", "ready"]);
    });

    it("is listed with them, also while nothing is in it", async () => {
      await using world = await open();
      const { queues } = world.store;
      const settings = { slots: 3, rate: { limit: 6, perMs: 1_000, burst: 2 }, fair: true };
      await queues.set("mail", settings);
      await queues.pause("idle");
      await enqueueOne(world.store);
      expect(await (await world.connect()).queues.list()).toMatchObject([
        { name: "default", settings: null, ready: 1, blocked: 0 },
        { name: "idle", settings: null },
        { name: "mail", settings, ready: 0, blocked: 0, paused: false },
      ]);
    });

    it("gives them to the jobs that wait in it, the first of which stay ready", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, Array(5).fill({}));
      const late = await enqueueOne(store, { delayMs: 20 });
      await store.queues.set("default", { ...plain, slots: 2 });
      expect(await statesOf(store, all)).toEqual([
        "ready",
        "ready",
        "blocked",
        "blocked",
        "blocked",
      ]);
      await dispatchUntil(store, late, "blocked");
      expect(await drainInOrder(store)).toEqual([...all, late]);
    });

    it("gives them to jobs that come back to it", async () => {
      await using world = await open();
      const { store } = world;
      const failed = await enqueueOne(store);
      await store.jobs.cancel([failed]);
      await store.queues.set("default", one);
      await enqueueOne(store);
      await store.jobs.retry([failed], { fromStart: false });
      expect((await jobOf(store, failed)).state).toBe("blocked");
    });

    it("lets runs go on when they are given, and in the end keeps them", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, Array(6).fill({}));
      const worker = await newWorker(store);
      const runs = await worker.claim({ limit: 3 });
      await store.queues.set("default", one);
      const states = [...Array(3).fill("running"), ...Array(3).fill("blocked")];
      expect(await statesOf(store, all)).toEqual(states);
      await finish(worker, runs[0]!, runs[1]!);
      expect((await store.jobs.count()).ready).toBe(0);
      await finish(worker, runs[2]!);
      expect((await store.jobs.count()).ready).toBe(1);
      expect(await drainInOrder(store)).toEqual(all.slice(3));
    });

    it("gives them to runs that come back to it", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, {}, {}]);
      const worker = await newWorker(store);
      const [first] = await worker.claim();
      await store.queues.set("default", one);
      await worker.settle(first!, { outcome: "released" });
      await worker.dies();
      expect(await store.jobs.count()).toMatchObject({ ready: 1, blocked: 2, running: 0 });
      expect((await drainInOrder(store)).toSorted((a, b) => a - b)).toEqual(all);
    });

    it("has one free when a run that was there before is put off", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await enqueueAll(store, [{}, {}]);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      await store.queues.set("default", one);
      expect(await statesOf(store, [first!, second!])).toEqual(["running", "blocked"]);
      await worker.settle(run, { outcome: "interrupted", delayMs: 60_000 });
      expect(await statesOf(store, [first!, second!])).toEqual(["scheduled", "ready"]);
    });

    it("lets the best one be ready when they are taken back, whatever its age", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", one);
      await enqueueOne(store);
      const gates = [slot("acme")];
      const [old, best] = await enqueueAll(store, [{ gates }, { gates, priority: -1 }]);
      expect(await statesOf(store, [old!, best!])).toEqual(["blocked", "blocked"]);
      await store.queues.set("default", null);
      expect(await statesOf(store, [old!, best!])).toEqual(["blocked", "ready"]);
    });

    it("may have more of them, fewer, or none any more, at once", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", one);
      const all = await enqueueAll(store, Array(5).fill({}));
      const ready = async (): Promise<number> => (await store.jobs.count()).ready;
      expect(await ready()).toBe(1);
      await store.queues.set("default", { ...plain, slots: 3 });
      expect(await statesOf(store, all.slice(2))).toEqual(["ready", "blocked", "blocked"]);
      const worker = await newWorker(store);
      const runs = await worker.claim();
      expect(ids(runs)).toEqual(all.slice(0, 3));
      await store.queues.set("default", one);
      await finish(worker, runs[0]!, runs[1]!);
      expect(await ready()).toBe(0);
      await finish(worker, runs[2]!);
      expect(await ready()).toBe(1);
      await store.queues.set("default", null);
      expect(await ready()).toBe(2);
      expect((await store.queues.list())[0]!.settings).toBeNull();
      const free = await enqueueOne(store);
      expect((await jobOf(store, free)).state).toBe("ready");
    });

    it("leaves its jobs the slots of their own", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const all = await enqueueAll(store, [{ gates }, { gates }, {}]);
      await store.queues.set("default", { ...plain, slots: 2 });
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready"]);
      await store.queues.set("default", null);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready"]);
      await store.jobs.cancel([all[0]!]);
      expect(await statesOf(store, all)).toEqual(["cancelled", "ready", "ready"]);
    });

    it("is one name: others that begin like it have nothing of it", async () => {
      await using world = await open();
      await world.store.queues.set("mail", one);
      const others = ["mail_a", "Mail", "mai", "mail "].flatMap((queue) => [{ queue }, { queue }]);
      const all = await enqueueAll(world.store, others);
      expect(new Set(await statesOf(world.store, all))).toEqual(new Set(["ready"]));
    });
  });

  describe("a queue with a rate", () => {
    it("lets so many runs begin, and holds back the others", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, Array(3).fill({}));
      const rate = { limit: 2, perMs: 60_000, burst: 2 };
      await store.queues.set("default", { ...plain, rate });
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked"]);
      const worker = await newWorker(store);
      await finish(worker, ...(await worker.claim()));
      const { nextInMs } = await store.flow.refill();
      expect(nextInMs).toBeGreaterThan(30_000);
      expect(nextInMs).toBeLessThanOrEqual(60_000);
      expect(await worker.claim()).toEqual([]);
      await store.queues.set("default", null);
      expect(await worker.claimOne()).toMatchObject({ id: all[2] });
    });
  });

  describe("settings", () => {
    it("that make no sense are refused", async () => {
      await using world = await open();
      const wrong: readonly [string, unknown][] = [
        ["", one],
        ["mail_*", one],
        ["mail", { slots: 0 }],
        ["mail", { slots: 1.5 }],
        ["mail", { rate: { limit: 0, perMs: 1 } }],
        ["mail", { rate: { limit: 1, perMs: 0 } }],
        ["mail", { rate: { limit: 1, perMs: 1, burst: 2 } }],
        ["mail", { rate: { limit: 10, perMs: 10_000, burst: 9 } }],
        ["mail", { fair: "yes" }],
        ["mail", 7],
      ];
      for (const [name, settings] of wrong) {
        const refusal = world.store.queues.set(name, settings as QueueSettings);
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
      }
      expect(await world.store.queues.list()).toEqual([]);
    });

    it("of a source are exactly those it names, and those of others stay", async () => {
      await using world = await open();
      const { queues } = world.store;
      const settingsOf = async () =>
        (await queues.list()).map(({ name, settings }) => [name, settings?.slots]);
      await queues.set("person", one);
      await queues.set("both", { ...plain, slots: 2 });
      await queues.define("file:a", { a: { ...plain, slots: 3 }, both: { ...plain, slots: 4 } });
      await queues.define("file:b", { b: { ...plain, slots: 5 } });
      const all = [
        ["a", 3],
        ["b", 5],
        ["both", 4],
        ["person", 1],
      ];
      expect(await settingsOf()).toEqual(all);
      await queues.define("file:a", { a: { ...plain, slots: 6 } });
      expect(await settingsOf()).toEqual([["a", 6], all[1], all[3]]);
      await queues.define("file:a", {});
      expect(await settingsOf()).toEqual([all[1], all[3]]);
    });

    it("of a source are in force at once, and are taken back at once", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, {}]);
      await store.queues.define("file:a", { default: one });
      expect(await statesOf(store, all)).toEqual(["ready", "blocked"]);
      await store.queues.define("file:a", {});
      expect(await statesOf(store, all)).toEqual(["ready", "ready"]);
    });
  });
}
