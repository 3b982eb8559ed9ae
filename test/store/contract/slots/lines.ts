// A long line of jobs that one key holds up, in front of others which it does not: those behind it
// take the slots that are free.

import { describe, expect, it } from "vitest";
import { finish, rate, slot, statesOf } from "../flow/words.ts";
import { enqueueAll, enqueueOne, jobOf, newWorker, type OpenStore } from "../world.ts";

/** More than are passed over one by one. */
const many = 150;
const plain = { slots: null, rate: null, fair: false };

export function linesContract(open: OpenStore): void {
  describe("a long line of jobs that another key holds up", () => {
    it.each([false, true])(
      "leaves the slots of their queue to the others, at once (fair: %s)",
      async (fair) => {
        await using world = await open();
        const { store } = world;
        await store.queues.set("default", { slots: 5, rate: null, fair });
        const of = (key: string) => ({ gates: [slot(`acct/${key}`)] });
        await enqueueAll(store, ["A", "B1", "B2", "B3", "B4"].map(of));
        const worker = await newWorker(store);
        const runs = await worker.claim();
        expect(runs).toHaveLength(5);
        const line = await enqueueAll(store, Array(many).fill(of("A")));
        const others = await enqueueAll(
          store,
          Array.from({ length: 10 }, (_, n) => of(`C${n}`)),
        );
        const settlements = runs
          .slice(1)
          .map(({ id, fence }) => ({ id, fence, outcome: "finished", result: null }) as const);
        await store.jobs.turn({ processId: worker.id, settlements, checkpoints: [], claim: null });
        const ready = [...Array(4).fill("ready"), ...Array(6).fill("blocked")];
        expect(await statesOf(store, others)).toEqual(ready);
        const again = await worker.claim();
        await finish(worker, again[0]!);
        expect(await statesOf(store, others.slice(4, 6))).toEqual(["ready", "blocked"]);
        await finish(worker, ...again.slice(1), runs[0]!);
        expect(await statesOf(store, line.slice(0, 2))).toEqual(["ready", "blocked"]);
        expect(await store.jobs.count()).toMatchObject({ ready: 5 });
      },
    );

    it("leaves them a rate as well, as soon as it has rested", async () => {
      await using world = await open();
      const { store } = world;
      await store.queues.set("default", {
        ...plain,
        rate: { limit: 2, perMs: 60_000, burst: 2 },
      });
      const [holder] = await enqueueAll(store, [{ gates: [slot("A")] }, { gates: [slot("B")] }]);
      await enqueueAll(store, Array(many).fill({ gates: [slot("A")] }));
      const behind = await enqueueOne(store, { gates: [slot("C")] });
      const worker = await newWorker(store);
      expect((await worker.claimOne()).id).toBe(holder);
      await store.queues.set("default", {
        ...plain,
        rate: { limit: 3, perMs: 60_000, burst: 3 },
      });
      expect((await jobOf(store, behind)).state).toBe("ready");
    });

    it("hides nobody behind it, though each of them is held up by a key of its own", async () => {
      await using world = await open();
      const { store } = world;
      const keys = Array.from({ length: many }, (_, n) => `tenant/${n}`);
      await enqueueAll(
        store,
        keys.map((key) => ({ gates: [slot(key)], queue: "elsewhere" })),
      );
      const [holder] = await enqueueAll(store, [
        { gates: [slot("shared")] },
        ...keys.map((key) => ({ gates: [slot(key), slot("shared")] })),
      ]);
      const behind = await enqueueOne(store, { gates: [slot("free"), slot("shared")] });
      await store.jobs.cancel([holder!]);
      expect((await jobOf(store, behind)).state).toBe("ready");
    });

    it("hides nobody of the same keys who sees more slots", async () => {
      await using world = await open();
      const { store } = world;
      const of = (limit: number) => ({ gates: [slot("acme", { limit }), slot("shared")] });
      await enqueueOne(store, { gates: [slot("acme")], queue: "elsewhere" });
      const holder = await enqueueOne(store, { gates: [slot("shared")] });
      await enqueueAll(store, Array(many).fill(of(1)));
      const wide = await enqueueOne(store, of(2));
      const named = await enqueueOne(store, { ...of(1), name: "other" });
      await store.jobs.cancel([holder]);
      expect(await statesOf(store, [wide, named])).toEqual(["ready", "blocked"]);
      await store.flow.limit("other", 3);
      await store.jobs.cancel([wide]);
      expect((await jobOf(store, named)).state).toBe("ready");
    });

    it("hides nobody of the same keys who has one of the slots already", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme"), rate("calls", { limit: 2 })];
      const mine = await enqueueOne(store, { gates });
      const worker = await newWorker(store);
      const run = await worker.claimOne();
      const holder = await enqueueOne(store, { gates: [rate("calls", { limit: 2 })] });
      await enqueueAll(store, Array(many).fill({ gates, priority: -1 }));
      await worker.settle(run, { outcome: "interrupted", delayMs: 0 });
      expect(await statesOf(store, [mine, holder])).toEqual(["blocked", "ready"]);
      await store.jobs.cancel([holder]);
      expect((await jobOf(store, mine)).state).toBe("ready");
    });
  });
}
