// Commands are edited: locked, given back changed; and their environments.

import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import type { OpenStore } from "../world.ts";
import { add, addAll, commandOf, done, newRunner, queuedIn, stateOf } from "./words.ts";

const mine = { owner: "me", forMs: 60_000 };
const edited = "is being edited: wait for the editor, or open the lock with `runtime stash`";

export function editingContract(open: OpenStore): void {
  describe("a command that is locked", () => {
    it("keeps its state, and is neither claimed nor started nor changed by others", async () => {
      await using world = await open();
      const { store } = world;
      const [id, next] = (await addAll(store, [{}, {}])) as [number, number];
      expect(await store.commands.lock([id], mine)).toEqual(done(id));
      const job = await commandOf(store, id);
      expect(job.state).toBe("ready");
      expect(job.command.lockedUntil).toBeGreaterThan(job.createdAt + 50_000);
      expect(await queuedIn(store)).toEqual([next]);
      const runner = await newRunner(store);
      expect(await runner.claim([id], { evenPaused: true })).toEqual([]);
      const no = [{ id, outcome: "refused", error: `command ${id} ${edited}` }];
      expect(await store.commands.force([id])).toEqual(no);
      expect(await store.commands.letGo([id], { delayMs: null })).toMatchObject([
        { outcome: "refused" },
      ]);
      expect(await store.commands.lock([id], { ...mine, owner: "you" })).toEqual(no);
      expect(await store.commands.setVariable(id, "A", "1")).toEqual(no[0]);
      expect(await store.commands.unlock([id], { owner: "you" })).toMatchObject([
        { outcome: "refused" },
      ]);
    });

    it("is held longer by who has it, and free when it is given back", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      await store.commands.lock([id], mine);
      const first = (await commandOf(store, id)).command.lockedUntil!;
      expect(await store.commands.lock([id], { owner: "me", forMs: 120_000 })).toEqual(done(id));
      const second = (await commandOf(store, id)).command.lockedUntil!;
      expect(second).toBeGreaterThan(first + 30_000);
      expect(await store.commands.unlock([id], { owner: "me" })).toEqual(done(id));
      expect((await commandOf(store, id)).command.lockedUntil).toBe(null);
      expect(await queuedIn(store)).toEqual([id]);
    });

    it("is free by itself when its time is over", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      await store.commands.lock([id], { owner: "me", forMs: 1 });
      await waitFor(async () => (await queuedIn(store)).includes(id));
      expect((await commandOf(store, id)).command.lockedUntil).toBe(null);
      const late = { owner: "me", changes: new Map([[id, { label: "late" }]]) };
      expect(await store.commands.unlock([id], late)).toEqual(done(id));
      expect((await commandOf(store, id)).label).toBe("late");
      await store.commands.lock([id], { owner: "me", forMs: 1 });
      await waitFor(async () => (await queuedIn(store)).includes(id));
      expect(await store.commands.lock([id], { ...mine, owner: "you" })).toEqual(done(id));
      expect(await store.commands.unlock([id], { owner: "me" })).toMatchObject([
        { outcome: "refused" },
      ]);
    });

    it("is opened by a stash", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      await store.commands.lock([id], mine);
      expect(await store.commands.stash([id], { delayMs: null })).toEqual(done(id));
      expect((await commandOf(store, id)).command.lockedUntil).toBe(null);
      expect(await store.commands.unlock([id], { owner: "me" })).toEqual([
        {
          ...{ id, outcome: "refused" },
          error: `command ${id} is no longer locked for this editor: nothing was changed`,
        },
      ]);
    });

    it("has not begun: one that runs or has ended is refused", async () => {
      await using world = await open();
      const { store } = world;
      const [runs, over] = (await addAll(store, [{}, {}])) as [number, number];
      const runner = await newRunner(store);
      await runner.run(over);
      await runner.start(runs);
      expect(await store.commands.lock([runs, over, 999], mine)).toMatchObject([
        { id: runs, outcome: "refused" },
        { id: over, outcome: "refused" },
        { id: 999, outcome: "unknown" },
      ]);
    });
  });

  describe("a command that comes back from an editor", () => {
    it("is as it was, but for what was changed", async () => {
      await using world = await open();
      const { store } = world;
      const command = { argv: ["a"], slots: 2 };
      const all = await addAll(store, [{ label: "old", command }, { command }]);
      const [a, b] = all as [number, number];
      await store.commands.lock(all, mine);
      const changes = new Map([
        [a, { line: "new line", directory: "/new", label: null, priority: 7 }],
        [999, { line: "nobody" }],
      ]);
      const before = await commandOf(store, b);
      expect(await store.commands.unlock(all, { owner: "me", changes })).toEqual(done(...all));
      const job = await commandOf(store, a);
      expect(job).toMatchObject({ label: null, priority: 7, state: "ready" });
      const { line, argv, directory, slots } = job.command;
      expect([line, argv, directory, slots]).toEqual(["new line", null, "/new", 2]);
      const { command: other, ...rest } = await commandOf(store, b);
      expect({ ...rest, command: { ...other, lockedUntil: before.command.lockedUntil } }).toEqual(
        before,
      );
      expect(await queuedIn(store)).toEqual([b, a]);
    });

    it("changes nothing at all where one field is wrong", async () => {
      await using world = await open();
      const { store } = world;
      const all = (await addAll(store, [{}, {}])) as [number, number];
      await store.commands.lock(all, mine);
      const changes = new Map([
        [all[0], { label: "good" }],
        [all[1], { line: "" }],
      ]);
      const answer = store.commands.unlock(all, { owner: "me", changes });
      await expect(answer).rejects.toThrow(
        `command ${all[1]} cannot be changed: the command is empty: say what to run`,
      );
      expect(await commandOf(store, all[0])).toMatchObject({ label: null });
      expect((await commandOf(store, all[0])).command.lockedUntil).not.toBe(null);
    });
  });

  describe("a variable of a command", () => {
    it("can be set and taken away before it begins, for that command alone", async () => {
      await using world = await open();
      const { store } = world;
      const said = { command: { environment: { A: "1", B: "2" } } };
      const [a, b] = (await addAll(store, [said, said])) as [number, number];
      const ok = { id: a, outcome: "done" };
      expect(await store.commands.setVariable(a, "C", "ü=\n")).toEqual(ok);
      expect(await store.commands.setVariable(a, "A", "")).toEqual(ok);
      expect(await store.commands.setVariable(a, "B", null)).toEqual(ok);
      expect(await store.commands.environment(a)).toEqual({ A: "", C: "ü=\n" });
      expect(await store.commands.environment(b)).toEqual({ A: "1", B: "2" });
      expect(await store.commands.setVariable(a, "B", null)).toEqual({
        ...{ id: a, outcome: "refused" },
        error: `command ${a} has no variable "B"`,
      });
    });

    it("is refused once it has begun, or where no variable can be called so", async () => {
      await using world = await open();
      const { store } = world;
      const id = await add(store);
      for (const name of ["", "a=b", "a\0"])
        await expect(store.commands.setVariable(id, name, "x")).rejects.toMatchObject({
          code: "invalid",
        });
      const runner = await newRunner(store);
      await runner.start(id);
      expect(await store.commands.setVariable(id, "A", "x")).toMatchObject({ outcome: "refused" });
      expect(await store.commands.setVariable(999, "A", "x")).toMatchObject({ outcome: "unknown" });
      expect(await stateOf(store, id)).toBe("running");
    });
  });
}
