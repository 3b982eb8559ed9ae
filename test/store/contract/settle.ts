// How runs end, what they save on the way, and whose word counts.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "./world.ts";

export function settleContract(open: OpenStore): void {
  describe("a run that", () => {
    it("finished keeps its result, its fence and its attempt", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const result = { rows: [1, "zwei", null] };
      const { refused } = await worker.settle(await worker.claimOne(), {
        outcome: "finished",
        result,
      });
      expect(refused).toEqual([]);
      const expected = { state: "finished", result, fence: 1, attempts: 1, processId: null };
      expect(await jobOf(store, id)).toMatchObject(expected);
      expect((await jobOf(store, id)).finishedAt).not.toBeNull();
    });

    it("failed with a retry is scheduled for it, every error kept", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const first = { ...boom, message: "first", code: "E1", cause: boom };
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "failed", error: first, retryDelayMs: 20 });
      expect(await jobOf(store, id)).toMatchObject({ state: "scheduled", attempts: 1 });
      await waitFor(async () => (await store.jobs.dispatch(1)).moved === 1);
      await worker.settle(await worker.claimOne(), {
        outcome: "failed",
        error: boom,
        retryDelayMs: null,
      });
      const failed = await store.jobs.find(id);
      expect(failed).toMatchObject({ state: "failed", attempts: 2, error: boom, fence: 2 });
      expect(failed!.errors).toMatchObject([
        { attempt: 1, error: first },
        { attempt: 2, error: boom },
      ]);
    });

    it("failed with a retry without delay is ready at once", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "failed", error: boom, retryDelayMs: 0 });
      expect(await jobOf(world.store, id)).toMatchObject({ state: "ready", error: boom });
      expect(await worker.claimOne()).toMatchObject({ id, attempts: 2 });
    });

    it("was interrupted costs no attempt, and its fence is raised", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "interrupted", delayMs: 0, cursor: [7, "x"] });
      const expected = { state: "ready", attempts: 0, interruptions: 1, fence: 2 };
      expect(await jobOf(store, id)).toMatchObject({ ...expected, cursor: [7, "x"] });
      const again = await worker.claimOne();
      expect(again).toMatchObject({ attempts: 1, fence: 3, cursor: [7, "x"] });
      await worker.settle(again, { outcome: "interrupted", delayMs: 60_000 });
      expect(await jobOf(store, id)).toMatchObject({ state: "scheduled", interruptions: 2 });
    });

    it("was released before it began counts as nothing", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      await worker.settle(await worker.claimOne(), { outcome: "released" });
      const expected = { state: "ready", attempts: 0, interruptions: 0, crashes: 0, fence: 2 };
      expect(await jobOf(world.store, id)).toMatchObject({ ...expected, processId: null });
    });

    it("lost its thread is ready again, a crash counted instead of the attempt", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "crashed" });
      const counters = { attempts: 0, interruptions: 0, crashes: 1, crashesSinceCheckpoint: 1 };
      expect(await jobOf(world.store, id)).toMatchObject({ state: "ready", fence: 2, ...counters });
      const again = await worker.claimOne();
      await worker.settle(again, { outcome: "crashed", cursor: 4 });
      const saved = { crashes: 2, crashesSinceCheckpoint: 1, cursor: 4 };
      expect(await jobOf(world.store, id)).toMatchObject({ fence: 4, ...saved });
    });

    it("was cancelled is cancelled", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      await worker.settle(await worker.claimOne(), { outcome: "cancelled" });
      expect(await jobOf(world.store, id)).toMatchObject({ state: "cancelled", fence: 1 });
    });

    it("saves its position with its end, in one write", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const position = { cursor: { at: 3 }, progress: { done: 3, total: 9.5 } };
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "finished", result: null, ...position });
      expect(await jobOf(world.store, id)).toMatchObject({ state: "finished", ...position });
    });
  });

  describe("a checkpoint", () => {
    it("keeps the position of a run that goes on", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const job = await worker.claimOne();
      await worker.checkpoint(job, { cursor: 5, progress: { done: 5, total: null } });
      await worker.checkpoint(job, { progress: { done: 6, total: 10 } });
      const expected = { state: "running", fence: 1, cursor: 5, progress: { done: 6, total: 10 } };
      expect(await jobOf(world.store, id)).toMatchObject(expected);
      await worker.checkpoint(job, { cursor: null });
      expect(await jobOf(world.store, id)).toMatchObject({ cursor: null });
    });
  });

  describe("a turn", () => {
    it("settles, saves and claims many jobs at once", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      await enqueueAll(store, Array(10).fill({}));
      const [a, b, c, d, e] = await worker.claim({ limit: 5 });
      const answer = await store.jobs.turn({
        processId: worker.id,
        settlements: [
          { id: a!.id, fence: a!.fence, outcome: "finished", result: "a" },
          { id: b!.id, fence: b!.fence, outcome: "finished", result: null },
          { id: c!.id, fence: c!.fence, outcome: "failed", error: boom, retryDelayMs: null },
          { id: d!.id, fence: d!.fence, outcome: "released" },
        ],
        checkpoints: [{ id: e!.id, fence: e!.fence, cursor: "here" }],
        claim: { queues: ["*"], names: ["job"], limit: 2, idle: false },
      });
      expect(answer.refused).toEqual([]);
      expect(ids(answer.claimed)[0]).toBe(d!.id);
      const states = (await store.jobs.list({})).slice(0, 5).map(({ state }) => state);
      expect(states).toEqual(["finished", "finished", "failed", "running", "running"]);
      expect(await jobOf(store, a!.id)).toMatchObject({ result: "a" });
      expect(await jobOf(store, e!.id)).toMatchObject({ cursor: "here" });
    });

    it("refuses a holder that was overtaken, and changes nothing for it", async () => {
      await using world = await open();
      const { store } = world;
      const [frozen, next] = [await newWorker(store), await newWorker(store)];
      const [a, b] = await enqueueAll(store, [{}, {}]);
      const [lost, kept] = await frozen.claim();
      await frozen.settle(lost!, { outcome: "released" });
      const taken = await next.claimOne();
      expect(taken).toMatchObject({ id: a, fence: 3 });
      const answer = await store.jobs.turn({
        processId: frozen.id,
        settlements: [
          { id: a!, fence: lost!.fence, outcome: "finished", result: "stale" },
          { id: b!, fence: kept!.fence, outcome: "finished", result: "good" },
        ],
        checkpoints: [{ id: a!, fence: lost!.fence, cursor: "stale" }],
        claim: null,
      });
      expect(answer.refused).toEqual([
        { id: a, fence: lost!.fence },
        { id: a, fence: lost!.fence },
      ]);
      expect(await jobOf(store, a!)).toMatchObject({ ...taken, cursor: null });
      expect(await jobOf(store, b!)).toMatchObject({ state: "finished", result: "good" });
    });

    it.each([
      { outcome: "finished", result: 2 } as const,
      { outcome: "failed", error: boom, retryDelayMs: 5 } as const,
      { outcome: "interrupted", delayMs: 0 } as const,
      { outcome: "released" } as const,
      { outcome: "cancelled" } as const,
    ])("refuses a second end of the same run: $outcome", async (ending) => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "finished", result: 1 });
      const before = await world.store.jobs.find(id);
      const { refused } = await worker.settle(job, { ...ending, cursor: 9 });
      expect(refused).toEqual([{ id, fence: job.fence }]);
      expect(await world.store.jobs.find(id)).toEqual(before);
    });

    it("refuses what nobody ever claimed", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const strays = [
        { id, fence: 0 },
        { id: 987_654, fence: 1 },
      ];
      for (const stray of strays) {
        const { refused } = await worker.settle(stray, { outcome: "finished", result: null });
        expect(refused).toEqual([stray]);
      }
      expect(await jobOf(world.store, id)).toMatchObject({ state: "ready" });
    });
  });
}
