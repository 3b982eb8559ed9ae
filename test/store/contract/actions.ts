// What people do to jobs.

import type { Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "./world.ts";

async function failed(store: Store): Promise<number> {
  const id = await enqueueOne(store, { name: "failing" });
  const worker = await newWorker(store);
  const job = await worker.claimOne({ names: ["failing"] });
  const position = { cursor: "half", progress: { done: 5, total: 10 } };
  await worker.settle(job, { outcome: "failed", error: boom, retryDelayMs: null, ...position });
  return id;
}

export function actionsContract(open: OpenStore): void {
  describe("retry", () => {
    it("starts a failed job over at its cursor, and keeps the history of its errors", async () => {
      await using world = await open();
      const { store } = world;
      const id = await failed(store);
      const answers = await store.jobs.retry([id], { fromStart: false });
      expect(answers).toEqual([{ id, outcome: "retried" }]);
      expect(await store.jobs.find(id)).toMatchObject({
        state: "ready",
        attempts: 0,
        interruptions: 0,
        crashes: 0,
        crashesSinceCheckpoint: 0,
        cursor: "half",
        progress: { done: 5, total: 10 },
        error: null,
        finishedAt: null,
        errors: [{ attempt: 1, error: boom }],
      });
      const worker = await newWorker(store);
      const job = await worker.claimOne({ names: ["failing"] });
      expect(job).toMatchObject({ id, attempts: 1, fence: 2, cursor: "half" });
    });

    it("drops cursor and progress when asked to", async () => {
      await using world = await open();
      const id = await failed(world.store);
      await world.store.jobs.retry([id], { fromStart: true });
      const expected = { state: "ready", cursor: null, progress: { done: 0, total: null } };
      expect(await jobOf(world.store, id)).toMatchObject(expected);
    });

    it("takes a cancelled job, refuses every other, and answers each id in order", async () => {
      await using world = await open();
      const { store } = world;
      const [cancelled, ready] = await enqueueAll(store, [{}, {}]);
      await store.jobs.cancel([cancelled!]);
      const asked = [ready!, 999_999, cancelled!, cancelled!];
      const answers = await store.jobs.retry(asked, { fromStart: false });
      expect(ids(answers)).toEqual(asked);
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["refused", "unknown", "retried", "refused"]);
      expect(answers[0]!.error).toContain(`job ${ready} is ready`);
      expect(answers[1]!.error).toContain("no job 999999");
    });
  });

  describe("cancel", () => {
    it("ends a job that does not run", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, { delayMs: 60_000 }, { held: true }]);
      const answers = await store.jobs.cancel(all);
      expect(answers).toEqual(all.map((id) => ({ id, outcome: "cancelled" })));
      expect((await store.jobs.count()).cancelled).toBe(3);
      const worker = await newWorker(store);
      expect(await worker.claim()).toEqual([]);
      expect(await store.jobs.dispatch(10)).toEqual({ moved: 0, nextInMs: null });
    });

    it("asks a running one to stop, and its holder hears of it with every turn", async () => {
      await using world = await open();
      const { store } = world;
      const [worker, other] = [await newWorker(store), await newWorker(store)];
      const id = await enqueueOne(store);
      const { fence } = await worker.claimOne();
      expect((await worker.look()).cancelRequested).toEqual([]);
      const answers = await store.jobs.cancel([id, id]);
      expect(answers.map(({ outcome }) => outcome)).toEqual(["requested", "requested"]);
      expect(await jobOf(store, id)).toMatchObject({ state: "running", cancelRequested: true });
      for (let n = 0; n < 2; n += 1)
        expect((await worker.look()).cancelRequested).toEqual([{ id, fence }]);
      expect((await other.look()).cancelRequested).toEqual([]);
      const settled = await worker.settle({ id, fence }, { outcome: "cancelled" });
      expect(settled.cancelRequested).toEqual([]);
      expect(await jobOf(store, id)).toMatchObject({ state: "cancelled", cancelRequested: false });
    });

    it.each([
      { outcome: "interrupted", delayMs: 0 } as const,
      { outcome: "interrupted", delayMs: 5_000 } as const,
      { outcome: "released" } as const,
      { outcome: "failed", error: boom, retryDelayMs: 0 } as const,
      { outcome: "failed", error: boom, retryDelayMs: 5_000 } as const,
    ])("holds against a run that would be repeated: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const job = await worker.claimOne();
      await store.jobs.cancel([id]);
      await worker.settle(job, ending);
      const ended = await jobOf(store, id);
      expect(ended).toMatchObject({ state: "cancelled", processId: null, cancelRequested: false });
      expect(ended.finishedAt).not.toBeNull();
    });

    it.each([
      [{ outcome: "finished", result: 1 } as const, "finished"],
      [{ outcome: "failed", error: boom, retryDelayMs: null } as const, "failed"],
    ])("does not rewrite how a run ended: %j", async (ending, state) => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      const job = await worker.claimOne();
      await store.jobs.cancel([id]);
      await worker.settle(job, ending);
      expect(await jobOf(store, id)).toMatchObject({ state, cancelRequested: false });
    });

    it("refuses what has ended and what never was", async () => {
      await using world = await open();
      const { store } = world;
      const id = await failed(store);
      const answers = await store.jobs.cancel([id, 999_999, 0.5, Number.NaN]);
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["refused", "unknown", "unknown", "unknown"]);
    });
  });

  describe("discard", () => {
    it("deletes a job with its errors, and refuses one that runs", async () => {
      await using world = await open();
      const { store } = world;
      const gone = await failed(store);
      const running = await enqueueOne(store);
      await (await newWorker(store)).claimOne();
      const answers = await store.jobs.discard([gone, running, gone]);
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["discarded", "refused", "unknown"]);
      expect(answers[1]!.error).toContain("running");
      expect(await store.jobs.find(gone)).toBeNull();
      expect((await jobOf(store, running)).state).toBe("running");
    });
  });

  describe("people who act at once", () => {
    it("lose no job, and none is answered as unknown", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const all = await enqueueAll(world.store, Array(20).fill({}));
      const outcomes = new Set<string>();
      const act = async (store: Store, n: number): Promise<void> => {
        const worker = await newWorker(store);
        for (let round = 0; round < 8; round += 1) {
          const mine = (round + n) % 2 === 0;
          const answers = await (mine
            ? store.jobs.retry(all, { fromStart: false })
            : store.jobs.cancel(all));
          for (const { outcome } of answers) outcomes.add(outcome);
          for (const job of await worker.claim({ limit: 5 }))
            await worker.settle(job, { outcome: "cancelled" });
        }
      };
      await Promise.all(stores.map(act));
      expect(outcomes).not.toContain("unknown");
      expect(ids(await world.store.jobs.list({}))).toEqual(all);
      const { ready, cancelled } = await world.store.jobs.count();
      expect(ready + cancelled).toBe(all.length);
    });

    it("discard a job once", async () => {
      await using world = await open();
      const stores = [world.store, await world.connect(), await world.connect()];
      const all = await enqueueAll(world.store, Array(30).fill({}));
      await world.store.jobs.cancel(all.slice(10));
      const answers = await Promise.all([
        ...stores.map(({ jobs }) => jobs.discard(all)),
        world.store.jobs.retry(all, { fromStart: false }),
      ]);
      const discarded = answers.flat().filter(({ outcome }) => outcome === "discarded");
      expect(ids(discarded).toSorted((a, b) => a - b)).toEqual(all);
      expect(await world.store.jobs.list({})).toEqual([]);
    });
  });

  describe("clear", () => {
    it("deletes what ended longer ago than its period, oldest first, within its limit", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b, c, waiting] = await enqueueAll(store, [{}, {}, {}, {}]);
      await store.jobs.cancel([a!, b!, c!]);
      const broken = await failed(store);
      const never = 3_600_000;
      const clear = (cancelledMs: number, failedMs: number, limit: number): Promise<number> =>
        store.jobs.clear({ finishedMs: never, cancelledMs, failedMs }, limit);
      expect(await clear(never, never, 10)).toBe(0);
      expect(await waitFor(async () => (await clear(2, never, 2)) || null)).toBe(2);
      expect(ids(await store.jobs.list({}))).toHaveLength(3);
      await waitFor(
        async () => (await clear(2, 2, 10)) === 0 && (await store.jobs.count()).failed === 0,
      );
      expect(ids(await store.jobs.list({}))).not.toContain(broken);
      expect((await store.jobs.count()).cancelled).toBe(0);
      expect(await store.jobs.find(waiting!)).not.toBeNull();
    });
  });
}
