// One tick of a recurring task: its row in the ledger and its job, once.

import { describe, expect, it } from "vitest";
import { slot, unique } from "../flow/words.ts";
import { jobOf, type OpenStore } from "../world.ts";
import { someTask, taskOf } from "./some-task.ts";

export function ticksContract(open: OpenStore): void {
  describe("a tick", () => {
    it("is recorded with its job", async () => {
      await using world = await open();
      const { store } = world;
      const job = { name: "report", args: { x: 1 }, queue: "slow", priority: 3 };
      await store.recurring.add("runtime", someTask({ job }));
      const at = (await store.recurring.now()) + 1_000;
      const answer = await store.recurring.tick({ ...(await taskOf(store)), at });
      const [tick] = await store.recurring.ticks("nightly", 10);
      expect(answer).toEqual({ outcome: "enqueued", jobId: tick!.jobId });
      expect(tick).toMatchObject({ key: "nightly", at });
      expect(await jobOf(store, tick!.jobId!)).toMatchObject({ ...job, state: "ready" });
      expect(await taskOf(store)).toMatchObject({ lastTickAt: at });
    });

    it("happens once, and never after a later one", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      const now = await store.recurring.now();
      const tick = (at: number) => store.recurring.tick({ ...task, at });
      expect(await tick(now + 2_000)).toMatchObject({ outcome: "enqueued" });
      expect(await tick(now + 2_000)).toEqual({ outcome: "taken" });
      expect(await tick(now + 1_000)).toEqual({ outcome: "taken" });
      expect(await tick(now + 3_000)).toMatchObject({ outcome: "enqueued" });
      const ats = (await store.recurring.ticks("nightly", 10)).map(({ at }) => at);
      expect(ats).toEqual([now + 3_000, now + 2_000]);
      expect(await store.recurring.ticks("nightly", 1)).toMatchObject([{ at: now + 3_000 }]);
      expect((await store.jobs.count()).ready).toBe(2);
    });

    it("happens once however many schedulers there are", async () => {
      await using world = await open();
      const { store } = world;
      const stores = [store, await world.connect()];
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      const now = await store.recurring.now();
      const jobs = new Set<number>();
      for (let n = 1; n <= 100; n += 1) {
        const at = now + n * 1_000;
        const answers = await Promise.all(
          stores.map((each) => each.recurring.tick({ ...task, at })),
        );
        expect(answers.map(({ outcome }) => outcome).sort()).toEqual(["enqueued", "taken"]);
        for (const answer of answers) if (answer.outcome === "enqueued") jobs.add(answer.jobId);
      }
      expect(jobs.size).toBe(100);
      expect((await store.jobs.count()).ready).toBe(100);
      expect(await store.recurring.ticks("nightly", 200)).toHaveLength(100);
    });

    it("stays once where two race through the same ticks at their own pace", async () => {
      await using world = await open();
      const { store } = world;
      const stores = [store, await world.connect(), await world.connect()];
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      const now = await store.recurring.now();
      const ats = Array.from({ length: 40 }, (_, n) => now + n * 1_000);
      await Promise.all(
        stores.map(async (each) => {
          for (const at of ats) await each.recurring.tick({ ...task, at });
        }),
      );
      expect((await store.recurring.ticks("nightly", 100)).map(({ at }) => at)).toEqual(
        ats.toReversed(),
      );
      expect((await store.jobs.count()).ready).toBe(40);
    });

    it("is stale when the task is paused, gone, or another one by now", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      const at = (await store.recurring.now()) + 60_000;
      const tick = () => store.recurring.tick({ ...task, at });
      await store.recurring.pause("nightly", true);
      expect(await tick()).toEqual({ outcome: "stale" });
      await store.recurring.pause("nightly", false);
      await store.recurring.add("runtime", someTask({ job: { name: "other" } }));
      expect(await tick()).toEqual({ outcome: "stale" });
      await store.recurring.remove("runtime", "nightly");
      expect(await tick()).toEqual({ outcome: "stale" });
      await store.recurring.add("runtime", someTask());
      // the same definition as at first, and yet not the same task
      expect(await tick()).toEqual({ outcome: "stale" });
      expect((await taskOf(store)).version).toBeGreaterThan(task.version);
      expect((await store.jobs.count()).ready).toBe(0);
      expect(await store.recurring.ticks("nightly", 10)).toEqual([]);
    });

    it("of a time when the task was paused, or not there yet, is stale", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      expect(await store.recurring.tick({ ...task, at: task.since - 1 })).toEqual({
        outcome: "stale",
      });
      expect(await store.recurring.pause("nightly", true)).toBe(true);
      await expect.poll(() => store.recurring.now()).toBeGreaterThan(task.since + 1);
      expect(await store.recurring.pause("nightly", false)).toBe(true);
      const resumed = await taskOf(store);
      expect(resumed).toMatchObject({ paused: false, version: task.version });
      expect(resumed.since).toBeGreaterThan(task.since + 1);
      expect(await store.recurring.tick({ ...task, at: task.since + 1 })).toEqual({
        outcome: "stale",
      });
      expect(await store.recurring.pause("nobody", true)).toBe(false);
    });

    it("is remembered when its job is long gone", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask());
      const task = await taskOf(store);
      const at = (await store.recurring.now()) + 1_000;
      const answer = await store.recurring.tick({ ...task, at });
      if (answer.outcome !== "enqueued") throw new Error("the tick was not taken");
      await store.jobs.discard([answer.jobId]);
      expect(await store.recurring.tick({ ...task, at })).toEqual({ outcome: "taken" });
      expect(await store.recurring.ticks("nightly", 1)).toMatchObject([{ jobId: answer.jobId }]);
    });

    it.each(["discard", "fail"] as const)(
      "is skipped where no slot is free: %s",
      async (onConflict) => {
        await using world = await open();
        const { store } = world;
        const job = { name: "report", gates: [slot("k", { onConflict })] };
        await store.recurring.add("runtime", someTask({ job }));
        const task = await taskOf(store);
        const now = await store.recurring.now();
        const first = await store.recurring.tick({ ...task, at: now + 1_000 });
        expect(first.outcome).toBe("enqueued");
        const second = await store.recurring.tick({ ...task, at: now + 2_000 });
        expect(second).toEqual({ outcome: "skipped", jobId: null });
        expect(await store.recurring.tick({ ...task, at: now + 2_000 })).toEqual({
          outcome: "taken",
        });
        expect(await store.recurring.ticks("nightly", 1)).toMatchObject([
          { at: now + 2_000, jobId: null },
        ]);
        expect((await store.jobs.list({})).length).toBe(1);
      },
    );

    it("waits like any other job where it may, and is skipped where its key is taken", async () => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask({ job: { name: "a", gates: [slot("k")] } }));
      const only = {
        key: "only",
        job: { name: "b", uniques: [unique("u", { states: ["ready"] })] },
      };
      await store.recurring.add("runtime", someTask(only));
      const now = await store.recurring.now();
      for (const at of [now + 1_000, now + 2_000]) {
        const answer = await store.recurring.tick({ ...(await taskOf(store)), at });
        expect(answer.outcome).toBe("enqueued");
      }
      expect(await store.jobs.count()).toMatchObject({ ready: 1, blocked: 1 });
      const task = await taskOf(store, "only");
      const first = await store.recurring.tick({ ...task, at: now + 1_000 });
      const second = await store.recurring.tick({ ...task, at: now + 2_000 });
      expect([first, second]).toMatchObject([{ outcome: "enqueued" }, { outcome: "skipped" }]);
      expect((second as { jobId: number }).jobId).toBe((first as { jobId: number }).jobId);
      expect(await store.recurring.ticks("only", 1)).toMatchObject([{ jobId: null }]);
    });

    it.each([Number.NaN, -1, 0.5])("at %d is refused", async (at) => {
      await using world = await open();
      const { store } = world;
      await store.recurring.add("runtime", someTask());
      const tick = store.recurring.tick({ ...(await taskOf(store)), at });
      await expect(tick).rejects.toMatchObject({ code: "invalid" });
    });
  });
}
