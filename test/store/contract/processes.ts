// The register of processes: who lives, who was silent, who said goodbye.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore, someProcess } from "./world.ts";

export function processesContract(open: OpenStore): void {
  describe("processes", () => {
    it("are listed as they registered, with what they hold", async () => {
      await using world = await open();
      const { store } = world;
      const supervisor = someProcess({ kind: "supervisor", name: "s", queues: [], pid: 1 });
      const supervisorId = await store.processes.register(supervisor);
      const worker = someProcess({ supervisorId, queues: ["mail_*", "*"] });
      const id = await store.processes.register(worker);
      await enqueueAll(store, [{}, {}]);
      const claim = { queues: ["*"], names: ["job"], limit: 2, idle: true };
      await store.jobs.turn({ processId: id, settlements: [], checkpoints: [], claim });
      const listed = await store.processes.list();
      expect(listed).toMatchObject([
        { ...supervisor, id: supervisorId, state: "starting", names: [], jobs: 0 },
        { ...worker, id, rssBytes: null, jobs: 2 },
      ]);
      expect(listed[0]!.heartbeatAt).toBe(listed[0]!.createdAt);
    });

    it("are never given an id again", async () => {
      await using world = await open();
      const { processes } = world.store;
      const first = await processes.register(someProcess());
      await processes.deregister([first]);
      expect(await processes.register(someProcess())).toBeGreaterThan(first);
    });

    it("say which names they have code for, once they are ready", async () => {
      await using world = await open();
      const { processes } = world.store;
      const id = await processes.register(someProcess());
      await processes.ready(id, ["a", "b"]);
      expect(await processes.list()).toMatchObject([{ names: ["a", "b"], state: "running" }]);
      await processes.deregister([id]);
      await expect(processes.ready(id, [])).rejects.toThrow(/process \d+ is not registered/);
    });

    it("beat together, and the answer names those that are gone", async () => {
      await using world = await open();
      const { processes } = world.store;
      const a = await processes.register(someProcess());
      const b = await processes.register(someProcess());
      const before = (await processes.list())[0]!.heartbeatAt;
      const gone = await waitFor(async () => {
        const answer = await processes.heartbeat([
          { id: a, state: "busy", rssBytes: 1_000_000 },
          { id: b + 1, state: "running", rssBytes: null },
          { id: b, state: "quiet", rssBytes: null },
        ]);
        return (await processes.list())[0]!.heartbeatAt > before && answer;
      });
      expect(gone).toEqual([b + 1]);
      expect(await processes.list()).toMatchObject([
        { id: a, state: "busy", rssBytes: 1_000_000 },
        { id: b, state: "quiet", rssBytes: null },
      ]);
      expect(await processes.heartbeat([])).toEqual([]);
    });

    it("hand back what they still hold when they leave, and nothing is counted", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const [a, b] = await enqueueAll(store, [{}, {}]);
      const [, asked] = await worker.claim();
      await store.jobs.cancel([asked!.id]);
      await store.processes.deregister([worker.id, worker.id, 999_999]);
      expect(await store.processes.list()).toEqual([]);
      const nothing = { attempts: 0, interruptions: 0, crashes: 0, processId: null };
      expect(await jobOf(store, a!)).toMatchObject({ ...nothing, state: "ready", fence: 2 });
      expect(await jobOf(store, b!)).toMatchObject({ ...nothing, state: "cancelled" });
      expect(await worker.look()).toMatchObject({ evicted: true });
    });
  });

  describe("pruning", () => {
    it("recovers the jobs of those who were silent for too long, and of nobody else", async () => {
      await using world = await open();
      const { store } = world;
      const [silent, alive] = [await newWorker(store), await newWorker(store)];
      const [a, b] = await enqueueAll(store, [{}, {}]);
      await silent.claimOne();
      await alive.claimOne();
      expect(await store.processes.prune(60_000)).toEqual([]);
      const beat = { id: alive.id, state: "running", rssBytes: null } as const;
      const pruned = await waitFor(async () => {
        await store.processes.heartbeat([beat]);
        const [each] = await store.processes.prune(100);
        return each;
      });
      expect(pruned.process).toMatchObject({ id: silent.id, jobs: 1 });
      expect(pruned.silentMs).toBeGreaterThan(100);
      expect(pruned.jobs).toEqual([{ id: a, name: "job", outcome: "ready", crashed: true }]);
      expect((await store.processes.list()).map(({ id }) => id)).toEqual([alive.id]);
      expect((await jobOf(store, b!)).state).toBe("running");
    });

    it("tells beforehand who is silent, and may be kept to some of them", async () => {
      await using world = await open();
      const { store } = world;
      const [one, other] = [await newWorker(store), await newWorker(store)];
      expect(await store.processes.silent(60_000)).toEqual([]);
      const silent = await waitFor(async () => {
        const found = await store.processes.silent(50);
        return found.length === 2 && found;
      });
      expect(silent.map(({ id }) => id)).toEqual([one.id, other.id]);
      const pruned = await store.processes.prune(50, [other.id, 999]);
      expect(pruned.map(({ process }) => process.id)).toEqual([other.id]);
      expect((await store.processes.list()).map(({ id }) => id)).toEqual([one.id]);
    });

    it("is done once by several pruners", async () => {
      await using world = await open();
      const { store } = world;
      const other = await world.connect();
      for (let n = 0; n < 10; n += 1) {
        await enqueueOne(store);
        await (await newWorker(store)).claimOne();
      }
      const found: number[] = [];
      await waitFor(async () => {
        const both = await Promise.all([store, other].map((each) => each.processes.prune(5)));
        found.push(...both.flat().map(({ process }) => process.id));
        return found.length >= 10;
      });
      expect(new Set(found).size).toBe(10);
      expect(found).toHaveLength(10);
      const jobs = await store.jobs.list({});
      expect(jobs.map(({ crashes, state }) => `${state} ${crashes}`)).toEqual(
        Array(10).fill("ready 1"),
      );
    });
  });
}
