// A job that needs a slot of a key, at the moment it is enqueued or becomes due: it gets one, or
// waits, is dropped, fails, or takes the place of others.

import { describe, expect, it } from "vitest";
import { dispatchUntil, finish, slot, statesOf } from "../flow/words.ts";
import { boom, enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";

export function gatesContract(open: OpenStore): void {
  describe("a job that needs a slot", () => {
    it("is ready while its key has one, and blocked when it has none", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { limit: 2 })];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }, {}]);
      expect(await statesOf(store, all)).toEqual(["ready", "ready", "blocked", "ready"]);
      expect(await jobOf(store, all[2]!)).toMatchObject({ concurrencyKey: "acme", attempts: 0 });
      expect(await jobOf(store, all[3]!)).toMatchObject({ concurrencyKey: null });
      const worker = await newWorker(store);
      expect(ids(await worker.claim())).toEqual([all[0], all[1], all[3]]);
      expect(await store.jobs.outstanding()).toMatchObject({ busy: true });
    });

    it("has nothing to do with other keys, however much they look like it", async () => {
      await using world = await open();
      const keys = ["acme", "ACME", "acme ", "acm%", "acm_", "ácme", "acme/1", "x".repeat(400)];
      const jobs = keys.map((key) => ({ gates: [slot(key)] }));
      const first = await enqueueAll(world.store, jobs);
      const second = await enqueueAll(world.store, jobs);
      expect(await statesOf(world.store, first)).toEqual(keys.map(() => "ready"));
      expect(await statesOf(world.store, second)).toEqual(keys.map(() => "blocked"));
    });

    it("takes none while it is held or its time has not come", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [held, late, now] = await enqueueAll(store, [
        { gates, held: true },
        { gates, delayMs: 60_000 },
        { gates },
      ]);
      expect(await statesOf(store, [held!, late!, now!])).toEqual(["held", "scheduled", "ready"]);
      await store.jobs.discard([held!, late!]);
      expect((await jobOf(store, await enqueueOne(store, { gates }))).state).toBe("blocked");
    });

    it("is blocked when it is due and its key has none left, and ready when one is free", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const late = await enqueueOne(store, { gates, delayMs: 20 });
      await enqueueOne(store, { gates });
      await dispatchUntil(store, late, "blocked");
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, late)).state).toBe("ready");
    });

    it("is one of many that are due at once, of which as many are ready as it has slots", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { limit: 3 })];
      const all = await enqueueAll(store, Array(8).fill({ gates, delayMs: 20 }));
      await dispatchUntil(store, all[7]!, "blocked");
      const states = await statesOf(store, all);
      expect(states).toEqual([...Array(3).fill("ready"), ...Array(5).fill("blocked")]);
    });

    it("is admitted like a new one when many are retried at once", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { limit: 2 })];
      const all = await enqueueAll(store, Array(5).fill({ gates }));
      await store.jobs.cancel(all);
      const newer = await enqueueOne(store, { gates });
      await store.jobs.retry(all, { fromStart: false });
      expect((await jobOf(store, newer)).state).toBe("ready");
      expect(await store.jobs.count()).toMatchObject({ ready: 2, blocked: 4, cancelled: 0 });
    });

    it("is refused with an error that names the field", async () => {
      await using world = await open();
      const nine = Array.from({ length: 9 }, (_, n) => slot(`k${n}`));
      const wrong: readonly [readonly unknown[], RegExp][] = [
        [[slot("")], /key/],
        [[slot("x".repeat(401))], /key .*400/],
        [[slot(7 as never)], /key/],
        [[slot("k", { limit: 0 })], /limit/],
        [[slot("k", { limit: -1 })], /limit/],
        [[slot("k", { limit: 1.5 })], /limit/],
        [[slot("k", { ms: -1 })], /ms/],
        [[slot("k", { onConflict: "wait" as never })], /onConflict .*"wait"/],
        [[slot("k", { kind: "lock" as never })], /kind .*"lock"/],
        [[slot("k", { kind: "rate", onConflict: "discard" })], /onConflict/],
        [[slot("k"), slot("k", { kind: "rate" })], /gates .*"k" twice/],
        [nine, /gates .*8/],
        ["k" as never, /gates/],
      ];
      for (const [gates, message] of wrong) {
        const refusal = enqueueOne(world.store, { gates: gates as never });
        await expect(refusal).rejects.toMatchObject({ code: "invalid" });
        await expect(refusal).rejects.toThrow(message);
      }
      expect(await world.store.jobs.list({})).toEqual([]);
    });
  });

  describe("a job that would rather be dropped than wait", () => {
    it("is dropped, its id is nobody's, and a free slot is still free", async () => {
      await using world = await open();
      const { store } = world;
      const job = { name: "job", gates: [slot("acme", { limit: 2, onConflict: "discard" })] };
      const answers = await store.jobs.enqueue([job, job, job, { name: "job" }, job]);
      const outcomes = answers.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(["created", "created", "discarded", "created", "discarded"]);
      expect(new Set(ids(answers)).size).toBe(5);
      const states = await statesOf(store, ids(answers));
      expect(states).toEqual(["ready", "ready", "gone", "ready", "gone"]);
      expect(await enqueueOne(store)).toBeGreaterThan(Math.max(...ids(answers)));
      const worker = await newWorker(store);
      await finish(worker, ...(await worker.claim()));
      const again = await store.jobs.enqueue([job, job, job]);
      expect(again.map(({ outcome }) => outcome)).toEqual(["created", "created", "discarded"]);
    });

    it("is dropped for one key of several, and then has taken none", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueOne(store, { gates: [slot("b")] });
      const gates = [slot("a"), slot("b", { onConflict: "discard" }), slot("c")];
      const [answer] = await store.jobs.enqueue([{ name: "job", gates }]);
      expect(answer!.outcome).toBe("discarded");
      const free = await enqueueAll(store, [{ gates: [slot("a")] }, { gates: [slot("c")] }]);
      expect(await statesOf(store, free)).toEqual(["ready", "ready"]);
    });

    it.each(["discard", "fail"] as const)(
      "is cancelled when it is due and there is no slot: %s",
      async (onConflict) => {
        await using world = await open();
        const { store } = world;
        const late = await enqueueOne(store, {
          gates: [slot("acme", { onConflict })],
          delayMs: 20,
        });
        await enqueueOne(store, { gates: [slot("acme")] });
        await dispatchUntil(store, late, "cancelled");
        const cancelled = await jobOf(store, late);
        expect(cancelled.error).toMatchObject({ name: "ConflictError" });
        expect(cancelled.error!.message).toContain("acme");
        expect(cancelled.finishedAt).not.toBeNull();
      },
    );

    it.each(["discard", "fail", "replace"] as const)(
      "waits after all when its own retry is due, or a person retries it: %s",
      async (onConflict) => {
        await using world = await open();
        const { store } = world;
        const worker = await newWorker(store);
        const [mine] = await enqueueAll(store, [{ gates: [slot("acme", { onConflict })] }]);
        const run = await worker.claimOne();
        await worker.settle(run, { outcome: "failed", error: boom, retryDelayMs: 20 });
        const other = await enqueueOne(store, { gates: [slot("acme")] });
        const busy = await worker.claimOne();
        expect(busy.id).toBe(other);
        await dispatchUntil(store, mine!, "blocked");
        await store.jobs.cancel([mine!]);
        await store.jobs.retry([mine!], { fromStart: false });
        expect((await jobOf(store, mine!)).state).toBe("blocked");
        await finish(worker, busy);
        expect(await worker.claimOne()).toMatchObject({ id: mine, attempts: 1 });
      },
    );
  });

  describe("a job that would rather fail than wait", () => {
    it("is refused with everything that came with it, and the error names the holder", async () => {
      await using world = await open();
      const { store } = world;
      const [holder] = await enqueueAll(store, [{ gates: [slot("acme")] }]);
      const job = { name: "job", gates: [slot("acme", { onConflict: "fail" })] };
      const refusal = store.jobs.enqueue([{ name: "job" }, job, { name: "job" }]);
      await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "conflict" });
      await expect(refusal).rejects.toThrow(/acme/);
      await expect(refusal).rejects.toThrow(new RegExp(`\\b${holder}\\b`));
      expect(ids(await store.jobs.list({}))).toEqual([holder]);
      await store.jobs.discard([holder!]);
      expect(await store.jobs.enqueue([job])).toMatchObject([{ outcome: "created" }]);
    });

    it("finds a slot taken by another job of the same call as well", async () => {
      await using world = await open();
      const job = { name: "job", gates: [slot("acme", { onConflict: "fail" })] };
      const refusal = world.store.jobs.enqueue([job, job]);
      await expect(refusal).rejects.toMatchObject({ code: "conflict" });
      expect(await world.store.jobs.enqueue([job])).toMatchObject([{ outcome: "created" }]);
    });
  });

  describe("a job that takes the place of others", () => {
    it("cancels those of its key that have not begun, and is ready in their stead", async () => {
      await using world = await open();
      const { store } = world;
      const [ready, blocked, other] = await enqueueAll(store, [
        { gates: [slot("acme")] },
        { gates: [slot("acme")] },
        { gates: [slot("other")] },
      ]);
      const gates = [slot("acme", { onConflict: "replace" })];
      const [answer] = await store.jobs.enqueue([{ name: "job", gates }]);
      expect(answer!.outcome).toBe("created");
      const states = await statesOf(store, [ready!, blocked!, other!, answer!.id]);
      expect(states).toEqual(["cancelled", "cancelled", "ready", "ready"]);
    });

    it("waits for those that have begun, and for those that were interrupted", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const gate = slot("acme", { limit: 2 });
      await enqueueAll(store, [{ gates: [gate] }, { gates: [gate] }, { gates: [gate] }]);
      const [running, begun] = await worker.claim();
      await worker.settle(begun!, { outcome: "interrupted", delayMs: 0, cursor: 3 });
      const newest = await enqueueOne(store, { gates: [{ ...gate, onConflict: "replace" }] });
      const states = await statesOf(store, [running!.id, begun!.id, begun!.id + 1, newest]);
      expect(states).toEqual(["running", "ready", "cancelled", "blocked"]);
      await finish(worker, running!);
      expect((await jobOf(store, newest)).state).toBe("ready");
    });

    it("counts a run that was handed back before it began as none", async () => {
      await using world = await open();
      const { store } = world;
      const worker = await newWorker(store);
      const [released, byName] = await enqueueAll(store, [{ gates: [slot("a")] }, {}]);
      const runs = await worker.claim();
      await worker.settle(runs[0]!, { outcome: "released" });
      await worker.settle(runs[1]!, { outcome: "gated", gates: [slot("b")] });
      expect(await statesOf(store, [released!, byName!])).toEqual(["ready", "ready"]);
      const gates = ["a", "b"].map((key) => [slot(key, { onConflict: "replace" })]);
      const newer = await enqueueAll(
        store,
        gates.map((each) => ({ gates: each })),
      );
      expect(await statesOf(store, newer)).toEqual(["ready", "ready"]);
      expect(await statesOf(store, [released!, byName!])).toEqual(["cancelled", "cancelled"]);
    });

    it("leaves everybody alone while a slot is free", async () => {
      await using world = await open();
      const gates = [slot("acme", { limit: 2, onConflict: "replace" })];
      const all = await enqueueAll(world.store, [{ gates }, { gates }]);
      expect(await statesOf(world.store, all)).toEqual(["ready", "ready"]);
    });
  });
}
