// Jobs that come after other jobs.

import type { Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import {
  boom,
  type Ending,
  enqueueAll,
  enqueueOne,
  jobOf,
  newWorker,
  type OpenStore,
} from "../world.ts";
import { dispatchUntil, finish, slot, statesOf, unique } from "./words.ts";

/** One more job that ended that way. */
async function ended(store: Store, ending: Ending): Promise<number> {
  const id = await enqueueOne(store, { name: "ended" });
  const worker = await newWorker(store);
  await worker.settle(await worker.claimOne({ names: ["ended"] }), ending);
  return id;
}

export function dependenciesContract(open: OpenStore): void {
  describe("a job that comes after others", () => {
    it("waits until the last of them has finished, in a chain and in a diamond", async () => {
      await using world = await open();
      const { store } = world;
      const top = await enqueueOne(store);
      const [left, right] = await enqueueAll(store, [{ after: [top] }, { after: [top] }]);
      const bottom = await enqueueOne(store, { after: [left!, right!], priority: -9 });
      const all = [top, left!, right!, bottom];
      expect(await statesOf(store, all)).toEqual(["ready", "waiting", "waiting", "waiting"]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, all)).toEqual(["finished", "ready", "ready", "waiting"]);
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, bottom)).state).toBe("waiting");
      await finish(worker, await worker.claimOne());
      expect(await worker.claimOne()).toMatchObject({ id: bottom, attempts: 1 });
    });

    it.each<Ending>([
      { outcome: "failed", error: boom, retryDelayMs: 60_000 },
      { outcome: "interrupted", delayMs: 0 },
      { outcome: "released" },
      { outcome: "crashed" },
    ])("goes on waiting while they are to be repeated: %j", async (ending) => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const id = await enqueueOne(store, { after: [first], ifDependencyFails: "run" });
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), ending);
      expect((await jobOf(store, id)).state).toBe("waiting");
    });

    it("is ready at once where all of them have finished", async () => {
      await using world = await open();
      const done = { outcome: "finished", result: null } as const;
      const after = [await ended(world.store, done), await ended(world.store, done)];
      const id = await enqueueOne(world.store, { after });
      expect(await jobOf(world.store, id)).toMatchObject({ state: "ready" });
    });

    it("asks for its slot at once where all of them have finished, as any new job", async () => {
      await using world = await open();
      const { store } = world;
      const after = [await ended(store, { outcome: "finished", result: null })];
      await enqueueOne(store, { gates: [slot("acme")] });
      const impatient = (onConflict: "discard" | "fail") => ({
        name: "job",
        after,
        gates: [slot("acme", { onConflict })],
      });
      const answers = await store.jobs.enqueue([impatient("discard")]);
      expect(answers).toMatchObject([{ outcome: "discarded" }]);
      const refusal = store.jobs.enqueue([impatient("fail")]);
      await expect(refusal).rejects.toMatchObject({ code: "conflict" });
    });

    it("counts those that ended before, and waits for the others", async () => {
      await using world = await open();
      const { store } = world;
      const done = await ended(store, { outcome: "finished", result: null });
      const open2 = await enqueueOne(store);
      const id = await enqueueOne(store, { after: [done, open2] });
      expect((await jobOf(store, id)).state).toBe("waiting");
      await store.jobs.discard([done]);
      expect((await jobOf(store, id)).state).toBe("waiting");
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, id)).state).toBe("ready");
    });

    it("then waits for its time, or for a slot", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const first = await enqueueOne(store);
      const [late, soon, limited] = await enqueueAll(store, [
        { after: [first], delayMs: 60_000 },
        { after: [first], delayMs: 1 },
        { after: [first], gates },
      ]);
      const holder = await enqueueOne(store, { gates });
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, [late!, limited!])).toEqual(["scheduled", "blocked"]);
      await dispatchUntil(store, soon!, "ready");
      await store.jobs.discard([holder]);
      expect((await jobOf(store, limited!)).state).toBe("ready");
    });

    it("takes no slot while it waits", async () => {
      await using world = await open();
      const gates = [slot("acme")];
      const first = await enqueueOne(world.store);
      const [waiting, now] = await enqueueAll(world.store, [{ after: [first], gates }, { gates }]);
      expect(await statesOf(world.store, [waiting!, now!])).toEqual(["waiting", "ready"]);
    });

    it("stays held where a person is to let it go", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const id = await enqueueOne(store, { after: [first], held: true });
      expect((await jobOf(store, id)).state).toBe("held");
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect((await jobOf(store, id)).state).toBe("held");
    });

    it("may be cancelled or discarded meanwhile, and then hears nothing more", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const [a, b] = await enqueueAll(store, [{ after: [first] }, { after: [first] }]);
      expect(await store.jobs.cancel([a!])).toMatchObject([{ outcome: "cancelled" }]);
      expect(await store.jobs.discard([b!])).toMatchObject([{ outcome: "discarded" }]);
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, [a!, b!])).toEqual(["cancelled", "gone"]);
    });

    it("may come after a thousand, and the last one frees it", async () => {
      await using world = await open();
      const { store } = world;
      const after = await enqueueAll(store, Array(1_000).fill({}));
      const id = await enqueueOne(store, { after });
      const worker = await newWorker(store);
      const settle = async (runs: readonly { id: number; fence: number }[]): Promise<void> => {
        const settlements = runs.map(({ id, fence }) => ({ id, fence, ...done }));
        const turn = { processId: worker.id, checkpoints: [], claim: null };
        await store.jobs.turn({ ...turn, settlements });
      };
      const done = { outcome: "finished", result: null } as const;
      await settle(await worker.claim({ limit: 999 }));
      expect((await jobOf(store, id)).state).toBe("waiting");
      await settle(await worker.claim({ limit: 999 }));
      expect((await jobOf(store, id)).state).toBe("ready");
      const more = enqueueOne(store, { after: [...after, id] });
      await expect(more).rejects.toMatchObject({ code: "invalid" });
    });

    it("is refused where one of them does not exist, with all that came with it", async () => {
      await using world = await open();
      const { store } = world;
      const [known, gone] = await enqueueAll(store, [{}, {}]);
      await store.jobs.discard([gone!]);
      for (const unknown of [gone!, gone! + 1, gone! + 2, 987_654]) {
        const refusal = store.jobs.enqueue([
          { name: "job", after: [known!, unknown] },
          { name: "job" },
        ]);
        await expect(refusal).rejects.toMatchObject({ name: "StoreError", code: "invalid" });
        await expect(refusal).rejects.toThrow(`there is no job ${unknown} to come after`);
      }
      for (const wrong of [[0], [0.5], [-1], ["1"], [Number.NaN], [known, known], 7]) {
        const refusal = enqueueOne(store, { after: wrong as number[] });
        await expect(refusal).rejects.toMatchObject({ code: "invalid" });
      }
      const wrong = enqueueOne(store, { after: [known!], ifDependencyFails: "wait" as never });
      await expect(wrong).rejects.toThrow(/ifDependencyFails/);
      for (const onConflict of ["replace", "debounce"] as const) {
        for (const link of [{ after: [known!] }, { batchId: 1 }]) {
          const uniques = [unique("k", { onConflict })];
          await expect(enqueueOne(store, { ...link, uniques })).rejects.toThrow(
            "a job that may replace another cannot come after others, or belong to a batch",
          );
        }
      }
      expect(await store.jobs.list({})).toHaveLength(1);
    });
  });

  describe("a job enqueued while that which it comes after ends", () => {
    it("never waits in vain", async () => {
      await using world = await open();
      const { store } = world;
      const other = await world.connect();
      const worker = await newWorker(store);
      for (let round = 0; round < 40; round += 1) {
        const [first] = await enqueueAll(store, [{}]);
        const run = await worker.claimOne();
        const [, id] = await Promise.all([
          finish(worker, run),
          enqueueOne(other, { after: [first!] }),
        ]);
        expect(await jobOf(store, id)).toMatchObject({ state: "ready" });
        await finish(worker, await worker.claimOne());
      }
    });
  });
}
