// A unique key that is taken by a job which has not begun: the new one may change it instead.

import { describe, expect, it } from "vitest";
import { boom, enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "../world.ts";
import { alive, dispatchUntil, finish, slot, statesOf, unique } from "./words.ts";

const finished = unique("report", { states: [...alive, "finished"], onConflict: "replace" });
const replace = [unique("report", { onConflict: "replace" })];
const debounce = [unique("report", { onConflict: "debounce" })];

export function replaceContract(open: OpenStore): void {
  describe.each([
    ["replaces", replace],
    ["debounces", debounce],
  ] as const)("a job that %s another one", (_, uniques) => {
    it("gives it its args, priority and label, and the id stays", async () => {
      await using world = await open();
      const { store } = world;
      const old = { uniques, args: { version: 1 }, priority: 3, label: "old" };
      const id = await enqueueOne(store, old);
      const newer = { name: "job", uniques, args: { version: 2 }, priority: -3, label: "new" };
      expect(await store.jobs.enqueue([newer])).toEqual([{ id, outcome: "replaced" }]);
      const { args, priority, label } = newer;
      expect(await jobOf(store, id)).toMatchObject({ state: "ready", args, priority, label });
      expect(await store.jobs.list({})).toHaveLength(1);
      expect(await store.jobs.enqueue([newer, newer])).toMatchObject([
        { id, outcome: "replaced" },
        { id, outcome: "replaced" },
      ]);
      const worker = await newWorker(store);
      expect(await worker.claimOne()).toMatchObject({ id, args, fence: 1 });
    });

    it("has its new priority when it is claimed, and when it waits for a slot", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [first, , mine] = await enqueueAll(store, [{ gates }, { gates }, { gates, uniques }]);
      const sooner = { name: "job", gates, uniques, priority: -1 };
      expect(await store.jobs.enqueue([sooner])).toEqual([{ id: mine, outcome: "replaced" }]);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      expect(run.id).toBe(first);
      await finish(worker, run);
      expect(await worker.claimOne()).toMatchObject({ id: mine, priority: -1 });
    });

    it("moves it to a later time, and to a later one again", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques });
      const late = { name: "job", uniques, delayMs: 30_000 };
      expect(await store.jobs.enqueue([late])).toEqual([{ id, outcome: "replaced" }]);
      const before = await jobOf(store, id);
      expect(before.state).toBe("scheduled");
      await store.jobs.enqueue([{ ...late, delayMs: 90_000 }]);
      const after = await jobOf(store, id);
      expect(after.runAt - before.runAt).toBeGreaterThanOrEqual(60_000);
      await store.jobs.enqueue([{ ...late, delayMs: 20 }]);
      await dispatchUntil(store, id, "ready");
    });

    it("leaves one alone that runs", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques, args: 1 });
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      const newer = { name: "job", uniques, args: 2 };
      expect(await store.jobs.enqueue([newer])).toEqual([{ id, outcome: "exists" }]);
      expect(await jobOf(store, id)).toMatchObject({ ...run });
    });

    it.each([
      { outcome: "released" } as const,
      { outcome: "gated", gates: [slot("acme")] } as const,
    ])("does so as well after a run that counts as nothing: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques, args: 1 });
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), ending);
      const newer = { name: "job", uniques, args: 2 };
      expect(await store.jobs.enqueue([newer])).toEqual([{ id, outcome: "replaced" }]);
      expect(await worker.claimOne()).toMatchObject({ id, args: 2 });
    });

    it.each([
      { outcome: "interrupted", delayMs: 0 } as const,
      { outcome: "crashed" } as const,
      { outcome: "failed", error: boom, retryDelayMs: 0 } as const,
    ])("leaves one alone that has begun: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques, args: 1 });
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), ending);
      const newer = { name: "job", uniques, args: 2 };
      expect(await store.jobs.enqueue([newer])).toEqual([{ id, outcome: "exists" }]);
      expect(await jobOf(store, id)).toMatchObject({ state: "ready", args: 1 });
    });

    it("gives its slot back when it is no longer due", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [mine, next] = await enqueueAll(store, [{ gates, uniques }, { gates }]);
      await store.jobs.enqueue([{ name: "job", gates, uniques, delayMs: 60_000 }]);
      expect(await statesOf(store, [mine!, next!])).toEqual(["scheduled", "ready"]);
    });
  });

  describe("a job that replaces another one", () => {
    it("is due when it says so: at once, where it says nothing", async () => {
      await using world = await open();
      const id = await enqueueOne(world.store, { uniques: replace, delayMs: 60_000 });
      const now = { name: "job", uniques: replace };
      expect(await world.store.jobs.enqueue([now])).toEqual([{ id, outcome: "replaced" }]);
      expect((await jobOf(world.store, id)).state).toBe("ready");
    });

    it("leaves one alone that has ended, and one that waits to be repeated", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const again = { name: "job", uniques: replace, args: 2 };
      const failed = await enqueueOne(store, { uniques: replace, args: 1 });
      const retry = { outcome: "failed", error: boom, retryDelayMs: 60_000 } as const;
      await worker.settle(await worker.claimOne(), retry);
      expect(await store.jobs.enqueue([again])).toEqual([{ id: failed, outcome: "exists" }]);
      expect(await jobOf(store, failed)).toMatchObject({ state: "scheduled", args: 1 });
      await store.jobs.cancel([failed]);
      const done = await enqueueOne(store, { uniques: [finished], args: 1 });
      await finish(worker, await worker.claimOne());
      const answers = await store.jobs.enqueue([{ ...again, uniques: [finished] }]);
      expect(answers).toEqual([{ id: done, outcome: "exists" }]);
      expect(await jobOf(store, done)).toMatchObject({ state: "finished", args: 1 });
    });
  });

  describe("a job that debounces another one", () => {
    it("leaves it its time, where it has no delay of its own", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { uniques: debounce, delayMs: 60_000, args: 1 });
      const before = await jobOf(store, id);
      const newer = { name: "job", uniques: debounce, args: 2 };
      expect(await store.jobs.enqueue([newer])).toEqual([{ id, outcome: "replaced" }]);
      const { runAt } = before;
      expect(await jobOf(store, id)).toMatchObject({ state: "scheduled", runAt, args: 2 });
    });
  });
}
