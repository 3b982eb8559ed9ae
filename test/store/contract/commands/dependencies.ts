// Commands that come after others: how they hear of their end, and how what failed is mended.

import type { Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import type { OpenStore } from "../world.ts";
import {
  add,
  addAll,
  commandOf,
  done,
  failure,
  newRunner,
  queuedIn,
  type Runner,
  stateOf,
} from "./words.ts";

/** A command that comes after one that failed; both in a group that is paused, where asked for. */
async function broken(
  store: Store,
  { paused }: { readonly paused: boolean },
): Promise<{ first: number; id: number; runner: Runner }> {
  const first = await add(store);
  const id = await add(store, { after: [first] });
  const runner = await newRunner(store);
  const run = await runner.start(first);
  if (paused) await store.queues.pause("default");
  await runner.settle(run, failure(1));
  return { first, id, runner };
}

const now = { held: false };

export function commandDependenciesContract(open: OpenStore): void {
  describe("a command that comes after another", () => {
    it("is ready when that has finished, also in another group", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      const first = await add(store, { queue: "a" });
      const id = await add(store, { after: [first] });
      const runner = await newRunner(store);
      const run = await runner.start(first);
      expect(await queuedIn(store)).toEqual([]);
      await runner.settle(run, { outcome: "finished", result: null });
      expect(await queuedIn(store)).toEqual([id]);
    });

    it("fails with it, and so does what comes after that", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id, runner } = await broken(store, { paused: false });
      expect(await commandOf(store, id)).toMatchObject({
        state: "failed",
        error: { name: "DependencyError", message: `job ${first}, which it comes after, failed` },
        command: { endedBy: "dependency", exitCode: null, after: [first] },
      });
      const next = await add(store, { after: [id] });
      expect(await commandOf(store, next)).toMatchObject({
        ...{ state: "failed", command: { endedBy: "dependency" } },
      });
      const killed = await add(store);
      const follower = await add(store, { after: [killed] });
      await runner.run(killed, { outcome: "cancelled" });
      expect(await stateOf(store, follower)).toBe("failed");
    });

    it("runs all the same where it does not mind", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const id = await add(store, { after: [first], ifDependencyFails: "run" });
      const runner = await newRunner(store);
      await runner.run(first, failure(1));
      expect(await stateOf(store, id)).toBe("ready");
    });
  });

  describe("in a group that is paused, a command that comes after one that failed", () => {
    it("waits, and runs when that was mended in place", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id, runner } = await broken(store, { paused: true });
      expect(await stateOf(store, id)).toBe("waiting");
      expect(await store.commands.restart([first], now)).toEqual(done(first));
      await store.queues.resume("default");
      expect(await stateOf(store, id)).toBe("waiting");
      await runner.run(first);
      expect(await queuedIn(store)).toEqual([id]);
    });

    it("runs when it was mended before the group was resumed", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id, runner } = await broken(store, { paused: true });
      await store.commands.restart([first], now);
      const [run] = await runner.claim([first], { evenPaused: true });
      await runner.settle(run!, { outcome: "finished", result: null });
      expect(await stateOf(store, id)).toBe("ready");
    });

    it("fails when the group is resumed, and nothing was mended", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id } = await broken(store, { paused: true });
      const next = await add(store, { after: [id] });
      await store.queues.resume("default");
      expect(await commandOf(store, id)).toMatchObject({
        state: "failed",
        error: { message: `job ${first}, which it comes after, failed` },
        command: { endedBy: "dependency" },
      });
      expect(await stateOf(store, next)).toBe("failed");
    });

    it("fails when the group is resumed, and that one is gone", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id } = await broken(store, { paused: true });
      await store.jobs.discard([first]);
      expect(await stateOf(store, id)).toBe("waiting");
      await store.queues.resume("default");
      expect(await stateOf(store, id)).toBe("failed");
    });

    it("may be added, and let go by a person, without failing for it", async () => {
      await using world = await open();
      const { store } = world;
      const { first } = await broken(store, { paused: true });
      const after = [first];
      const [added, held] = await addAll(store, [{ after }, { after, held: true }]);
      expect(await stateOf(store, added!)).toBe("waiting");
      await store.commands.letGo([held!], { delayMs: null });
      expect(await stateOf(store, held!)).toBe("waiting");
      await store.queues.resume("default");
      expect([await stateOf(store, added!), await stateOf(store, held!)]).toEqual([
        "failed",
        "failed",
      ]);
    });

    it("is not kept by the pause of another group", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      await store.queues.pause("a");
      const { id } = await broken(store, { paused: false });
      expect(await stateOf(store, id)).toBe("failed");
    });
  });

  describe("a failure that pauses its group", () => {
    it("keeps those of the group that come after it, so that it can be mended", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.setGroup("default", { pauseOnFailure: true });
      const { first, id, runner } = await broken(store, { paused: false });
      expect(await stateOf(store, id)).toBe("waiting");
      await store.commands.restart([first], now);
      await store.queues.resume("default");
      await runner.run(first);
      expect(await stateOf(store, id)).toBe("ready");
    });
  });

  describe("a command that is restarted in place", () => {
    it("waits for those it comes after that have not ended", async () => {
      await using world = await open();
      const { store } = world;
      const [a, b] = (await addAll(store, [{}, {}])) as [number, number];
      const id = await add(store, { after: [a, b] });
      const runner = await newRunner(store);
      await runner.run(a, failure(1));
      expect(await stateOf(store, id)).toBe("failed");
      await store.commands.restart([a], now);
      expect(await store.commands.restart([id], now)).toEqual(done(id));
      expect(await commandOf(store, id)).toMatchObject({
        ...{ state: "waiting", command: { endedBy: null, after: [a, b] } },
      });
      await runner.run(a);
      await runner.run(b);
      expect(await stateOf(store, id)).toBe("ready");
    });

    it.each([
      ["first", (a: number, b: number) => [a, b]],
      ["last", (a: number, b: number) => [b, a]],
    ])("waits for one that is restarted with it, named %s", async (_, order) => {
      await using world = await open();
      const { store } = world;
      const { first, id, runner } = await broken(store, { paused: false });
      const both = order(first, id);
      expect(await store.commands.restart(both, now)).toEqual(done(...both));
      expect([await stateOf(store, first), await stateOf(store, id)]).toEqual(["ready", "waiting"]);
      await runner.run(first);
      expect(await stateOf(store, id)).toBe("ready");
    });

    it("fails again where that still has failed, and is ready where it finished or is gone", async () => {
      await using world = await open();
      const { store } = world;
      const { first, id, runner } = await broken(store, { paused: false });
      await store.commands.restart([id], now);
      expect(await commandOf(store, id)).toMatchObject({
        ...{ state: "failed", command: { endedBy: "dependency" } },
      });
      await store.commands.restart([first], now);
      await runner.run(first);
      await store.commands.restart([id], now);
      expect(await stateOf(store, id)).toBe("ready");
      await runner.run(id);
      await store.jobs.discard([first]);
      await store.commands.restart([id], now);
      expect(await commandOf(store, id)).toMatchObject({
        state: "ready",
        command: { after: [first] },
      });
    });

    it("is waited for again by those that come after it and have not begun", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const after = [first];
      const said = [{ after }, { after, held: true }, { after, delayMs: 60_000 }, { after }];
      const all = (await addAll(store, said)) as [number, number, number, number];
      const [ready, held, late, ended] = all;
      const runner = await newRunner(store);
      await runner.run(first);
      await runner.run(ended);
      await store.commands.letGo([held], { delayMs: null });
      await store.commands.stash([held], { delayMs: null });
      await store.commands.restart([first], now);
      const states = async () => Promise.all(all.map((id) => stateOf(store, id)));
      expect(await states()).toEqual(["waiting", "held", "waiting", "finished"]);
      await store.commands.letGo([held], { delayMs: null });
      expect(await stateOf(store, held)).toBe("waiting");
      await runner.run(first);
      expect(await states()).toEqual(["ready", "ready", "scheduled", "finished"]);
      expect(await queuedIn(store)).toEqual([ready, held]);
      expect(late).toBeGreaterThan(held);
    });
  });

  describe("a command that has begun once, and is to be repeated,", () => {
    it("does not wait again for one that is restarted", async () => {
      await using world = await open();
      const { store } = world;
      const first = await add(store);
      const id = await add(store, { after: [first], command: { retryLimit: 1 } });
      const runner = await newRunner(store);
      await runner.run(first);
      await runner.run(id, failure(1, 60_000));
      await store.commands.restart([first], now);
      expect(await stateOf(store, id)).toBe("scheduled");
    });
  });
}
