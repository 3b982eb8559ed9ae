// Commands that have ended run again: in place, or as new ones.

import { describe, expect, it } from "vitest";
import { slot, unique } from "../flow/words.ts";
import { enqueueOne, jobOf, type OpenStore } from "../world.ts";
import { add, addAll, commandOf, done, failure, newRunner, queuedIn, stateOf } from "./words.ts";

const now = { held: false };

export function restartingContract(open: OpenStore): void {
  describe("a command that is restarted in place", () => {
    it("runs again under its id as if it were new", async () => {
      await using world = await open();
      const { store } = world;
      const said = { label: "mine", priority: 2, command: { retryLimit: 1, slots: 2 } };
      const id = await add(store, said);
      const runner = await newRunner(store);
      await runner.run(id, failure(3));
      const before = await commandOf(store, id);
      expect(await store.commands.restart([id], now)).toEqual(done(id));
      const job = await commandOf(store, id);
      expect(job).toMatchObject({ state: "ready", attempts: 0, interruptions: 0, crashes: 0 });
      expect(job).toMatchObject({ createdAt: before.createdAt, label: "mine", priority: 2 });
      expect(job).toMatchObject({ error: null, startedAt: null, finishedAt: null });
      expect(job.command).toMatchObject({ exitCode: null, endedBy: null, process: null, slots: 2 });
      await runner.run(id);
      expect(await commandOf(store, id)).toMatchObject({ state: "finished", attempts: 1 });
      expect(await store.commands.restart([id], now)).toEqual(done(id));
      await store.jobs.cancel([id]);
      expect(await store.commands.restart([id], now)).toEqual(done(id));
      expect(await queuedIn(store)).toEqual([id]);
    });

    it("may wait for a person, and be changed on the way", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { command: { argv: ["false"] } });
      const runner = await newRunner(store);
      await runner.run(id, failure(1));
      const changes = new Map([[id, { line: "true", directory: "/", label: "x", priority: 1 }]]);
      expect(await store.commands.restart([id], { held: true, changes })).toEqual(done(id));
      const job = await commandOf(store, id);
      expect(job).toMatchObject({ state: "held", label: "x", priority: 1 });
      expect(job.command).toMatchObject({ line: "true", argv: null, directory: "/" });
    });

    it("changes nothing where one change is wrong", async () => {
      await using world = await open();
      const { store } = world;
      const all = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      for (const id of all) await runner.run(id, failure(1));
      const changes = new Map([[all[1], { directory: "nowhere" }]]);
      for (const act of [store.commands.restart, store.commands.again])
        await expect(act(all, { held: false, changes })).rejects.toThrow(
          `command ${all[1]} cannot be changed: the folder must be an absolute path`,
        );
      for (const id of all) expect(await stateOf(store, id)).toBe("failed");
    });

    it("is refused when it has not ended", async () => {
      await using world = await open();
      const { store } = world;
      const [runs, waits] = (await addAll(store, [{}, { held: true }])) as [number, number];
      const runner = await newRunner(store);
      await runner.start(runs);
      expect(await store.commands.restart([runs, waits, 999], now)).toEqual([
        {
          ...{ id: runs, outcome: "refused" },
          error: `command ${runs} is running: only one that has ended can run again, end it with \`runtime kill\` first`,
        },
        {
          ...{ id: waits, outcome: "refused" },
          error: `command ${waits} is held: only one that has ended can run again, wait for it`,
        },
        { id: 999, outcome: "unknown", error: "there is no command 999" },
      ]);
    });

    it("once, however often it is named", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      const runner = await newRunner(store);
      await runner.run(id);
      expect(await store.commands.restart([id, id], now)).toMatchObject([
        { id, outcome: "done" },
        { id, outcome: "refused" },
      ]);
    });

    it("needs its slots and its unique key again", async () => {
      await using world = await open();
      const { store } = world;
      const keyed = await add(store, { gates: [slot("key")] });
      const runner = await newRunner(store);
      await runner.run(keyed);
      await add(store, { gates: [slot("key")] });
      await store.commands.restart([keyed], now);
      expect(await stateOf(store, keyed)).toBe("blocked");
      const uniques = [unique("only one")];
      const one = await add(store, { uniques });
      await runner.run(one);
      const other = await add(store, { uniques });
      expect(await store.commands.restart([one], now)).toEqual([
        {
          ...{ id: one, outcome: "refused" },
          error: `job ${one} cannot be retried: job ${other} has its unique key "only one"`,
        },
      ]);
      expect(await stateOf(store, one)).toBe("finished");
    });
  });

  describe("a command that is run again as a new one", () => {
    it("has all of the old one but what tied it to others", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      const environment = { A: "1" };
      const command = {
        ...{ line: "x", argv: ["x"], directory: "/d", environment, separate: true },
        ...{ slots: 2, retryLimit: 3, timeoutMs: 5_000 },
      };
      const first = await add(store, { queue: "a" });
      const said = { queue: "a", priority: 4, label: "mine", command };
      const id = await add(store, { ...said, after: [first] });
      const runner = await newRunner(store);
      await runner.run(first);
      await runner.run(id, failure(1));
      const answer = await store.commands.again([id, first, 999], now);
      const [copy, other] = answer.map(({ newId }) => newId!) as [number, number];
      expect(answer).toEqual([
        { id, outcome: "done", newId: copy },
        { id: first, outcome: "done", newId: other },
        { id: 999, outcome: "unknown", error: "there is no command 999", newId: null },
      ]);
      expect(copy).toBeGreaterThan(id);
      const job = await commandOf(store, copy);
      expect(job).toMatchObject({ queue: "a", priority: 4, label: "mine", state: "ready" });
      const { environment: _, ...known } = command;
      expect(job.command).toMatchObject({ ...known, after: [], exitCode: null });
      expect(await store.commands.environment(copy)).toEqual(environment);
      expect(await stateOf(store, id)).toBe("failed");
    });

    it("may be held and changed", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store, { label: "old", command: { argv: ["x"] } });
      const runner = await newRunner(store);
      await runner.run(id);
      const changes = new Map([[id, { line: "y", label: null }]]);
      const [answer] = await store.commands.again([id], { held: true, changes });
      const job = await commandOf(store, answer!.newId!);
      expect(job).toMatchObject({ state: "held", label: null });
      expect(job.command).toMatchObject({ line: "y", argv: null });
      expect(await commandOf(store, id)).toMatchObject({ label: "old", command: { line: "true" } });
    });

    it("is refused when the old one has not ended", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      expect(await store.commands.again([id], now)).toMatchObject([
        { id, outcome: "refused", newId: null },
      ]);
      expect(await store.commands.list({})).toHaveLength(1);
    });
  });

  describe("a unique key of commands", () => {
    it("lets a new command come in the place of one that has not begun", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("key", { onConflict: "replace" })];
      const id = await add(store, { uniques, command: { line: "old", environment: { A: "old" } } });
      const added = await add(store, {
        ...{ uniques, held: true },
        command: { line: "new", environment: { A: "new" } },
      });
      expect(added).toBe(id);
      expect(await commandOf(store, id)).toMatchObject({ state: "held", command: { line: "new" } });
      expect(await store.commands.environment(id)).toEqual({ A: "new" });
      expect(await store.commands.list({ states: ["held"] })).toHaveLength(1);
      expect(await queuedIn(store)).toEqual([]);
    });

    it("makes no command of a module, and no module of a command", async () => {
      await using world = await open();
      const { store } = world;
      const uniques = [unique("key", { onConflict: "replace" })];
      const id = await enqueueOne(store, { uniques });
      expect(await add(store, { uniques })).toBe(id);
      expect(await jobOf(store, id)).toMatchObject({ name: "job", kind: "module" });
      expect(await store.commands.list({})).toEqual([]);
    });
  });
}
