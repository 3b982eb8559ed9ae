// Groups of commands: added, changed, removed, paused by a failure.

import { describe, expect, it } from "vitest";
import { ids, type OpenStore } from "../world.ts";
import { add, addAll, failure, newRunner, queuedIn, success } from "./words.ts";

export function groupsContract(open: OpenStore): void {
  describe("a group of commands", () => {
    it("is default from the start, with one slot", async () => {
      await using world = await open();
      const { store } = world;
      const settings = { name: "default", slots: 1, pauseOnFailure: false, paused: false };
      expect(await store.commands.groupSettings()).toEqual([settings]);
      expect(await store.commands.groups()).toEqual([{ ...settings, jobs: {} }]);
    });

    it("is added once, with one slot unless told otherwise", async () => {
      await using world = await open();
      const { commands } = world.store;
      expect(await commands.addGroup("b", {})).toBe(true);
      expect(await commands.addGroup("a", { slots: 0, pauseOnFailure: true })).toBe(true);
      expect(await commands.addGroup("a", { slots: 5 })).toBe(false);
      expect(await commands.addGroup("default", { slots: 5 })).toBe(false);
      expect(await commands.groupSettings()).toEqual([
        { name: "a", slots: 0, pauseOnFailure: true, paused: false },
        { name: "b", slots: 1, pauseOnFailure: false, paused: false },
        { name: "default", slots: 1, pauseOnFailure: false, paused: false },
      ]);
    });

    it("is changed in what is said, and in nothing else", async () => {
      await using world = await open();
      const { commands } = world.store;
      expect(await commands.setGroup("default", { slots: 3 })).toBe(true);
      expect(await commands.setGroup("default", { pauseOnFailure: true })).toBe(true);
      expect(await commands.setGroup("nobody", { slots: 3 })).toBe(false);
      expect(await commands.groupSettings()).toMatchObject([{ slots: 3, pauseOnFailure: true }]);
    });

    it.each(["", " ", "a b", "a\tb", "a\nb", "a,b", "a\u0007b", "a\u00a0b"])(
      "is not added as %j, which is no word",
      async (name) => {
        await using world = await open();
        const { commands } = world.store;
        await expect(commands.addGroup(name, {})).rejects.toMatchObject({ code: "invalid" });
        expect(await commands.groupSettings()).toHaveLength(1);
      },
    );

    it.each([
      [{ slots: -1 }, /slots must be a whole number from 0/],
      [{ slots: 1.5 }, /slots must be a whole number from 0/],
      [{ pauseOnFailure: 1 }, /pauseOnFailure must be true or false/],
    ])("is refused with %j", async (settings, message) => {
      await using world = await open();
      const { commands } = world.store;
      const wrong = settings as { slots: number };
      await expect(commands.addGroup("a", wrong)).rejects.toThrow(message);
      await expect(commands.setGroup("default", wrong)).rejects.toThrow(message);
      await expect(commands.addGroup("a*", {})).rejects.toMatchObject({ code: "invalid" });
    });

    it("counts its commands by state", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      const all = await addAll(store, [{}, {}, { held: true }, { queue: "a" }]);
      const runner = await newRunner(store);
      await runner.run(all[0]!);
      await runner.start(all[1]!);
      await store.queues.pause("a");
      expect(await store.commands.groups()).toMatchObject([
        { name: "a", paused: true, jobs: { ready: 1 } },
        { name: "default", paused: false, jobs: { finished: 1, running: 1, held: 1 } },
      ]);
    });

    it("can be removed when it is empty, and is unpaused then", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      const id = await add(store, { queue: "a" });
      await store.queues.pause("a");
      expect(await store.commands.removeGroup("a")).toEqual({
        outcome: "refused",
        error: 'group "a" has 1 command: remove them first, also those that have ended',
      });
      await store.commands.remove([id]);
      expect(await store.commands.removeGroup("a")).toEqual({ outcome: "done" });
      expect(await store.commands.removeGroup("a")).toEqual({
        outcome: "unknown",
        error: 'there is no group "a"',
      });
      expect(await store.commands.removeGroup("default")).toMatchObject({ outcome: "refused" });
      await store.commands.addGroup("a", {});
      expect(await store.commands.groupSettings()).toMatchObject([{ paused: false }, {}]);
    });

    it("stays paused for the jobs of a queue with its name", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      await store.jobs.enqueue([{ name: "job", queue: "a" }]);
      await store.queues.pause("a");
      expect(await store.commands.removeGroup("a")).toEqual({ outcome: "done" });
      expect(await store.queues.list()).toMatchObject([{ name: "a", paused: true }]);
    });
  });

  describe("a group that pauses on failure", () => {
    it("begins nothing more from the failure on", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.setGroup("default", { pauseOnFailure: true });
      const all = await addAll(store, [{}, {}, {}]);
      const [good, bad, next] = all as [number, number, number];
      const runner = await newRunner(store);
      await runner.run(good);
      expect(await queuedIn(store)).toEqual([bad, next]);
      await runner.run(bad, failure(1));
      expect(await queuedIn(store)).toEqual([]);
      expect(await runner.claim([next])).toEqual([]);
      expect(await store.commands.groupSettings()).toMatchObject([{ paused: true }]);
      await store.queues.resume("default");
      expect(await queuedIn(store)).toEqual([next]);
    });

    it("goes on after a retry, a kill, and in other groups", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", { pauseOnFailure: true });
      const said = [{ queue: "a" }, { queue: "a" }, {}];
      const [retried, killed, other] = (await addAll(store, said)) as [number, number, number];
      const runner = await newRunner(store);
      await runner.run(retried, failure(1, 60_000));
      const { commandEnd } = success;
      await runner.run(killed, { outcome: "cancelled", ...(commandEnd && { commandEnd }) });
      await runner.run(other, failure(1));
      expect(await store.commands.groupSettings()).toMatchObject([
        { name: "a", paused: false },
        { name: "default", paused: false },
      ]);
    });

    it("is paused when a command was lost in it", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.setGroup("default", { pauseOnFailure: true });
      const id = await add(store);
      const runner = await newRunner(store);
      await runner.start(id);
      expect(ids(await runner.dies())).toEqual([id]);
      expect(await store.commands.groupSettings()).toMatchObject([{ paused: true }]);
    });
  });
}
