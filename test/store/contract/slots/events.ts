// Who keeps a slot and who gives it back, event by event. The key has one slot, the first job has it
// and the second waits for it.

import { maxCrashes, type Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { dispatchUntil, finish, slot, statesOf } from "../flow/words.ts";
import {
  boom,
  type Ending,
  enqueueAll,
  enqueueOne,
  jobOf,
  killed,
  newWorker,
  type OpenStore,
  someProcess,
  type Worker,
} from "../world.ts";

const gates = [slot("acme")];

/** The ids of a job that has the slot, and of the one that waits for it. */
async function twoJobs(store: Store): Promise<readonly [number, number]> {
  const [first, second] = await enqueueAll(store, [{ gates }, { gates }]);
  return [first!, second!];
}

const freeing: readonly Ending[] = [
  { outcome: "finished", result: null },
  { outcome: "failed", error: boom, retryDelayMs: null },
  { outcome: "failed", error: boom, retryDelayMs: 60_000 },
  { outcome: "cancelled" },
];

const keeping: readonly Ending[] = [
  { outcome: "interrupted", delayMs: 0, cursor: 5 },
  { outcome: "released" },
  { outcome: "crashed" },
];

export function eventsContract(open: OpenStore): void {
  describe("a slot is given to the next job", () => {
    it.each(freeing)("by the write that says how the run ended: %j", async (ending) => {
      await using world = await open();
      const [, second] = await twoJobs(world.store);
      const worker = await newWorker(world.store);
      await worker.settle(await worker.claimOne(), ending);
      expect((await jobOf(world.store, second)).state).toBe("ready");
    });

    it("in the very turn of its end, which may claim the next one", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const worker = await newWorker(store);
      const { fence } = await worker.claimOne();
      const { claimed } = await store.jobs.turn({
        processId: worker.id,
        settlements: [{ id: first, fence, outcome: "finished", result: null }],
        checkpoints: [],
        claim: { queues: ["*"], names: ["job"], limit: 1, idle: false },
      });
      const next = claimed.length > 0 ? claimed : await worker.claim();
      expect(next).toMatchObject([{ id: second, state: "running" }]);
    });

    it("to one of the two, when the run failed and is repeated at once", async () => {
      await using world = await open();
      const two = await twoJobs(world.store);
      const worker = await newWorker(world.store);
      const failed = { outcome: "failed", error: boom, retryDelayMs: 0 } as const;
      await worker.settle(await worker.claimOne(), failed);
      expect([...(await statesOf(world.store, two))].sort()).toEqual(["blocked", "ready"]);
    });

    it("when a job that has it and does not run is cancelled or discarded", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const [third, fourth] = await twoJobs(store);
      await store.jobs.cancel([first]);
      expect(await statesOf(store, [second, third])).toEqual(["ready", "blocked"]);
      await store.jobs.discard([second]);
      expect(await statesOf(store, [third, fourth])).toEqual(["ready", "blocked"]);
    });

    it("as often as slots are free, when many are cancelled or discarded at once", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, Array(9).fill({ gates: [slot("acme", { limit: 3 })] }));
      await store.jobs.cancel(all.slice(0, 2));
      const after = ["ready", "ready", "ready", "blocked"];
      expect(await statesOf(store, all.slice(2, 6))).toEqual(after);
      await store.jobs.discard(all.slice(2, 5));
      expect(await statesOf(store, all.slice(5))).toEqual(["ready", "ready", "ready", "blocked"]);
    });

    it("when its queue is cleared, across queues", async () => {
      await using world = await open();
      const { store } = world;
      const [, second, elsewhere] = await enqueueAll(store, [
        { gates },
        { gates },
        { gates, queue: "elsewhere" },
      ]);
      expect(await store.queues.clear("default", { all: false })).toBe(1);
      expect(await statesOf(store, [second!, elsewhere!])).toEqual(["ready", "blocked"]);
      expect(await store.queues.clear("default", { all: true })).toBe(1);
      expect(await statesOf(store, [elsewhere!])).toEqual(["ready"]);
    });

    it("when its holder ran in too many processes that died", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      for (let n = 1; n <= maxCrashes; n += 1) {
        expect(await statesOf(store, [first, second])).toEqual(["ready", "blocked"]);
        const worker = await newWorker(store);
        expect((await worker.claimOne()).id).toBe(first);
        await worker.dies();
      }
      expect(await statesOf(store, [first, second])).toEqual(["failed", "ready"]);
    });

    it("when its holder was asked to cancel and its process died", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const worker = await newWorker(store);
      await worker.claimOne();
      await store.jobs.cancel([first]);
      expect(await statesOf(store, [first, second])).toEqual(["running", "blocked"]);
      await worker.dies();
      expect(await statesOf(store, [first, second])).toEqual(["cancelled", "ready"]);
    });
  });

  describe("a slot is kept", () => {
    it.each(keeping)("over a run that goes on elsewhere: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), ending);
      expect(await statesOf(store, [first, second])).toEqual(["ready", "blocked"]);
      const again = await worker.claimOne();
      expect(again.id).toBe(first);
      expect(await worker.claim()).toEqual([]);
      await finish(worker, again);
      expect(await worker.claimOne()).toMatchObject({ id: second });
    });

    it.each(["block", "discard", "fail", "replace"] as const)(
      "while an interrupted job waits for its time, whatever it does on conflict: %s",
      async (onConflict) => {
        await using world = await open();
        const { store } = world;
        const id = await enqueueOne(store, { gates: [slot("acme", { onConflict })] });
        const worker = await newWorker(store);
        const interrupted = { outcome: "interrupted", delayMs: 50, cursor: 7 } as const;
        await worker.settle(await worker.claimOne(), interrupted);
        const other = await enqueueOne(store, { gates });
        expect((await jobOf(store, other)).state).toBe("blocked");
        await dispatchUntil(store, id, "ready");
        expect(await worker.claimOne()).toMatchObject({ id, cursor: 7 });
        expect((await jobOf(store, other)).state).toBe("blocked");
      },
    );

    it("until such a job is cancelled", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), { outcome: "interrupted", delayMs: 60_000 });
      expect(await statesOf(store, [first, second])).toEqual(["scheduled", "blocked"]);
      await store.jobs.cancel([first]);
      expect(await statesOf(store, [first, second])).toEqual(["cancelled", "ready"]);
    });

    const departures: readonly [string, (store: Store, worker: Worker) => Promise<unknown>][] = [
      ["died", (_, worker) => worker.dies()],
      ["died before the run began", (_, worker) => worker.dies({ started: [] })],
      ["left in good order", (store, { id }) => store.processes.deregister([id])],
      ["forgot its claim", (store, { id }) => store.jobs.turn({ ...nothing(id), holding: [] })],
    ];

    it.each(departures)("when the process of its holder %s", async (_, depart) => {
      await using world = await open();
      const { store } = world;
      const two = await twoJobs(store);
      const worker = await newWorker(store);
      await worker.claimOne();
      await depart(store, worker);
      expect(await statesOf(store, two)).toEqual(["ready", "blocked"]);
      const third = await enqueueOne(store, { gates });
      expect((await jobOf(store, third)).state).toBe("blocked");
    });

    it("when a blocked job is cancelled or discarded, and when discarding its holder is refused", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const [third, fourth] = await twoJobs(store);
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      await store.jobs.cancel([second]);
      await store.jobs.discard([third]);
      const [refused] = await store.jobs.discard([first]);
      expect(refused!.outcome).toBe("refused");
      const states = await statesOf(store, [first, second, third, fourth]);
      expect(states).toEqual(["running", "cancelled", "gone", "blocked"]);
      await finish(worker, run);
      expect((await jobOf(store, fourth)).state).toBe("ready");
    });

    it("when an end comes too late: it frees nothing that others have by now", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await twoJobs(store);
      const third = await enqueueOne(store, { gates });
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      await finish(worker, run);
      const settlement = { id: first, fence: run.fence, outcome: "finished", result: 1 } as const;
      const { refused } = await worker.settle(run, { outcome: "finished", result: 1 });
      expect(refused).toHaveLength(1);
      const settlements = [settlement];
      await store.jobs.turn({ ...nothing(worker.id), settlements, holding: [settlement] });
      await store.jobs.recover(worker.id, { end: killed, started: null });
      expect(await statesOf(store, [first, second, third])).toEqual([
        "finished",
        "ready",
        "blocked",
      ]);
    });

    it("by a frozen process that was pruned, for the next run and not for its late end", async () => {
      await using world = await open();
      const { store } = world;
      const two = await twoJobs(store);
      const [frozen, next] = [await newWorker(store), await newWorker(store)];
      const lost = await frozen.claimOne();
      await frozen.dies({ end: { how: "silent", silentMs: 60_000 } });
      const taken = await next.claimOne();
      expect(taken.id).toBe(two[0]);
      const late = await frozen.settle(lost, { outcome: "finished", result: null });
      expect(late.refused).toHaveLength(1);
      expect(await statesOf(store, two)).toEqual(["running", "blocked"]);
    });
  });

  describe("a job that gets its slots from the worker that knows its code", () => {
    it("goes back without a trace, and is ready or blocked like any other", async () => {
      await using world = await open();
      const { store } = world;
      const all = await enqueueAll(store, [{}, {}, {}]);
      const worker = await newWorker(store);
      const claimed = await worker.claim();
      for (const job of claimed) await worker.settle(job, { outcome: "gated", gates });
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "blocked"]);
      const counters = { attempts: 0, interruptions: 0, crashes: 0, processId: null };
      expect(await jobOf(store, all[0]!)).toMatchObject({ ...counters, concurrencyKey: "acme" });
      const run = await worker.claimOne();
      expect(run).toMatchObject({ id: all[0], attempts: 1, concurrencyKey: "acme" });
      await finish(worker, run);
      expect(await statesOf(store, all)).toEqual(["finished", "ready", "blocked"]);
    });

    it("keeps out of it when somebody else holds the job by now", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      const worker = await newWorker(store);
      const lost = await worker.claimOne();
      await worker.settle(lost, { outcome: "released" });
      const other = await store.processes.register(someProcess());
      const claim = { queues: ["*"], names: ["job"], limit: 1, idle: true };
      await store.jobs.turn({ ...nothing(other), claim });
      const { refused } = await worker.settle(lost, { outcome: "gated", gates });
      expect(refused).toEqual([{ id, fence: lost.fence }]);
      expect(await jobOf(store, id)).toMatchObject({ state: "running", concurrencyKey: null });
      const free = await enqueueOne(store, { gates });
      expect((await jobOf(store, free)).state).toBe("ready");
    });
  });
}

function nothing(processId: number) {
  return { processId, settlements: [], checkpoints: [], claim: null };
}
