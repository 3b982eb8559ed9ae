// What becomes of the jobs of a process that ended.

import { maxCrashes, type Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "./world.ts";

/** A process claims the job, runs it and dies. */
async function crashOnce(store: Store): Promise<void> {
  const worker = await newWorker(store);
  await worker.claimOne();
  await worker.dies();
}

export function recoveryContract(open: OpenStore): void {
  describe("recovery", () => {
    it("makes a run that had started a crash, and a claim that had not nothing", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const [a, b] = await enqueueAll(store, [{}, {}]);
      const [started] = await worker.claim();
      const recovered = await worker.dies({ started: [{ id: a!, fence: started!.fence }] });
      expect(recovered).toEqual([
        { id: a, name: "job", outcome: "ready", crashed: true },
        { id: b, name: "job", outcome: "ready", crashed: false },
      ]);
      const both = { state: "ready", attempts: 0, interruptions: 0, fence: 2, processId: null };
      expect(await jobOf(store, a!)).toMatchObject({ ...both, crashes: 1 });
      expect(await jobOf(store, b!)).toMatchObject({ ...both, crashes: 0 });
    });

    it("counts every run when nobody knows which had started", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      await enqueueAll(world.store, [{}, {}]);
      await worker.claim();
      expect((await worker.dies()).map(({ crashed }) => crashed)).toEqual([true, true]);
    });

    it("is not taken in by an older run of the same job", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const first = await worker.claimOne();
      await worker.settle(first, { outcome: "released" });
      await worker.claimOne();
      const recovered = await worker.dies({ started: [{ id, fence: first.fence }] });
      expect(recovered).toEqual([{ id, name: "job", outcome: "ready", crashed: false }]);
    });

    it("removes the process, and repeating it changes nothing", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      await worker.claimOne();
      await worker.dies();
      expect(await store.processes.list()).toEqual([]);
      const before = await jobOf(store, id);
      expect(await worker.dies()).toEqual([]);
      expect(await jobOf(store, id)).toEqual(before);
    });

    it("leaves the jobs of other processes alone", async () => {
      await using world = await open();
      const [dead, alive] = [await newWorker(world.store), await newWorker(world.store)];
      await enqueueAll(world.store, [{}, {}]);
      const mine = await dead.claimOne();
      const theirs = await alive.claimOne();
      expect(ids(await dead.dies())).toEqual([mine.id]);
      expect(await jobOf(world.store, theirs.id)).toMatchObject({ ...theirs });
    });

    it("refuses everything the dead process may still send", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      const id = await enqueueOne(world.store);
      const job = await worker.claimOne();
      await worker.dies();
      const before = await jobOf(world.store, id);
      const settled = await worker.settle(job, { outcome: "finished", result: "late" });
      expect(settled).toMatchObject({ evicted: true, refused: [{ id, fence: job.fence }] });
      const saved = await worker.checkpoint(job, { cursor: "late" });
      expect(saved.refused).toEqual([{ id, fence: job.fence }]);
      expect(await jobOf(world.store, id)).toEqual(before);
    });

    it("cancels a job that somebody had asked to cancel", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const id = await enqueueOne(store);
      await worker.claimOne();
      await store.jobs.cancel([id]);
      expect(await worker.dies()).toMatchObject([{ id, outcome: "cancelled", crashed: true }]);
      expect(await jobOf(store, id)).toMatchObject({ state: "cancelled", cancelRequested: false });
    });
  });

  describe("a job that crashes its process again and again", () => {
    it(`is failed after ${maxCrashes} times, with how its process ended`, async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      for (let n = 1; n < maxCrashes; n += 1) await crashOnce(store);
      expect(await jobOf(store, id)).toMatchObject({ state: "ready", crashes: maxCrashes - 1 });
      await crashOnce(store);
      const failed = await store.jobs.find(id);
      expect(failed).toMatchObject({ state: "failed", crashes: maxCrashes, attempts: 0 });
      expect(failed!.error).toMatchObject({ name: "CrashError", code: "SIGKILL" });
      expect(failed!.error!.message).toMatch(/SIGKILL.*3 crashes since the last checkpoint/);
      expect(failed!.errors).toMatchObject([{ error: failed!.error! }]);
    });

    it.each([
      [{ how: "exit", code: 7, signal: null } as const, /exit status 7/],
      [{ how: "silent", silentMs: 31_000 } as const, /silent for 31.0 s/],
      [{ how: "frozen", silentMs: 31_000 } as const, /did not answer for 31.0 s and was killed/],
    ])("says how the process ended: %j", async (end, message) => {
      await using world = await open();
      const id = await enqueueOne(world.store);
      for (let n = 1; n < maxCrashes; n += 1) await crashOnce(world.store);
      const worker = await newWorker(world.store);
      await worker.claimOne();
      expect(await worker.dies({ end })).toMatchObject([{ outcome: "failed" }]);
      expect((await jobOf(world.store, id)).error!.message).toMatch(message);
    });

    it("is forgiven by a saved cursor, but not by progress", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      for (let n = 1; n < maxCrashes; n += 1) await crashOnce(store);
      const worker = await newWorker(store);
      const job = await worker.claimOne();
      await worker.checkpoint(job, { progress: { done: 1, total: 2 } });
      expect((await jobOf(store, id)).crashesSinceCheckpoint).toBe(maxCrashes - 1);
      await worker.checkpoint(job, { cursor: 1 });
      expect((await jobOf(store, id)).crashesSinceCheckpoint).toBe(0);
      expect(await worker.dies()).toMatchObject([{ outcome: "ready", crashed: true }]);
      const forgiven = { crashes: maxCrashes, crashesSinceCheckpoint: 1, cursor: 1 };
      expect(await jobOf(store, id)).toMatchObject(forgiven);
    });

    it("is not failed when others had started beside it", async () => {
      await using world = await open();
      const { store } = world;
      const [suspect] = await enqueueAll(store, [{}, {}]);
      const workers = [await newWorker(store), await newWorker(store)];
      const crash = async (index: number): Promise<void> => {
        const [a, b] = await workers[index]!.claim({ limit: 2 });
        expect(b).toBeDefined();
        await workers[index]!.dies();
        expect(a!.id).toBe(suspect);
      };
      for (const index of [0, 1]) await crash(index);
      expect(await store.jobs.count()).toMatchObject({ ready: 2, failed: 0 });
    });

    it("is failed when the others in its process had only been claimed", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const [id] = await enqueueAll(store, [{}, {}]);
      for (let n = 1; n < maxCrashes; n += 1) {
        const one = await newWorker(store);
        await one.claimOne();
        await one.dies();
      }
      const job = await worker.claimOne();
      const [beside] = await worker.claim();
      const recovered = await worker.dies({ started: [job] });
      expect(recovered).toMatchObject([
        { id, outcome: "failed", crashed: true },
        { id: beside!.id, outcome: "ready", crashed: false },
      ]);
    });
  });
}
