// What a job that takes the place of another brings with it: its queue, its slots and its keys. It is
// admitted like a new job, and keeps its place in line.

import type { NewJob } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { enqueueAll, enqueueOne, ids, jobOf, newWorker, type OpenStore } from "../world.ts";
import { dispatchUntil, drainInOrder, finish, rate, slot, statesOf, unique } from "./words.ts";

const uniques = [unique("report", { onConflict: "replace" })];
const one = { slots: 1, rate: null, fair: false };

/** The answer to one job with the unique key. */
function newer(job: Partial<NewJob>): NewJob {
  return { name: "job", uniques, ...job };
}

export function replaceAllContract(open: OpenStore): void {
  describe("a job that becomes another one", () => {
    it("has the slots of the new one, and leaves its own to others", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = [[slot("a")], [slot("b")]];
      const [mine, nextOfA] = await enqueueAll(store, [{ gates: a, uniques }, { gates: a }]);
      expect(await store.jobs.enqueue([newer({ gates: b, args: "B" })])).toEqual([
        { id: mine, outcome: "replaced" },
      ]);
      const nextOfB = await enqueueOne(store, { gates: b });
      expect(await statesOf(store, [mine!, nextOfA!, nextOfB])).toEqual([
        "ready",
        "ready",
        "blocked",
      ]);
      expect(await jobOf(store, mine!)).toMatchObject({ concurrencyKey: "b", args: "B" });
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, nextOfB)).state).toBe("ready");
    });

    it("waits where they are taken, in its old place, and is ready where it waited in vain", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = [[slot("a")], [slot("b")]];
      const [holder, mine, next] = await enqueueAll(store, [
        { gates: a },
        { gates: b, uniques },
        { gates: a },
      ]);
      await store.jobs.enqueue([newer({ gates: a })]);
      expect(await statesOf(store, [mine!, next!])).toEqual(["blocked", "blocked"]);
      await store.jobs.cancel([holder!]);
      expect(await statesOf(store, [mine!, next!])).toEqual(["ready", "blocked"]);
      await store.jobs.enqueue([newer({})]);
      expect(await statesOf(store, [mine!, next!])).toEqual(["ready", "ready"]);
      await store.jobs.enqueue([newer({ gates: a })]);
      expect(await statesOf(store, [mine!, next!])).toEqual(["blocked", "ready"]);
      await store.jobs.enqueue([newer({ gates: b })]);
      expect((await jobOf(store, mine!)).state).toBe("ready");
    });

    it("keeps its slot before those who came later, and not before those who come first", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("a")];
      const [mine, later] = await enqueueAll(store, [{ gates, uniques }, { gates }]);
      await store.jobs.enqueue([newer({ gates, args: 2 })]);
      expect(await statesOf(store, [mine!, later!])).toEqual(["ready", "blocked"]);
      await store.jobs.enqueue([newer({ gates, priority: 1 })]);
      expect(await statesOf(store, [mine!, later!])).toEqual(["blocked", "ready"]);
    });

    it("goes to the queue of the new one, and has what is true of that", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("mail", one);
      const batchId = await store.batches.open({});
      const old = { queue: "mail", uniques: [unique("report")], batchId };
      const mine = await enqueueOne(store, old);
      const next = await enqueueOne(store, { queue: "mail" });
      const { createdAt } = await jobOf(store, mine);
      await store.jobs.enqueue([newer({ queue: "other" })]);
      expect(await jobOf(store, mine)).toMatchObject({ queue: "other", batchId, createdAt });
      expect(await statesOf(store, [mine, next])).toEqual(["ready", "ready"]);
      await store.jobs.enqueue([newer({ queue: "mail" })]);
      expect(await statesOf(store, [mine, next])).toEqual(["blocked", "ready"]);
      expect(await drainInOrder(store)).toEqual([next, mine]);
    });

    it("has its unique keys: those it had beside the common one are free", async () => {
      await using world = await open();
      const { store } = world;
      const [old, young] = [unique("old"), unique("young")];
      const mine = await enqueueOne(store, { uniques: [uniques[0]!, old] });
      await store.jobs.enqueue([newer({ uniques: [uniques[0]!, young] })]);
      const answers = await store.jobs.enqueue([
        { name: "job", uniques: [young] },
        { name: "job", uniques: [old] },
      ]);
      expect(answers).toEqual([
        { id: mine, outcome: "exists" },
        { id: expect.any(Number), outcome: "created" },
      ]);
      expect((await jobOf(store, mine)).uniqueKey).toBe("report");
    });

    it("goes without a key that somebody else has", async () => {
      await using world = await open();
      const { store } = world;
      const [mine, other] = await enqueueAll(store, [{ uniques }, { uniques: [unique("x")] }]);
      const both = newer({ uniques: [uniques[0]!, unique("x")] });
      expect(await store.jobs.enqueue([both])).toEqual([{ id: mine, outcome: "replaced" }]);
      const x = { name: "job", uniques: [unique("x")] };
      expect(await store.jobs.enqueue([x])).toEqual([{ id: other, outcome: "exists" }]);
      await store.jobs.discard([other!]);
      expect(await store.jobs.enqueue([x])).toMatchObject([{ outcome: "created" }]);
    });

    it("has them when it is due, where it is put off or held", async () => {
      await using world = await open();
      const { store } = world;
      const [gates, others] = [[slot("a")], [slot("b"), rate("c")]];
      const [late, free] = await enqueueAll(store, [{ gates, uniques }, { gates }]);
      await store.jobs.enqueue([newer({ gates: others, delayMs: 20 })]);
      expect(await statesOf(store, [late!, free!])).toEqual(["scheduled", "ready"]);
      const before = await enqueueOne(store, { gates: [slot("b")] });
      expect((await jobOf(store, before)).state).toBe("ready");
      await dispatchUntil(store, late!, "blocked");
      await store.jobs.discard([before]);
      expect((await jobOf(store, late!)).state).toBe("ready");
      await store.jobs.enqueue([newer({ gates: others, held: true })]);
      expect((await jobOf(store, late!)).state).toBe("held");
    });
  });

  describe("a new job that would be dropped, were it not for the one it replaces,", () => {
    it("leaves that one as it is, where somebody else has its slot", async () => {
      await using world = await open();
      const { store } = world;
      const holder = await enqueueOne(store, { gates: [slot("b")] });
      const mine = await enqueueOne(store, { gates: [slot("a")], uniques, args: 1 });
      const before = await jobOf(store, mine);
      const dropped = newer({ gates: [slot("b", { onConflict: "discard" })], args: 2 });
      const [answer] = await store.jobs.enqueue([dropped]);
      expect(answer!.outcome).toBe("discarded");
      expect([holder, mine]).not.toContain(answer!.id);
      expect(await jobOf(store, mine)).toEqual(before);
      const refused = newer({ gates: [slot("b", { onConflict: "fail" })], args: 2 });
      const refusal = store.jobs.enqueue([refused]);
      await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "conflict" });
      expect(await jobOf(store, mine)).toEqual(before);
      expect(ids(await store.jobs.list({}))).toEqual([holder, mine]);
    });

    it("takes its slot where that one has it", async () => {
      await using world = await open();
      const { store } = world;
      for (const onConflict of ["discard", "fail", "replace"] as const) {
        const gates = [slot(onConflict, { onConflict })];
        const name = unique(onConflict, { onConflict: "replace" });
        const id = await enqueueOne(store, { gates, uniques: [name] });
        const again = { name: "job", gates, uniques: [name], args: 2 };
        expect(await store.jobs.enqueue([again])).toEqual([{ id, outcome: "replaced" }]);
        expect(await jobOf(store, id)).toMatchObject({ state: "ready", args: 2 });
      }
    });

    it("comes in the place of others of its key that have not begun", async () => {
      await using world = await open();
      const { store } = world;
      const [other, mine] = await enqueueAll(store, [{ gates: [slot("a")] }, { uniques }]);
      await store.jobs.enqueue([newer({ gates: [slot("a", { onConflict: "replace" })] })]);
      expect(await statesOf(store, [other!, mine!])).toEqual(["cancelled", "ready"]);
    });
  });
}
