// The process that runs commands is lost: they are taken over, or their end is unknown.

import { describe, expect, it } from "vitest";
import { silenceByHand } from "../flow/by-hand.ts";
import { enqueueOne, ids, killed, type OpenStore } from "../world.ts";
import { add, addAll, commandOf, failure, newRunner, someRun, stateOf, success } from "./words.ts";

export function losingContract(open: OpenStore): void {
  describe("commands that are adopted", () => {
    it("go into other hands with a new fence, and nothing is counted", async () => {
      await using world = await open();
      const { store } = world;
      const all = (await addAll(store, [{}, {}, {}])) as [number, number, number];
      const [a, b, other] = all;
      const [old, heir] = [await newRunner(store), await newRunner(store)];
      const run = await old.start(a);
      await old.claim([b]);
      await heir.start(other);
      await store.jobs.cancel([b]);
      const adopted = await store.commands.adopt(old.id, heir.id);
      expect(ids(adopted)).toEqual([a, b]);
      expect(adopted).toMatchObject([
        {
          ...{
            state: "running",
            processId: heir.id,
            fence: run.fence + 1,
            attempts: 1,
            crashes: 0,
          },
          command: { adopted: true, process: someRun(), slot: 0 },
        },
        { cancelRequested: true, command: { adopted: true, process: null } },
      ]);
      expect(await commandOf(store, other)).toMatchObject({ command: { adopted: false } });
      expect(await store.commands.adopt(old.id, heir.id)).toEqual([]);
      expect(await old.dies()).toEqual([]);
      expect((await old.settle(run, success)).refused).toHaveLength(1);
      await heir.settle(adopted[0]!, success);
      expect(await commandOf(store, a)).toMatchObject({
        ...{ state: "finished", attempts: 1, crashes: 0, command: { adopted: true, exitCode: 0 } },
      });
    });

    it("are left where nobody is registered who could have them", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      const { fence } = await runner.start(id);
      await expect(store.commands.adopt(runner.id, 999)).rejects.toMatchObject({ code: "invalid" });
      expect(await commandOf(store, id)).toMatchObject({ fence, command: { adopted: false } });
    });

    it("are nobody else's: modules stay with their worker", async () => {
      await using world = await open();
      const { store } = world;
      const id = await enqueueOne(store);
      const [old, heir] = [await newRunner(store), await newRunner(store)];
      await old.claim([id], { names: ["job"] });
      expect(await store.commands.adopt(old.id, heir.id)).toEqual([]);
      expect(await store.jobs.find(id)).toMatchObject({ processId: old.id });
    });
  });

  describe("a command whose process was lost", () => {
    it("has failed as lost, and is no crash", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      const { fence } = await runner.start(id);
      expect(await runner.dies()).toEqual([
        { id, name: "command", outcome: "failed", crashed: false },
      ]);
      const job = await commandOf(store, id);
      expect(job).toMatchObject({ state: "failed", attempts: 1, crashes: 0, processId: null });
      expect(job.fence).toBeGreaterThan(fence);
      expect(job).toMatchObject({ error: { name: "CommandError", code: "LOST" } });
      expect(job.command).toMatchObject({ endedBy: "lost", process: someRun(), exitCode: null });
      expect(await store.jobs.find(id)).toMatchObject({ errors: [{ attempt: 1 }] });
    });

    it("runs again as often as it has retries", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { command: { retryLimit: 2 } });
      const first = await newRunner(store);
      await first.run(id, failure(1, 0));
      for (const attempts of [2, 3]) {
        const runner = await newRunner(store);
        await runner.start(id);
        const outcome = attempts < 3 ? "ready" : "failed";
        expect(await runner.dies()).toMatchObject([{ id, outcome, crashed: false }]);
        expect(await commandOf(store, id)).toMatchObject({
          ...{ state: outcome, attempts, crashes: 0, command: { endedBy: "lost" } },
        });
      }
    });

    it("is cancelled, where somebody wanted that", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { command: { retryLimit: 2 } });
      const runner = await newRunner(store);
      await runner.start(id);
      await store.jobs.cancel([id]);
      expect(await runner.dies()).toMatchObject([{ id, outcome: "cancelled" }]);
      expect(await commandOf(store, id)).toMatchObject({ command: { endedBy: "lost" } });
    });

    it("is the same when its host was silent for too long", async () => {
      await using world = await open();
      const { store } = world;
      const [began, claimed, retried] = (await addAll(store, [
        {},
        {},
        { command: { retryLimit: 1 } },
      ])) as [number, number, number];
      const runner = await newRunner(store);
      await runner.start(began);
      // It may have begun on a host that cannot say so any more.
      await runner.claim([claimed, retried]);
      await silenceByHand(world.url, runner.id, 60_000);
      const [pruned] = await store.processes.prune(30_000);
      expect(pruned!.jobs).toMatchObject([
        { id: began, outcome: "failed" },
        { id: claimed, outcome: "failed" },
        { id: retried, outcome: "ready" },
      ]);
      expect(await commandOf(store, claimed)).toMatchObject({ command: { endedBy: "lost" } });
    });

    it("fails what comes after it", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const id = await add(store, { after: [first] });
      const runner = await newRunner(store);
      await runner.start(first);
      await runner.dies();
      expect(await stateOf(store, id)).toBe("failed");
    });
  });

  describe("a command that was claimed and never began", () => {
    it("is ready again, and counts as nothing, where that is known", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      await runner.claim([id]);
      const recovered = await store.jobs.recover(runner.id, { end: killed, started: [] });
      expect(recovered).toMatchObject([{ id, outcome: "ready", crashed: false }]);
      expect(await commandOf(store, id)).toMatchObject({ attempts: 0, command: { endedBy: null } });
    });

    it("is handed back when its process leaves in good order", async () => {
      await using world = await open();
      const { store } = world;
      const [claimed, began] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.claim([claimed]);
      await runner.start(began);
      await store.processes.deregister([runner.id]);
      expect(await commandOf(store, claimed)).toMatchObject({ state: "ready", attempts: 0 });
      expect(await commandOf(store, began)).toMatchObject({
        ...{ state: "failed", command: { endedBy: "lost" } },
      });
    });

    it("is handed back by a turn that does not know it, unlike one that began", async () => {
      await using world = await open();
      const { store } = world;
      const [claimed, began] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.claim([claimed]);
      await runner.start(began);
      const nothing = { settlements: [], checkpoints: [], claim: null };
      await store.jobs.turn({ processId: runner.id, ...nothing, holding: [] });
      expect([await stateOf(store, claimed), await stateOf(store, began)]).toEqual([
        "ready",
        "running",
      ]);
    });
  });
}
