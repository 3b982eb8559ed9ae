// Queues as people see them.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { slot } from "./flow/words.ts";
import { boom, enqueueAll, enqueueOne, ids, newWorker, type OpenStore } from "./world.ts";

export function queuesContract(open: OpenStore): void {
  describe("queues", () => {
    it("are listed by name while they have jobs that are yet to end or are paused", async () => {
      await using world = await open();
      const { store } = world;
      expect(await store.queues.list()).toEqual([]);
      await enqueueAll(store, [
        { queue: "b" },
        { queue: "a" },
        { queue: "a", name: "other" },
        { queue: "late", delayMs: 60_000 },
        { queue: "é" },
      ]);
      await store.queues.pause("idle");
      await store.queues.pause("a");
      const worker = await newWorker(store);
      await worker.claim({ queues: ["b"] });
      expect(await store.queues.list()).toMatchObject([
        { name: "a", paused: true, ready: 2, waiting: 0, running: 0 },
        { name: "b", paused: false, ready: 0, running: 1, latencyMs: 0 },
        { name: "idle", paused: true, ready: 0, running: 0, latencyMs: 0 },
        { name: "late", paused: false, ready: 0, waiting: 1, blocked: 0, running: 0, latencyMs: 0 },
        { name: "é", paused: false, ready: 1, running: 0 },
      ]);
    });

    it("tell how many are held, scheduled, or wait for other jobs", async () => {
      await using world = await open();
      const { store } = world;
      const [held] = await enqueueAll(store, [{ held: true }, { delayMs: 60_000 }]);
      const gates = [slot("acme")];
      await enqueueAll(store, [
        { after: [held!] },
        { gates },
        { gates },
        { queue: "far", after: [held!] },
      ]);
      expect(await store.queues.list()).toMatchObject([
        { name: "default", ready: 1, waiting: 3, blocked: 1, running: 0 },
        { name: "far", ready: 0, waiting: 1, blocked: 0, running: 0 },
      ]);
      await store.jobs.cancel([held!]);
      expect(await store.queues.list()).toMatchObject([{ name: "default", waiting: 1 }]);
    });

    it("tell how long their oldest ready job has been due", async () => {
      await using world = await open();
      const { store } = world;
      const [, id] = await enqueueAll(store, [{}, { priority: 9 }, {}]);
      const { createdAt } = (await store.jobs.find(id!))!;
      await enqueueOne(store, { runAt: createdAt - 5_000, priority: 3 });
      const { latencyMs } = (await store.queues.list())[0]!;
      expect(latencyMs).toBeGreaterThanOrEqual(5_000);
      expect(latencyMs).toBeLessThan(25_000);
      const grown = await waitFor(async () => {
        const [queue] = await store.queues.list();
        return queue!.latencyMs > latencyMs && queue;
      });
      expect(grown.ready).toBe(4);
    });

    it("can be paused and resumed twice, and only by one name", async () => {
      await using world = await open();
      const { queues } = world.store;
      await queues.pause("mail");
      await queues.pause("mail");
      expect(await queues.list()).toMatchObject([{ name: "mail", paused: true }]);
      await queues.resume("mail");
      await queues.resume("mail");
      expect(await queues.list()).toEqual([]);
      for (const name of ["", "mail_*", "*"])
        await expect(queues.pause(name)).rejects.toMatchObject({ code: "invalid" });
    });

    it("let a job that was claimed before the pause finish", async () => {
      await using world = await open();
      const worker = await newWorker(world.store);
      await enqueueOne(world.store);
      const job = await worker.claimOne();
      await world.store.queues.pause("default");
      const { refused } = await worker.settle(job, { outcome: "finished", result: null });
      expect(refused).toEqual([]);
    });

    it("are cleared of ready jobs, or of everything that does not run", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueAll(store, [{}, {}]);
      const worker = await newWorker(store);
      const [running, broken] = await worker.claim();
      await worker.settle(broken!, { outcome: "failed", error: boom, retryDelayMs: null });
      const kept = await enqueueAll(store, [{ queue: "other" }, { delayMs: 60_000 }]);
      await enqueueAll(store, Array(1_500).fill({}));
      expect(await store.queues.clear("default", { all: false })).toBe(1_500);
      const left = [running!.id, broken!.id, ...kept];
      expect(ids(await store.jobs.list({}))).toEqual(left);
      expect(await store.queues.clear("default", { all: true })).toBe(2);
      expect(ids(await store.jobs.list({}))).toEqual([running!.id, kept[0]]);
      expect(await store.queues.clear("nowhere", { all: true })).toBe(0);
    });
  });
}
