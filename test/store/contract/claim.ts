// Which jobs a worker gets, and in what order.

import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "./world.ts";

export function claimContract(open: OpenStore): void {
  describe("a claim", () => {
    it("makes a job running, its attempt counted and its fence raised", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { args: { a: 1 } });
      const worker = await newWorker(store);
      const job = await worker.claimOne();
      expect(job).toMatchObject({ id, state: "running", attempts: 1, fence: 1, args: { a: 1 } });
      expect(job.processId).toBe(worker.id);
      expect(job.startedAt).not.toBeNull();
      expect(await jobOf(store, id)).toMatchObject({ ...job });
      expect(await worker.claim()).toEqual([]);
    });

    it("takes at most its limit, and nothing for a limit of 0", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, {}, {}]);
      const worker = await newWorker(store);
      expect(await worker.claim({ limit: 0 })).toEqual([]);
      expect(ids(await worker.claim({ limit: 2 }))).toEqual(all.slice(0, 2));
      expect(ids(await worker.claim({ limit: 200 }))).toEqual(all.slice(2));
    });

    it("takes nothing for a process that is not registered, and says so", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueOne(store);
      const worker = await newWorker(store);
      await worker.dies();
      const claim = { queues: ["*"], names: ["job"], limit: 1, idle: true };
      const turn = { processId: worker.id, settlements: [], checkpoints: [] };
      const answer = await store.jobs.turn({ ...turn, claim });
      expect(answer).toMatchObject({ claimed: [], evicted: true });
      expect(await store.jobs.turn({ ...turn, claim: null })).toMatchObject({ evicted: true });
      expect((await store.jobs.count()).ready).toBe(1);
    });

    it("leaves names it has no code for", async () => {
      await using world = await open();
      const { store } = world;
      const [, mine] = await enqueueAll(store, [{ name: "theirs" }, {}]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim())).toEqual([mine]);
      expect(await worker.claim({ names: [] })).toEqual([]);
      expect(ids(await worker.claim({ names: ["theirs", "job"] }))).toHaveLength(1);
    });
  });

  describe("the order of a claim", () => {
    it("is priority, then age, among all queues of an asterisk", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b, c, d] = await enqueueAll(store, [
        { queue: "x", priority: 5 },
        { queue: "y" },
        { queue: "x" },
        { queue: "z", priority: -1 },
      ]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim())).toEqual([d, b, c, a]);
    });

    it("is that of the list of queues before any priority", async () => {
      await using world = await open();
      const { store } = world;
      const [low, high, other] = await enqueueAll(store, [
        { queue: "second", priority: -100 },
        { queue: "first", priority: 100 },
        { queue: "third" },
      ]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim({ queues: ["first", "second"] }))).toEqual([high, low]);
      expect((await jobOf(store, other!)).state).toBe("ready");
    });

    it("merges the names of one queue by priority and age, across any number of jobs", async () => {
      await using world = await open();
      const { store } = world;
      const names = ["a", "b", "c"];
      const jobs = Array.from({ length: 300 }, (_, n) => ({
        name: names[(n * 7) % 3]!,
        priority: n % 5,
      }));
      const all = await enqueueAll(store, jobs);
      const best = jobs
        .map(({ priority }, n) => ({ priority, id: all[n]! }))
        .sort((a, b) => a.priority - b.priority || a.id - b.id);
      const worker = await newWorker(store);
      const first = await worker.claim({ queues: ["default"], names, limit: 130 });
      const second = await worker.claim({ queues: ["def*"], names, limit: 300 });
      expect([...ids(first), ...ids(second)]).toEqual(ids(best));
    });

    it("puts the queues of a prefix where the prefix stands", async () => {
      await using world = await open();
      const { store } = world;
      const [slow, mailA, mailB, urgent] = await enqueueAll(store, [
        { queue: "slow" },
        { queue: "mail_a", priority: 1 },
        { queue: "mail_b" },
        { queue: "urgent" },
      ]);
      const worker = await newWorker(store);
      const queues = ["urgent", "mail_*", "slow"];
      expect(ids(await worker.claim({ queues }))).toEqual([urgent, mailB, mailA, slow]);
    });

    it("lets an asterisk mean all the others, wherever it stands", async () => {
      await using world = await open();
      const { store } = world;
      const [last, mail, other, first] = await enqueueAll(store, [
        { queue: "last", priority: -9 },
        { queue: "mail_x", priority: -9 },
        { queue: "other" },
        { queue: "first" },
      ]);
      const worker = await newWorker(store);
      const queues = ["first", "*", "last", "mail_*"];
      expect(ids(await worker.claim({ queues }))).toEqual([first, other, last, mail]);
    });

    it("asks no queue twice, however the list overlaps", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{ queue: "ab" }, { queue: "ac" }, { queue: "b" }]);
      const worker = await newWorker(store);
      const queues = ["ab", "a*", "ab", "a*", "*", "b", "*"];
      expect(ids(await worker.claim({ queues }))).toEqual(all);
    });

    it("reads prefixes as text: an underscore is one, an asterisk inside a name too", async () => {
      await using world = await open();
      const { store } = world;
      const [, mine] = await enqueueAll(store, [
        { queue: "mailXa" },
        { queue: "mail_a" },
        { queue: "mail" },
        { queue: "MAIL_a" },
        { queue: "m%a" },
      ]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim({ queues: ["mail_*"] }))).toEqual([mine]);
      expect(await worker.claim({ queues: ["m*l", "nothing_*", "%", "_ail"] })).toEqual([]);
    });

    it("claims nothing for an empty list, or for a prefix that matches nothing", async () => {
      await using world = await open();
      await enqueueOne(world.store);
      const worker = await newWorker(world.store);
      expect(await worker.claim({ queues: [] })).toEqual([]);
      expect(await worker.claim({ queues: ["zzz*"] })).toEqual([]);
    });

    it.each([["*"], ["pau*"], ["paused"], ["paused", "*"]])(
      "passes over a paused queue with %j",
      async (...queues) => {
        await using world = await open();
        const { store } = world;
        await enqueueAll(store, Array(200).fill({ queue: "paused", priority: -5 }));
        const open2 = await enqueueOne(store, { queue: "pau_open" });
        await store.queues.pause("paused");
        const worker = await newWorker(store);
        const expected = queues.some((entry) => entry.endsWith("*")) ? [open2] : [];
        expect(ids(await worker.claim({ queues }))).toEqual(expected);
        await store.queues.resume("paused");
        expect(await worker.claim({ queues })).toHaveLength(10);
      },
    );

    it("finds the one job it knows behind hundreds it does not, and in order", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueAll(store, Array(500).fill({ name: "theirs", priority: -1 }));
      const mine = await enqueueAll(store, [{ queue: "b" }, { queue: "a" }, { queue: "b" }]);
      const worker = await newWorker(store);
      expect(ids(await worker.claim({ limit: 2 }))).toEqual(mine.slice(0, 2));
      expect(ids(await worker.claim())).toEqual(mine.slice(2));
    });

    it.each([Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])(
      "reaches the priority %i",
      async (priority) => {
        await using world = await open();
        const id = await enqueueOne(world.store, { priority });
        const worker = await newWorker(world.store);
        expect(await worker.claimOne({ queues: ["default"] })).toMatchObject({ id, priority });
      },
    );
  });
}
