// Why a job is not running: each reason by itself, and several at once. That there is one if and
// only if no claim takes the job is in why/worlds.ts.

import type { Reason } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../support/wait-for.ts";
import { silenceByHand } from "./flow/by-hand.ts";
import { rate, slot } from "./flow/words.ts";
import { appoint, hire, whyOf } from "./why/staff.ts";
import { workersContract } from "./why/workers.ts";
import { boom, enqueueAll, enqueueOne, newWorker, type OpenStore } from "./world.ts";

export function whyContract(open: OpenStore): void {
  statesContract(open);
  gatesContract(open);
  workersContract(open);
}

function statesContract(open: OpenStore): void {
  describe("why a job is not running, by its state", () => {
    it("is nobody's question when there is no such job", async () => {
      await using world = await open();
      for (const id of [7, -1, 0.5, Number.NaN, 2 ** 53])
        expect(await world.store.flow.why(id)).toBeNull();
    });

    it("is nothing for a job that runs, and its end for one that has ended", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b, c] = await enqueueAll(store, [{}, {}, {}]);
      const worker = await newWorker(store);
      const [first, second] = await worker.claim({ limit: 2 });
      expect(await whyOf(store, a!)).toEqual([]);
      await worker.settle(first!, { outcome: "finished", result: null });
      await worker.settle(second!, { outcome: "failed", error: boom, retryDelayMs: null });
      await store.jobs.cancel([c!]);
      expect(await whyOf(store, a!)).toEqual([{ why: "ended", state: "finished" }]);
      expect(await whyOf(store, b!)).toEqual([{ why: "ended", state: "failed" }]);
      expect(await whyOf(store, c!)).toEqual([{ why: "ended", state: "cancelled" }]);
    });

    it("is the silence of its process, for a job that runs in one that is gone", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      const worker = await newWorker(store);
      await worker.claimOne();
      await silenceByHand(world.url, worker.id, 50_000);
      expect(await whyOf(store, id)).toEqual([]);
      await silenceByHand(world.url, worker.id, 50_000);
      const { heartbeatAt: since } = (await store.processes.list())[0]!;
      const process = { name: "worker default/1", host: "here", pid: 4242 };
      const silent = { why: "silent", processId: worker.id, process, since };
      expect(await whyOf(store, id)).toEqual([silent]);
      await worker.dies();
      await hire(store);
      expect(await whyOf(store, id)).toEqual([]);
    });

    it("is a person, a time or other jobs", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store);
      const [held, later] = await enqueueAll(store, [{ held: true }, { delayMs: 60_000 }]);
      const after = await enqueueOne(store, { after: [held!, later!] });
      expect(await whyOf(store, held!)).toEqual([{ why: "held" }]);
      const [due] = await whyOf(store, later!);
      const { runAt } = (await store.jobs.find(later!))!;
      expect(due).toMatchObject({ why: "scheduled", runAt });
      expect((due as { inMs: number }).inMs).toBeGreaterThan(50_000);
      expect((due as { inMs: number }).inMs).toBeLessThanOrEqual(60_000);
      const others = [
        { id: held, state: "held" },
        { id: later, state: "scheduled" },
      ];
      expect(await whyOf(store, after)).toEqual([{ why: "waiting", after: others }]);
    });

    it("leaves out the jobs before it that have ended", async () => {
      await using world = await open();
      const { store } = world;
      const [first, second] = await enqueueAll(store, [{}, {}]);
      const after = await enqueueOne(store, { after: [first!, second!] });
      const worker = await newWorker(store);
      const job = await worker.claimOne();
      await worker.settle(job, { outcome: "finished", result: null });
      await hire(store);
      expect(await whyOf(store, after)).toEqual([
        { why: "waiting", after: [{ id: second, state: "ready" }] },
      ]);
    });

    it("is that nobody dispatches, when it is due and nobody does", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store);
      const id = await enqueueOne(store, { delayMs: 1 });
      await waitFor(async () => (await whyOf(store, id))[0]?.why === "no-dispatcher");
      expect(await whyOf(store, id)).toEqual([{ why: "no-dispatcher" }]);
      await appoint(store, "supervisor");
      expect(await whyOf(store, id)).toEqual([{ why: "no-dispatcher" }]);
      await appoint(store, "dispatcher");
      expect(await whyOf(store, id)).toMatchObject([{ why: "scheduled", inMs: 0 }]);
      await store.jobs.dispatch(1);
      expect(await whyOf(store, id)).toEqual([]);
    });

    it("is all of it: a time, a pause, and that nobody could take it", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.pause("mail");
      const job = { queue: "mail", delayMs: 60_000 };
      const id = await enqueueOne(store, job);
      expect(await whyOf(store, id)).toMatchObject([
        { why: "scheduled" },
        { why: "paused", queue: "mail" },
        { why: "no-worker", queue: "mail" },
      ]);
    });
  });
}

function gatesContract(open: OpenStore): void {
  describe("why a job is blocked", () => {
    it("is who has the slot: the job, its process, and since when", async () => {
      await using world = await open();
      const { store } = world;
      const before = await store.recurring.now();
      const gates = [slot("acme")];
      const [first, second] = await enqueueAll(store, [{ gates }, { gates }]);
      const process = await hire(store, { name: "worker mail/2" });
      const claim = { queues: ["*"], names: ["job"], limit: 1, idle: true };
      const ready = { id: first!, name: "job", state: "ready", processId: null, process: null };
      const blocked = { why: "blocked", kind: "concurrency", key: "acme", limit: 1 };
      expect(await whyOf(store, second!)).toMatchObject([{ ...blocked, holders: [ready] }]);
      await store.jobs.turn({ processId: process, settlements: [], checkpoints: [], claim });
      const [reason, ...others] = await whyOf(store, second!);
      const running = {
        ...{ id: first, name: "job", state: "running", processId: process },
        process: { name: "worker mail/2", host: "here", pid: 4242 },
      };
      expect(reason).toMatchObject({ ...blocked, holders: [running], freeInMs: null });
      expect(others).toEqual([]);
      const { holders } = reason as Extract<Reason, { why: "blocked" }>;
      expect(holders[0]!.since).toBeGreaterThanOrEqual(before);
      expect(holders[0]!.since).toBeLessThanOrEqual(await store.recurring.now());
    });

    it("is every key without a free slot, and none that has one", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store);
      const keys = ["a", "b", "c"].map((key) => slot(key, { limit: 2 }));
      await enqueueAll(store, Array(2).fill({ gates: [keys[0], keys[2]] }));
      const id = await enqueueOne(store, { gates: keys });
      const found = (await whyOf(store, id)) as Extract<Reason, { why: "blocked" }>[];
      expect(found.map(({ key, holders }) => [key, holders.length])).toEqual([
        ["a", 2],
        ["c", 2],
      ]);
    });

    it("names at most ten holders, longest first, and the limit that is in force", async () => {
      await using world = await open();
      const { store } = world;
      await hire(store);
      const gates = [slot("acme", { limit: 12 })];
      const all = await enqueueAll(store, Array(13).fill({ gates }));
      const [reason] = await whyOf(store, all[12]!);
      expect(reason).toMatchObject({ limit: 12, holders: all.slice(0, 10).map((id) => ({ id })) });
      await store.flow.limit("job", 3);
      expect(await whyOf(store, all[12]!)).toMatchObject([{ limit: 3 }]);
    });

    it("is for a rate how long until it has a slot", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("calls", { limit: 2, ms: 60_000 })];
      const [, , third] = await enqueueAll(store, [{ gates }, { gates }, { gates }]);
      const worker = await newWorker(store);
      await hire(store);
      const blocked = { why: "blocked", kind: "rate", key: "calls", limit: 2 };
      // both slots are held by jobs that have not begun: nobody knows when they will
      expect(await whyOf(store, third!)).toMatchObject([{ ...blocked, freeInMs: null }]);
      await worker.claimOne();
      const [reason] = await whyOf(store, third!);
      expect(reason).toMatchObject(blocked);
      const { freeInMs, holders } = reason as Extract<Reason, { why: "blocked" }>;
      expect(freeInMs).toBeGreaterThan(50_000);
      expect(freeInMs).toBeLessThanOrEqual(60_000);
      expect(holders).toHaveLength(1);
    });

    it("is that nobody refills it, when a rate has rested and nobody does", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [rate("calls", { ms: 1 })];
      const [, second] = await enqueueAll(store, [{ gates }, { gates }]);
      const worker = await newWorker(store);
      await worker.claimOne();
      await hire(store);
      await waitFor(async () => (await whyOf(store, second!))[0]?.why === "no-dispatcher");
      await appoint(store, "dispatcher");
      expect(await whyOf(store, second!)).toEqual([{ why: "not-dispatched" }]);
      await store.flow.refill();
      expect(await whyOf(store, second!)).toEqual([]);
    });
  });
}
