// Commands are added: what is stored of them, and what is refused.

import type { NewCommand, NewJob } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { newWorker, type OpenStore } from "../world.ts";
import { add, addAll, commandOf, newRunner, queuedIn, type Said, someCommand } from "./words.ts";

export function addingContract(open: OpenStore): void {
  describe("a command that is added", () => {
    it("is a job of its kind, with the name of all commands", async () => {
      await using world = await open();
      const id = await add(world.store, { name: "whatever", label: "a label", priority: -3 });
      const job = await commandOf(world.store, id);
      expect(job).toMatchObject({ id, name: "command", kind: "command", queue: "default" });
      expect(job).toMatchObject({ state: "ready", priority: -3, label: "a label", attempts: 0 });
      expect(await world.store.jobs.find(id)).toMatchObject({ name: "command", kind: "command" });
    });

    it("has the defaults that an add leaves out", async () => {
      await using world = await open();
      const { command } = await commandOf(world.store, await add(world.store));
      expect(command).toEqual({
        ...{ line: "true", argv: null, directory: "/tmp", separate: false, slots: 1 },
        ...{ retryLimit: 0, timeoutMs: null, after: [], process: null, slot: null },
        ...{ paused: false, adopted: false, exitCode: null, signal: null, endedBy: null },
        ...{ signalsSent: [], lockedUntil: null },
      });
    });

    it("keeps all that is said of it, and tells its environment only who asks", async () => {
      await using world = await open();
      const { store } = world;
      const said = {
        ...{ line: "printf '%s' \"ü\n\"", directory: "/a b/ö" },
        argv: ["printf", "%s", "ü\n", ""],
        ...{ separate: true, slots: 2, retryLimit: 3, timeoutMs: 60_000 },
      };
      const environment = { Z: "last", A: "", "odd name": "x=y\nz", 7: "seven", __proto__x: "p" };
      const id = await add(store, { command: { ...said, environment } });
      const { command } = await commandOf(store, id);
      expect(command).toMatchObject(said);
      expect(JSON.stringify(command)).not.toContain("odd name");
      expect(await store.commands.environment(id)).toEqual(environment);
      const { commands } = await (await newRunner(store)).turn([id]);
      expect(commands).toEqual([{ id, command, environment }]);
      expect(await store.commands.environment(id + 1)).toBe(null);
      expect(await store.commands.find(id + 1)).toBe(null);
    });

    it("is no job to those who ask for commands when it is a module", async () => {
      await using world = await open();
      const { store } = world;
      const [module] = await store.jobs.enqueue([{ name: "job" }]);
      expect(await store.commands.find(module!.id)).toBe(null);
      expect(await store.commands.list({})).toEqual([]);
      expect(await store.commands.stash([module!.id], { delayMs: null })).toEqual([
        { id: module!.id, outcome: "unknown", error: `there is no command ${module!.id}` },
      ]);
    });

    it("may be held, late, or after others", async () => {
      await using world = await open();
      const { store } = world;
      const [first, held, late] = await addAll(store, [{}, { held: true }, { delayMs: 60_000 }]);
      const after = await add(store, { after: [late!, first!] });
      expect(await commandOf(store, held!)).toMatchObject({ state: "held" });
      expect(await commandOf(store, late!)).toMatchObject({ state: "scheduled" });
      const waiting = await commandOf(store, after);
      expect(waiting).toMatchObject({ state: "waiting", command: { after: [first, late] } });
      expect(await queuedIn(store)).toEqual([first]);
    });

    it("has a place in the queue of its group by priority, then by age", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("other", {});
      const said = [{ priority: 1 }, {}, { priority: -1 }, { queue: "other" }, {}];
      const [a, b, c, d, e] = await addAll(store, said);
      expect(await queuedIn(store)).toEqual([c, b, e, a]);
      const groups = [
        { name: "default", limit: 2 },
        { name: "nobody", limit: 1 },
        { name: "other", limit: 9 },
      ];
      expect(await store.commands.queued(groups)).toEqual([
        { id: c, group: "default", slots: 1 },
        { id: b, group: "default", slots: 1 },
        { id: d, group: "other", slots: 1 },
      ]);
    });

    it("is taken by no worker for its name", async () => {
      await using world = await open();
      const { store } = world;
      await add(store);
      const claim = { queues: ["*"], names: ["command", "job"], limit: 10, idle: true };
      const worker = await newWorker(store);
      expect(await worker.claim(claim)).toEqual([]);
      expect(await store.jobs.unknownNames()).toEqual([]);
    });
  });

  describe("a command that cannot be", () => {
    it.each<readonly [string, Partial<Record<keyof NewCommand, unknown>>, RegExp]>([
      ["an empty line", { line: "" }, /the command is empty/],
      ["a line of spaces", { line: " \n\t" }, /the command is empty/],
      ["a line with a NUL", { line: "a\0b" }, /NUL/],
      ["a line of more than 1 MB", { line: "x".repeat(1_048_577) }, /at most 1 MB/],
      ["no program", { argv: [] }, /argv must begin with a program/],
      ["a relative folder", { directory: "tmp" }, /absolute path, not "tmp"/],
      ["no folder", { directory: undefined }, /folder must be a string/],
      ["a variable without a name", { environment: { "": "x" } }, /must have a name/],
      ["a variable with =", { environment: { "a=b": "x" } }, /must not contain "="/],
      ["a variable that is no text", { environment: { A: 1 } }, /"A" must be a string, not 1/],
      ["no environment", { environment: undefined }, /environment must be an object/],
      ["no slots", { slots: 0 }, /slots must be a whole number, 1 or more, not 0/],
      ["half a slot", { slots: 0.5 }, /slots must be a whole number, 1 or more, not 0.5/],
      ["negative retries", { retryLimit: -1 }, /retryLimit must be a whole number, 0 or more/],
      ["no time at all", { timeoutMs: 0 }, /timeoutMs must be more than 0/],
      ["negative time", { timeoutMs: -5 }, /timeoutMs must be a number of milliseconds/],
    ])("is refused: %s", async (_, command, message) => {
      await using world = await open();
      const said = { command } as unknown as Said;
      await expect(addAll(world.store, [{}, said])).rejects.toThrow(message);
      expect(await world.store.commands.list({})).toEqual([]);
    });

    it("is refused where there is no such group, with those that there are", async () => {
      await using world = await open();
      const { store } = world;
      await store.commands.addGroup("a", {});
      const added = addAll(store, [{}, { queue: "x" }]);
      await expect(added).rejects.toMatchObject({
        code: "invalid",
        message:
          'the job cannot be enqueued: there is no group "x"; there are a, default: ' +
          "add it with `runtime group add x`",
      });
      expect(await store.commands.list({})).toEqual([]);
    });

    it.each<readonly [string, NewJob]>([
      ["kind command without one", { name: "command", kind: "command" }],
      ["a module with one", { name: "job", command: someCommand() }],
      ["a module with the name of commands", { name: "command" }],
    ])("is refused: %s", async (_, job) => {
      await using world = await open();
      await expect(world.store.jobs.enqueue([job])).rejects.toMatchObject({ code: "invalid" });
    });

    it("cannot be the callback of a batch", async () => {
      await using world = await open();
      const onFinish: NewJob = { name: "command", kind: "command", command: someCommand() };
      await expect(world.store.batches.open({ onFinish })).rejects.toThrow(/must not be a command/);
    });
  });
}
