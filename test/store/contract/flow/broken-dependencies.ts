// What becomes of a job when one that it comes after did not finish.

import { maxCrashes, type Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import {
  boom,
  type Ending,
  enqueueAll,
  enqueueOne,
  jobOf,
  newWorker,
  type OpenStore,
} from "../world.ts";
import { deleteByHand, letGoByHand } from "./by-hand.ts";
import { finish, rate, slot, statesOf } from "./words.ts";

const failed: Ending = { outcome: "failed", error: boom, retryDelayMs: null };

export function brokenDependenciesContract(open: OpenStore): void {
  describe("a job that a person holds, and that comes after one that did not finish,", () => {
    const held = { held: true };

    it("stays held, and fails once it is let go", async () => {
      await using world = await open();
      const { store } = world;
      const [first, ended] = await enqueueAll(store, [{}, {}]);
      await store.jobs.cancel([ended!]);
      const all = await enqueueAll(store, [
        { ...held, after: [first!] },
        { ...held, after: [ended!] },
      ]);
      await store.jobs.discard([first!]);
      await store.flow.maintain(10);
      for (const id of all) expect(await store.flow.why(id)).toContainEqual({ why: "held" });
      for (const id of all) await letGoByHand(world.url, id);
      await waitFor(async () => {
        await store.flow.maintain(10);
        return (await store.jobs.count()).failed === 2;
      });
      const errors = [await jobOf(store, all[0]!), await jobOf(store, all[1]!)].map(
        ({ error }) => error?.message,
      );
      expect(errors).toEqual([
        `job ${first}, which it comes after, was discarded`,
        `job ${ended}, which it comes after, was cancelled`,
      ]);
    });

    it("does not mind, if that one was retried meanwhile and has finished", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const id = await enqueueOne(store, { ...held, after: [first] });
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), failed);
      await store.jobs.retry([first], { fromStart: false });
      await finish(worker, await worker.claimOne());
      await letGoByHand(world.url, id);
      await waitFor(async () => {
        await store.flow.maintain(10);
        return (await jobOf(store, id)).state === "ready";
      });
    });

    it("may be cancelled", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const id = await enqueueOne(store, { ...held, after: [first] });
      await store.jobs.cancel([first]);
      expect(await store.jobs.cancel([id])).toEqual([{ id, outcome: "cancelled" }]);
    });
  });

  describe("a job that comes after one that did not finish", () => {
    it.each([
      ["failed", failed],
      ["was cancelled", { outcome: "cancelled" }],
    ] as const)(
      "fails as well, and says why, and so do those that come after it: %s",
      async (how, ending) => {
        await using world = await open();
        const { store } = world;
        const first = await enqueueOne(store);
        const second = await enqueueOne(store, { after: [first] });
        const third = await enqueueOne(store, { after: [second] });
        const fourth = await enqueueOne(store, { after: [third], ifDependencyFails: "run" });
        const worker = await newWorker(store);
        await worker.settle(await worker.claimOne(), ending);
        expect(await statesOf(store, [second, third, fourth])).toEqual([
          "failed",
          "failed",
          "ready",
        ]);
        const { error, finishedAt, attempts } = await jobOf(store, second);
        const message = `job ${first}, which it comes after, ${how}`;
        expect(error).toMatchObject({ name: "DependencyError", message });
        expect(finishedAt).not.toBeNull();
        expect(attempts).toBe(0);
        const { error: next } = await jobOf(store, third);
        expect(next!.message).toBe(`job ${second}, which it comes after, failed`);
      },
    );

    it.each(["cancel", "discard", "clear", "crash", "recover"] as const)(
      "hears of every way not to finish: %s",
      async (how) => {
        await using world = await open();
        const { store } = world;
        const first = await enqueueOne(store, { queue: "mail" });
        const [fails, runs] = await enqueueAll(store, [
          { after: [first] },
          { after: [first], ifDependencyFails: "run" },
        ]);
        await waysNotToFinish[how](store, first);
        expect(await statesOf(store, [fails!, runs!])).toEqual(["failed", "ready"]);
        const { error } = await jobOf(store, fails!);
        expect(error!.message).toMatch(
          new RegExp(`^job ${first}, which it comes after, (failed|was cancelled|was discarded)$`),
        );
      },
    );

    it("hears of a row that somebody deleted, no later than with maintenance", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const id = await enqueueOne(store, { after: [first] });
      await deleteByHand(world.url, [first]);
      await waitFor(async () => {
        await store.flow.maintain(10);
        return (await jobOf(store, id)).state === "failed";
      });
    });

    it("fails when it is enqueued, where that one ended before", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), failed);
      const after = [first];
      const [fails, runs] = await enqueueAll(store, [
        { after },
        { after, ifDependencyFails: "run" },
      ]);
      expect(await statesOf(store, [fails!, runs!])).toEqual(["failed", "ready"]);
      expect((await jobOf(store, fails!)).error).toMatchObject({ name: "DependencyError" });
      const next = await enqueueOne(store, { after: [fails!] });
      expect((await jobOf(store, next)).state).toBe("failed");
    });

    it("runs where it does not mind, after the last of them has ended", async () => {
      await using world = await open();
      const { store } = world;
      const after = await enqueueAll(store, [{}, {}]);
      const id = await enqueueOne(store, { after, ifDependencyFails: "run" });
      const worker = await newWorker(store);
      await worker.settle(await worker.claimOne(), failed);
      expect((await jobOf(store, id)).state).toBe("waiting");
      await worker.settle(await worker.claimOne(), failed);
      expect((await jobOf(store, id)).state).toBe("ready");
    });

    it("is not cleared with that one, if that only makes it ready", async () => {
      await using world = await open();
      const { store } = world;
      const gates = [slot("acme")];
      const [first, second] = await enqueueAll(store, [{ gates }, {}]);
      const rest = await enqueueAll(store, [
        { gates },
        { after: [first!], ifDependencyFails: "run" },
        { after: [second!], ifDependencyFails: "run", gates: [rate("api")] },
      ]);
      expect(await store.queues.clear("default", { all: false })).toBe(2);
      expect(await statesOf(store, [first!, second!])).toEqual(["gone", "gone"]);
      expect(await statesOf(store, rest)).toEqual(["ready", "ready", "ready"]);
    });

    it("does not wake when that one is retried later", async () => {
      await using world = await open();
      const { store } = world;
      const first = await enqueueOne(store);
      const second = await enqueueOne(store, { after: [first] });
      await store.jobs.cancel([first]);
      await store.jobs.retry([first], { fromStart: false });
      const worker = await newWorker(store);
      await finish(worker, await worker.claimOne());
      expect(await statesOf(store, [first, second])).toEqual(["finished", "failed"]);
    });

    it("fails through a chain of 200", async () => {
      await using world = await open();
      const { store } = world;
      const chain = [await enqueueOne(store)];
      while (chain.length < 200) chain.push(await enqueueOne(store, { after: [chain.at(-1)!] }));
      await store.jobs.cancel([chain[0]!]);
      await waitFor(async () => {
        await store.flow.maintain(100);
        return (await store.jobs.count()).failed === 199;
      });
    });
  });
}

const waysNotToFinish = {
  cancel: (store: Store, id: number) => store.jobs.cancel([id]),
  discard: (store: Store, id: number) => store.jobs.discard([id]),
  clear: (store: Store, _: number) => store.queues.clear("mail", { all: false }),
  async crash(store: Store, _: number): Promise<void> {
    for (let n = 1; n <= maxCrashes; n += 1) {
      const worker = await newWorker(store);
      await worker.claimOne();
      await worker.dies();
    }
  },
  async recover(store: Store, id: number): Promise<void> {
    const worker = await newWorker(store);
    await worker.claimOne();
    await store.jobs.cancel([id]);
    await worker.dies();
  },
};
