// A job that was enqueued by name alone gets what its definition says from the worker that first
// claims it: slots and what becomes of it without one, and unique keys. It ends as a job does that
// comes from the schedule: nobody is there to be told.

import type { Gate, Job, JobError, Settlement, Store, Unique } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { boom, enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "../world.ts";
import { alive, dispatchUntil, finish, slot, statesOf, unique } from "./words.ts";

interface Said {
  readonly gates?: readonly Gate[];
  readonly uniques?: readonly Unique[];
}

const gated = ({ gates = [], uniques = [] }: Said) =>
  ({ outcome: "gated", gates, uniques }) as const;

/** One worker claims all that is ready, and learns the same of each in one turn. */
async function gateAll(store: Store, said: Said): Promise<readonly Job[]> {
  const worker = await newWorker(store);
  const runs = await worker.claim();
  const settlements = runs.map(({ id, fence }): Settlement => ({ id, fence, ...gated(said) }));
  const turn = { processId: worker.id, settlements, checkpoints: [], claim: null };
  expect(await store.jobs.turn(turn)).toMatchObject({ refused: [] });
  return runs;
}

const errorOf = async (store: Store, id: number): Promise<JobError | null> =>
  (await jobOf(store, id)).error;

const conflict = (message: string) => ({ name: "ConflictError", message });
const has = (id: number) => conflict(`job ${id} has its unique key report`);
const noSlot = conflict("no slot of acme was free when it was due");
const replaced = conflict("a newer job of acme came in its place");

export function byNameContract(open: OpenStore): void {
  describe("a job by name alone with a unique key", () => {
    it("takes it, keeps it until it has ended, and is asked no more", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("report")];
      const id = await enqueueOne(store);
      expect(await jobOf(store, id)).toMatchObject({ keyed: false, uniqueKey: null });
      await gateAll(store, { uniques });
      const counters = { attempts: 0, interruptions: 0, crashes: 0, processId: null };
      const said = { keyed: true, uniqueKey: "report", concurrencyKey: null };
      expect(await jobOf(store, id)).toMatchObject({ state: "ready", ...counters, ...said });
      const twin = { name: "job", uniques };
      expect(await store.jobs.enqueue([twin])).toEqual([{ id, outcome: "exists" }]);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      expect(run).toMatchObject({ id, attempts: 1, keyed: true });
      await finish(worker, run);
      expect(await store.jobs.enqueue([twin])).toMatchObject([{ outcome: "created" }]);
    });

    it("is cancelled where another job has it, whom its error names", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("report")];
      const holder = await enqueueOne(store, { name: "other", uniques, delayMs: 60_000 });
      const id = await enqueueOne(store);
      await gateAll(store, { uniques, gates: [slot("acme")] });
      expect(await jobOf(store, id)).toMatchObject({ state: "cancelled", attempts: 0 });
      expect(await errorOf(store, id)).toMatchObject(has(holder));
      const free = await enqueueOne(store, { gates: [slot("acme")] });
      expect(await statesOf(store, [holder, free])).toEqual(["scheduled", "ready"]);
    });

    it("is one of many: the oldest is, the others name it", async () => {
      await using world = await open();
      const { store } = world;
      const [first, ...others] = await enqueueAll(store, Array(6).fill({}));
      await gateAll(store, { uniques: [unique("report")] });
      expect((await jobOf(store, first!)).state).toBe("ready");
      for (const id of others) expect(await errorOf(store, id)).toMatchObject(has(first!));
    });

    it("looks at the states that the holder was said to keep it in", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("report", { states: [...alive, "finished"] })];
      const worker = await newWorker(store);
      const first = await enqueueOne(store, { uniques });
      await finish(worker, await worker.claimOne());
      const second = await enqueueOne(store);
      await gateAll(store, { uniques });
      expect(await errorOf(store, second)).toMatchObject(has(first));
      const once = [unique("once", { states: ["running"] })];
      const both = await enqueueAll(store, [{}, {}]);
      await gateAll(store, { uniques: once });
      expect(await statesOf(store, both)).toEqual(["ready", "ready"]);
    });

    it("whose time is over since it was enqueued has none", async () => {
      await using world = await open();
      const { store } = world;
      const holder = await enqueueOne(store, { name: "other", uniques: [unique("report")] });
      const id = await enqueueOne(store, { delayMs: 30 });
      await dispatchUntil(store, id, "ready");
      await gateAll(store, { uniques: [unique("report", { forMs: 20 })] });
      expect(await statesOf(store, [holder, id])).toEqual(["ready", "ready"]);
      expect(await jobOf(store, id)).toMatchObject({ keyed: true, uniqueKey: null });
    });

    it("goes on without it once it has begun, and takes a free one", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueOne(store, { name: "other", uniques: [unique("report")] });
      const id = await enqueueOne(store);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), {
        outcome: "failed",
        error: boom,
        retryDelayMs: 0,
      });
      await dispatchUntil(store, id, "ready");
      const uniques = [unique("report"), unique("free")];
      await gateAll(store, { uniques, gates: [slot("acme", { onConflict: "discard" })] });
      expect(await jobOf(store, id)).toMatchObject({ state: "ready", attempts: 1, keyed: true });
      const asked = (key: string) => store.jobs.enqueue([{ name: "job", uniques: [unique(key)] }]);
      expect(await asked("free")).toEqual([{ id, outcome: "exists" }]);
    });

    it("keeps what it was enqueued with beside it", async () => {
      await using world = await open();
      const { store } = world;
      const request = unique("/idempotency/1", { states: [...alive, "cancelled"] });
      const holder = await enqueueOne(store, { name: "other", uniques: [unique("report")] });
      const id = await enqueueOne(store, { uniques: [request], keyed: false });
      expect((await jobOf(store, id)).keyed).toBe(false);
      await gateAll(store, { uniques: [unique("report")] });
      expect(await errorOf(store, id)).toMatchObject(has(holder));
      const again = { name: "job", uniques: [request], keyed: false };
      expect(await store.jobs.enqueue([again])).toEqual([{ id, outcome: "exists" }]);
    });

    it("that was said to have none is told apart", async () => {
      await using world = await open();
      const { store } = world;
      const [none, some, batch] = [{ keyed: true }, { uniques: [unique("a")] }, {}];
      const all = await enqueueAll(store, [none, some, batch, { ...none, delayMs: 60_000 }]);
      const jobs = await Promise.all(all.map((id) => jobOf(store, id)));
      expect(jobs.map(({ keyed }) => keyed)).toEqual([true, true, false, true]);
      const worker = await newWorker(store);
      const runs = await worker.claim();
      expect(runs.map(({ keyed }) => keyed)).toEqual([true, true, false]);
      await finish(worker, ...runs);
      expect((await jobOf(store, all[0]!)).keyed).toBe(true);
    });
  });

  describe.each(["replace", "debounce"] as const)("a job by name alone that %ss", (onConflict) => {
    const uniques = [unique("report", { onConflict })];

    it("gives an older one that has not begun what it came with, and is cancelled", async () => {
      await using world = await open();
      const { store } = world;
      const old = await enqueueOne(store, { uniques, args: 1, label: "old", priority: 5 });
      const id = await enqueueOne(store, { args: { n: 2 }, label: "new" });
      await gateAll(store, { uniques, gates: [slot("acme")] });
      // the older one was claimed with it, and learned nothing new
      expect(await errorOf(store, id)).toMatchObject(has(old));
    });

    it("makes of one that waits what it is itself", async () => {
      await using world = await open();
      const { store } = world;
      const waits = { uniques, args: 1, label: "old", priority: 5, delayMs: 3_600_000 };
      const old = await enqueueOne(store, waits);
      const { runAt } = await jobOf(store, old);
      const id = await enqueueOne(store, { args: { n: 2 }, label: "new" });
      await gateAll(store, { uniques, gates: [slot("acme", { onConflict: "fail" })] });
      expect(await errorOf(store, id)).toMatchObject(has(old));
      const became = await jobOf(store, old);
      const said = { args: { n: 2 }, label: "new", priority: 0, concurrencyKey: "acme" };
      expect(became).toMatchObject({ ...said, keyed: true, uniqueKey: "report" });
      if (onConflict === "replace") expect(became.state).toBe("ready");
      else expect(became).toMatchObject({ state: "scheduled", runAt });
    });

    it("leaves a newer one as it is, and one that has begun", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store, { args: 1 });
      const newer = await enqueueOne(store, { uniques, args: 2, delayMs: 3_600_000 });
      await gateAll(store, { uniques });
      expect(await errorOf(store, id)).toMatchObject(has(newer));
      expect(await jobOf(store, newer)).toMatchObject({ state: "scheduled", args: 2 });
    });
  });

  describe("a job by name alone that finds no slot", () => {
    it.each(["discard", "fail"] as const)(
      "is cancelled where it wants to %s",
      async (onConflict) => {
        await using world = await open();
        const { store } = world;
        const holder = await enqueueOne(store, { name: "other", gates: [slot("acme")] });
        const id = await enqueueOne(store);
        await gateAll(store, { gates: [slot("acme", { onConflict })] });
        expect(await statesOf(store, [holder, id])).toEqual(["ready", "cancelled"]);
        expect(await errorOf(store, id)).toMatchObject(noSlot);
      },
    );

    it("has it where it is free, and only the others are cancelled", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, {}, {}]);
      await gateAll(store, { gates: [slot("acme", { onConflict: "discard" })] });
      expect(await statesOf(store, all)).toEqual(["ready", "cancelled", "cancelled"]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, all)).toEqual(["finished", "cancelled", "cancelled"]);
    });

    it("takes the place of those that have not begun; of several the newest is left", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { onConflict: "replace" })];
      const old = await enqueueAll(store, [
        { name: "other", gates: [slot("acme")] },
        { name: "other", gates: [slot("acme")] },
      ]);
      const all = await enqueueAll(store, Array(4).fill({}));
      await gateAll(store, { gates });
      const cancelled = Array(3).fill("cancelled");
      expect(await statesOf(store, old)).toEqual(cancelled.slice(1));
      expect(await statesOf(store, all)).toEqual([...cancelled, "ready"]);
      for (const id of [...old, ...all.slice(0, 3)])
        expect(await errorOf(store, id)).toMatchObject(replaced);
    });

    it("waits for a run all the same where it wants to replace", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      await enqueueOne(store, { name: "other", gates: [slot("acme")] });
      const run = await worker.claimOne({ names: ["other"] });
      const id = await enqueueOne(store);
      await gateAll(store, { gates: [slot("acme", { onConflict: "replace" })] });
      expect((await jobOf(store, id)).state).toBe("blocked");
      await finish(worker, run);
      expect((await jobOf(store, id)).state).toBe("ready");
    });

    it("waits once it has begun, whatever it wants", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), { outcome: "interrupted", delayMs: 0 });
      await enqueueOne(store, { name: "other", gates: [slot("acme")] });
      await gateAll(store, { gates: [slot("acme", { onConflict: "discard" })] });
      expect(await jobOf(store, id)).toMatchObject({ state: "blocked", interruptions: 1 });
    });
  });

  describe("jobs of the schedule that replace each other", () => {
    it("come due together, and one of them is left", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { onConflict: "replace" })];
      const all = await enqueueAll(store, Array(4).fill({ gates, delayMs: 20 }));
      await dispatchUntil(store, all[0]!, "cancelled");
      const states = await statesOf(store, all);
      expect(states.filter((state) => state === "ready")).toHaveLength(1);
    });
  });

  describe("gates and keys that no store takes", () => {
    it("fail the job, and nothing else of the turn", async () => {
      await using world = await open();
      const { store } = world;
      const [bad, good] = await enqueueAll(store, [{}, {}]);
      const worker = await newWorker(store);
      const runs = await worker.claim();
      const fences = new Map(runs.map(({ id, fence }) => [id, fence]));
      const of = (id: number) => ({ id, fence: fences.get(id)! });
      await store.jobs.turn({
        processId: worker.id,
        settlements: [
          { ...of(bad!), outcome: "gated", gates: [slot("", { limit: 0 })] },
          { ...of(good!), outcome: "finished", result: 1 },
        ],
        checkpoints: [],
        claim: null,
      });
      expect(await statesOf(store, [bad!, good!])).toEqual(["failed", "finished"]);
    });
  });
}
