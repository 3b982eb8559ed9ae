// Jobs of one call ask for slots in their order; and what a job does on conflict is asked once, when
// it is enqueued or due: whatever is changed later, nobody is dropped for it.

import { describe, expect, it } from "vitest";
import { slot, statesOf } from "../flow/words.ts";
import { enqueueAll, enqueueOne, ids, newWorker, type OpenStore } from "../world.ts";

export function orderContract(open: OpenStore): void {
  describe("jobs of one call", () => {
    it("get slots in their order, whatever each does on conflict", async () => {
      await using world = await open();
      const { store } = world;
      const limited = (key: string, onConflict: "block" | "discard" | "replace") => ({
        name: "job",
        gates: [slot(key, { onConflict })],
      });
      const answers = await store.jobs.enqueue([
        limited("a", "block"),
        limited("a", "discard"),
        limited("a", "block"),
        limited("b", "block"),
        limited("b", "replace"),
        limited("c", "discard"),
        limited("c", "block"),
      ]);
      expect(await statesOf(store, ids(answers))).toEqual([
        "ready",
        "gone",
        "blocked",
        "cancelled",
        "ready",
        "ready",
        "blocked",
      ]);
    });

    it("fail together, where a later one would rather fail than wait for an earlier one", async () => {
      await using world = await open();
      const { store } = world;
      const refusal = store.jobs.enqueue([
        { name: "job", gates: [slot("a"), slot("b")] },
        { name: "job", gates: [slot("b", { limit: 1, onConflict: "fail" })] },
      ]);
      await expect(refusal).rejects.toMatchObject({ code: "conflict" });
      expect(await store.jobs.list({})).toEqual([]);
    });
  });

  describe("a job that is blocked", () => {
    it("is not dropped, and drops nobody, when limits or settings change", async () => {
      await using world = await open();
      const { store } = world;
      await enqueueOne(store, { gates: [slot("busy")] });
      const worker = await newWorker(store);
      await worker.claimOne();
      const busy = slot("busy");
      const blocked = await enqueueAll(store, [
        { gates: [slot("a", { onConflict: "discard" }), busy] },
        { gates: [slot("b", { onConflict: "fail" }), busy] },
        { gates: [slot("c", { onConflict: "replace" }), busy] },
      ]);
      const ready = await enqueueAll(
        store,
        ["a", "b", "c"].map((key) => ({ gates: [slot(key)], name: "other" })),
      );
      const changes: readonly (() => Promise<unknown>)[] = [
        () => store.flow.limit("job", 1),
        () => store.queues.set("default", { slots: 100, rate: null, fair: false }),
        () => store.flow.limit("job", null),
        () => store.queues.set("default", null),
        () => store.flow.maintain(100),
      ];
      for (const change of changes) {
        await change();
        expect(await statesOf(store, blocked)).toEqual(["blocked", "blocked", "blocked"]);
        expect(await statesOf(store, ready)).toEqual(["ready", "ready", "ready"]);
      }
    });
  });
}
