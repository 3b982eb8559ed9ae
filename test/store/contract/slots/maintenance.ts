// The second path, for what the first missed. What it may miss is a person who deletes rows; slots
// of the living are not its to take, however long they are held.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { deleteByHand } from "../flow/by-hand.ts";
import { dispatchUntil, during, finish, slot, statesOf } from "../flow/words.ts";
import { enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "../world.ts";

const nothing = { freed: 0, promoted: 0, nextInMs: null };

export function maintenanceContract(open: OpenStore): void {
  describe("maintenance", () => {
    it("has nothing to do where nothing went wrong, however often it looks", async () => {
      await using world = await open();
      const { store } = world;
      expect(await store.flow.maintain(100)).toEqual(nothing);
      const gates = [slot("acme")];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates: [slot("other")] }]);
      expect(await store.flow.maintain(100)).toEqual(nothing);
      expect(await store.flow.maintain(0)).toEqual(nothing);
      expect(await statesOf(store, all)).toEqual(["ready", "blocked", "ready"]);
    });

    it("takes no slot from the living, however long ago they were heard of", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme", { limit: 3, ms: 1 })];
      const all = await enqueueAll(store, [{ gates }, { gates }, { gates }, { gates }]);
      const worker = await newWorker(store);
      const [run, interrupted] = await worker.claim({ limit: 2 });
      await worker.settle(interrupted!, { outcome: "interrupted", delayMs: 60_000 });
      await during(60, async () => {
        expect(await store.flow.maintain(100)).toMatchObject({ freed: 0, promoted: 0 });
      });
      expect(await statesOf(store, all)).toEqual(["running", "scheduled", "ready", "blocked"]);
      await finish(worker, run!);
      expect((await jobOf(store, all[3]!)).state).toBe("ready");
    });

    it("gives a slot of a row that somebody deleted to the next job", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [ready, second] = await enqueueAll(store, [{ gates }, { gates }, { gates }]);
      await deleteByHand(world.url, [ready!]);
      await waitFor(async () => {
        await store.flow.maintain(100);
        return (await jobOf(store, second!)).state === "ready";
      });
      const worker = await newWorker(store);
      await worker.claimOne();
      await deleteByHand(world.url, [second!]);
      await waitFor(async () => {
        await store.flow.maintain(100);
        return (await store.jobs.count()).ready === 1;
      });
    });

    it("makes at most one job per key ready at a time, and in the end all that may be", async () => {
      await using world = await open();
      const { store } = world;
      const keys = ["a", "b"];
      const jobs = keys.map((key) => ({ gates: [slot(key, { limit: 3 })] }));
      const holders = await enqueueAll(store, [...jobs, ...jobs, ...jobs]);
      await enqueueAll(store, [...jobs, ...jobs, ...jobs, ...jobs]);
      await deleteByHand(world.url, holders);
      const promoted: number[] = [];
      await waitFor(async () => {
        promoted.push((await store.flow.maintain(100)).promoted);
        return (await store.jobs.count()).ready === 6;
      });
      expect(Math.max(...promoted)).toBeLessThanOrEqual(keys.length);
      expect(await store.flow.maintain(100)).toEqual(nothing);
      expect(await store.jobs.count()).toMatchObject({ ready: 6, blocked: 2 });
    });

    it("is not needed where somebody does anything with the key", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [holder, second] = await enqueueAll(store, [{ gates }, { gates }]);
      await deleteByHand(world.url, [holder!]);
      await enqueueOne(store, { gates });
      expect((await jobOf(store, second!)).state).toBe("ready");
      expect(await store.jobs.count()).toMatchObject({ ready: 1, blocked: 1 });
    });

    it("does not mind jobs that come back to a key others have by now", async () => {
      await using world = await open();
      const { store } = world;
      const late = await enqueueOne(store, { gates: [slot("acme")], delayMs: 20 });
      const holder = await enqueueOne(store, { gates: [slot("acme")] });
      await dispatchUntil(store, late, "blocked");
      const both = await Promise.all([store, await world.connect()].map((s) => s.flow.maintain(9)));
      expect(both).toMatchObject([{ promoted: 0 }, { promoted: 0 }]);
      expect(await statesOf(store, [holder, late])).toEqual(["ready", "blocked"]);
    });
  });
}
