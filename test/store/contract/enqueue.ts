// Enqueueing, and jobs that become due.

import type { NewJob } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "./world.ts";

const invalid: readonly [string, Record<string, unknown>, RegExp][] = [
  ["no name", { name: undefined }, /name/],
  ["an empty name", { name: "" }, /name/],
  ["a name of 201 characters", { name: "x".repeat(201) }, /name .*200/],
  ["a NUL in its name", { name: "a\0b" }, /name .*NUL/],
  ["half a surrogate pair in its name", { name: "\ud800" }, /name .*Unicode/],
  ["an empty queue", { queue: "" }, /queue/],
  ["a queue with an asterisk", { queue: "mail_*" }, /queue/],
  ["a queue of 201 characters", { queue: "x".repeat(201) }, /queue .*200/],
  ["a kind nobody knows", { kind: "thread" }, /kind/],
  ["half a priority", { priority: 0.5 }, /priority/],
  ["a priority that is not a number", { priority: "high" }, /priority/],
  ["a priority beyond the safe integers", { priority: 2 ** 53 }, /priority/],
  ["a time that is not a number", { runAt: Number.NaN }, /runAt/],
  ["a time that never comes", { runAt: Number.POSITIVE_INFINITY }, /runAt/],
  ["a negative delay", { delayMs: -1 }, /delayMs/],
  ["a delay of a million years", { delayMs: 1e17 }, /delayMs/],
  ["more than 1 MB of args", { args: "x".repeat(1_048_576) }, /args .*1048576/],
  ["a function for args", { args: () => 1 }, /args/],
  ["a bigint in its args", { args: { n: 1n } }, /args/],
  ["a label that is not text", { label: 7 }, /label/],
];

export function enqueueContract(open: OpenStore): void {
  describe("enqueue", () => {
    it("answers one id for each job, in order, and never gives an id again", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueAll(store, [{}, {}, {}]);
      expect(first).toEqual([...first].sort((a, b) => a - b));
      await store.jobs.discard(first);
      expect(await enqueueOne(store)).toBeGreaterThan(first[2]!);
    });

    it("keeps what it was given and fills in the rest", async () => {
      await using world = await open();
      const { store } = world;
      const given = { queue: "mail", args: { to: ["a", 1, null, true] }, priority: -3, label: "x" };
      expect(await jobOf(store, await enqueueOne(store, given))).toMatchObject({
        ...given,
        name: "job",
        kind: "module",
        state: "ready",
        attempts: 0,
        interruptions: 0,
        crashes: 0,
        crashesSinceCheckpoint: 0,
        fence: 0,
        processId: null,
        cursor: null,
        progress: { done: 0, total: null },
        concurrencyKey: null,
        uniqueKey: null,
        keyed: false,
        startedAt: null,
        finishedAt: null,
        error: null,
        result: null,
        cancelRequested: false,
        errors: [],
      });
      const plain = await jobOf(store, await enqueueOne(store));
      expect(plain).toMatchObject({ queue: "default", args: null, priority: 0, label: null });
      expect(plain.runAt).toBe(plain.createdAt);
    });

    it.each([null, "", 0, false, [], {}, "null", "ünïcödé 🎉", [[{ a: { b: [] } }]], 1e21, -0.5])(
      "gives args back as they were: %j",
      async (args) => {
        await using world = await open();
        const { store } = world;
        await enqueueOne(store, { args });
        const worker = await newWorker(store);
        expect((await worker.claimOne()).args).toEqual(args);
      },
    );

    it("takes thousands at once, in one order", async () => {
      await using world = await open();
      const { store } = world;
      const many = Array.from({ length: 2_345 }, (_, n) => ({ args: n }));
      const all = await enqueueAll(store, many);
      expect(new Set(all).size).toBe(2_345);
      for (const n of [0, 31, 32, 33, 2_344]) expect((await jobOf(store, all[n]!)).args).toBe(n);
      expect((await store.jobs.count()).ready).toBe(2_345);
    });

    it("takes none of them as well", async () => {
      await using world = await open();
      expect(await world.store.jobs.enqueue([])).toEqual([]);
    });

    it.each(invalid)(
      "refuses a job with %s, and all that came with it",
      async (_, wrong, message) => {
        await using world = await open();
        const { store } = world;
        const jobs = [{ name: "job" }, { name: "job", ...wrong } as unknown as NewJob];
        const refusal = await store.jobs.enqueue(jobs).catch((error: unknown) => error);
        expect(refusal).toMatchObject({ name: "StoreError", code: "invalid" });
        expect((refusal as Error).message).toMatch(message);
        expect(await store.jobs.list({})).toEqual([]);
      },
    );
  });

  describe("a job that is not due", () => {
    it("is scheduled, and ready once it was dispatched after its time", async () => {
      await using world = await open();
      const { store } = world;
      const [soon, later, held] = await enqueueAll(store, [
        { delayMs: 250 },
        { delayMs: 60_000 },
        { held: true, delayMs: 250 },
      ]);
      expect((await jobOf(store, soon!)).state).toBe("scheduled");
      expect((await store.jobs.dispatch(10)).nextInMs).toBeLessThanOrEqual(250);
      const { nextInMs } = await waitFor(async () => {
        const dispatched = await store.jobs.dispatch(10);
        return dispatched.moved === 1 && dispatched;
      });
      expect(nextInMs).toBeGreaterThan(50_000);
      expect(nextInMs).toBeLessThanOrEqual(60_000);
      expect((await jobOf(store, soon!)).state).toBe("ready");
      expect((await jobOf(store, later!)).state).toBe("scheduled");
      expect((await jobOf(store, held!)).state).toBe("held");
    });

    it("is ready at once when its time is past", async () => {
      await using world = await open();
      const id = await enqueueOne(world.store, { runAt: 1_000 });
      expect(await jobOf(world.store, id)).toMatchObject({ state: "ready", runAt: 1_000 });
    });

    it("is dispatched in batches, earliest first", async () => {
      await using world = await open();
      const { store } = world;
      const delays = [9, 3, 7, 1, 5];
      const all = await enqueueAll(
        store,
        delays.map((delayMs) => ({ delayMs })),
      );
      const moved: number[] = [];
      await waitFor(async () => {
        moved.push((await store.jobs.dispatch(2)).moved);
        return moved.reduce((sum, n) => sum + n, 0) === 5;
      });
      expect(Math.max(...moved)).toBeLessThanOrEqual(2);
      expect(await store.jobs.dispatch(2)).toEqual({ moved: 0, nextInMs: null });
      const states = await Promise.all(all.map(async (id) => (await jobOf(store, id)).state));
      expect(states).toEqual(Array(5).fill("ready"));
    });

    it("is dispatched once by several dispatchers", async () => {
      await using world = await open();
      const { store } = world;
      const other = await world.connect();
      await enqueueAll(store, Array(40).fill({ delayMs: 1 }));
      let moved = 0;
      await waitFor(async () => {
        const both = await Promise.all([store, other].map((each) => each.jobs.dispatch(7)));
        moved += both.reduce((sum, each) => sum + each.moved, 0);
        return (await store.jobs.count()).ready === 40;
      });
      expect(moved).toBe(40);
    });
  });
}
