// A job that is one crash short of the limit is run alone.

import { maxCrashes, type Store, suspectPatienceMs } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "./world.ts";

/** Enqueues a job and brings it one crash short of the limit. */
async function newSuspect(store: Store, queue = "default"): Promise<number> {
  const id = await enqueueOne(store, { queue });
  for (let n = 1; n < maxCrashes; n += 1) {
    const worker = await newWorker(store);
    await worker.claim({ queues: [queue] });
    await worker.dies({ started: [{ id, fence: (await jobOf(store, id)).fence }] });
  }
  expect(await jobOf(store, id)).toMatchObject({ state: "ready", crashes: maxCrashes - 1 });
  return id;
}

export function suspectsContract(open: OpenStore): void {
  describe("a suspect", () => {
    it("comes alone to an idle worker, and the others with the next claim", async () => {
      await using world = await open();
      const { store } = world;
      const suspect = await newSuspect(store);
      const others = await enqueueAll(store, [{}, {}]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim())).toEqual([suspect]);
      expect(ids(await worker.claim())).toEqual(others);
    });

    it("comes one by one where there are several", async () => {
      await using world = await open();
      const { store } = world;
      const suspects = [await newSuspect(store, "a"), await newSuspect(store, "b")];
      const worker = await newWorker(store);
      expect(ids(await worker.claim())).toEqual(suspects.slice(0, 1));
      expect(ids(await worker.claim())).toEqual(suspects.slice(1));
    });

    it("waits for its turn: more urgent jobs come before it", async () => {
      await using world = await open();
      const { store } = world;
      const suspect = await newSuspect(store, "later");
      const first = await enqueueOne(store, { queue: "sooner" });
      const worker = await newWorker(store);
      const queues = ["sooner", "later"];
      expect(ids(await worker.claim({ queues }))).toEqual([first]);
      expect(ids(await worker.claim({ queues }))).toEqual([suspect]);
    });

    it("lets a busy worker pass it, but not for ever", async () => {
      await using world = await open();
      const { store } = world;
      const suspect = await newSuspect(store);
      const [other, last] = await enqueueAll(store, [{}, {}]);
      const worker = await newWorker(store);
      const busy = { idle: false, limit: 1 };
      const began = performance.now();
      expect(ids(await worker.claim(busy))).toEqual([other]);
      const claimed = await waitFor(async () => {
        const [job] = await worker.claim({ idle: false, limit: 5 });
        if (job && job.id !== suspect) await worker.settle(job, { outcome: "released" });
        return job?.id === suspect && job;
      });
      expect(claimed.crashesSinceCheckpoint).toBe(maxCrashes - 1);
      expect(performance.now() - began).toBeGreaterThan(suspectPatienceMs * 0.7);
      expect((await jobOf(store, last!)).state).toBe("ready");
    });

    it("is left by workers that do not know it, are elsewhere, or find it paused", async () => {
      await using world = await open();
      const { store } = world;
      const suspect = await newSuspect(store, "mail");
      const worker = await newWorker(store);
      expect(await worker.claim({ names: ["other"] })).toEqual([]);
      expect(await worker.claim({ queues: ["default", "mail_*"] })).toEqual([]);
      await store.queues.pause("mail");
      expect(await worker.claim()).toEqual([]);
      await store.queues.resume("mail");
      expect(ids(await worker.claim({ queues: ["ma*"] }))).toEqual([suspect]);
    });

    it("is counted and listed like any other ready job", async () => {
      await using world = await open();
      const { store } = world;
      await newSuspect(store);
      await enqueueOne(store);
      expect((await store.jobs.count()).ready).toBe(2);
      expect((await store.queues.list())[0]).toMatchObject({ name: "default", ready: 2 });
      expect(await store.jobs.unknownNames()).toEqual([{ name: "job", ready: 2 }]);
      expect(await store.jobs.outstanding()).toMatchObject({ busy: true });
    });
  });
}
