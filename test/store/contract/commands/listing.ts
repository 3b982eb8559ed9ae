// The list of commands: filters, conditions, order, the first and the last.

import type { CommandCondition, CommandQuery, Store } from "@queue-runtime/store";
import { describe, expect, it } from "vitest";
import { waitFor } from "../../../support/wait-for.ts";
import { ids, type OpenStore } from "../world.ts";
import { addAll, commandOf, failure, newRunner } from "./words.ts";

/** Six commands, in as many states; their ids. */
async function someCommands(store: Store): Promise<readonly number[]> {
  await store.commands.addGroup("a", {});
  const all = await addAll(store, [
    { label: "Backup", priority: 3, command: { line: "tar -c", directory: "/b" } },
    { label: "backup", priority: 1, queue: "a", command: { line: "TAR -x", directory: "/c" } },
    { held: true, command: { line: "echo ÄÖ", directory: "/a" } },
    { delayMs: 60_000, label: "Zz", priority: 1, command: { line: "echo %_" } },
    { priority: -1, command: { line: "Echo" } },
    { label: "aa", queue: "a", command: { line: "true" } },
  ]);
  const runner = await newRunner(store);
  await runner.run(all[0]!);
  await nextMoment();
  await runner.run(all[1]!, failure(1));
  await nextMoment();
  const { fence } = await runner.start(all[4]!);
  const paused = { id: all[4]!, fence, paused: true, signalsSent: [] };
  await store.commands.touched([paused]);
  return all;
}

/** So that no two began at once, however quick the machine: times have milliseconds. */
async function nextMoment(): Promise<void> {
  const began = Date.now();
  await waitFor(() => Date.now() > began + 1, { everyMs: 1 });
}

export function listingContract(open: OpenStore): void {
  describe("a list of commands", () => {
    it("has those that fit, by id", async () => {
      await using world = await open();
      const { store } = world;
      const all = await someCommands(store);
      const [finished, failed, held, late, runs, ready] = all as number[] as [number, ...number[]];
      const list = async (query: CommandQuery) => ids(await store.commands.list(query));
      expect(await list({})).toEqual(all);
      expect(await list({ ids: [ready!, 999, finished, 0.5] })).toEqual([finished, ready]);
      expect(await list({ ids: [] })).toEqual([]);
      expect(await list({ groups: ["a"] })).toEqual([failed, ready]);
      expect(await list({ groups: ["a", "default"] })).toEqual(all);
      expect(await list({ states: ["held"] })).toEqual([held]);
      expect(await list({ states: ["scheduled", "failed"] })).toEqual([failed, late]);
      expect(await list({ states: ["failed"], groups: ["default"] })).toEqual([]);
      expect(await list({ paused: true })).toEqual([runs]);
      expect(await list({ paused: false, states: ["running", "ready"] })).toEqual([ready]);
      expect(await list({ beyond: held!, first: 2 })).toEqual([late, runs]);
    });

    it("has whole commands, as they are found one by one", async () => {
      await using world = await open();
      const { store } = world;
      const all = await someCommands(store);
      const found = await Promise.all(all.map((id) => commandOf(store, id)));
      expect(await store.commands.list({})).toEqual(found);
      expect(JSON.stringify(found)).not.toContain("/home/somebody");
    });

    it.each<readonly [string, CommandCondition, readonly number[]]>([
      ["is", { field: "command", operator: "is", value: "true" }, [5]],
      ["is not, in another case", { field: "command", operator: "is", value: "TRUE" }, []],
      ["is not", { field: "label", operator: "is-not", value: "backup" }, [0, 3, 5]],
      ["contains, in any case", { field: "command", operator: "contains", value: "tAR" }, [0, 1]],
      ["contains, beyond ASCII", { field: "command", operator: "contains", value: "äö" }, [2]],
      ["contains, literally", { field: "command", operator: "contains", value: "%_" }, [3]],
      ["contains nothing", { field: "label", operator: "contains", value: "" }, [0, 1, 3, 5]],
    ])("knows by text which one %s", async (_, condition, expected) => {
      await using world = await open();
      const all = await someCommands(world.store);
      const found = await world.store.commands.list({ where: [condition] });
      expect(ids(found)).toEqual(expected.map((n) => all[n]));
    });

    it("knows by time, and never fits one that has none", async () => {
      await using world = await open();
      const { store } = world;
      const all = await someCommands(store);
      const end = (await commandOf(store, all[0]!)).finishedAt!;
      const due = (await commandOf(store, all[3]!)).runAt;
      const list = async (...where: CommandCondition[]) =>
        ids(await store.commands.list({ where })).map((id) => all.indexOf(id));
      const at = { from: end, to: end + 1 };
      expect(await list({ field: "end", operator: "before", ...at })).toEqual([]);
      expect(await list({ field: "end", operator: "before", from: end + 60_000, to: 0 })).toEqual([
        0, 1,
      ]);
      expect(await list({ field: "end", operator: "within", ...at })).toContain(0);
      expect(await list({ field: "end", operator: "not-within", ...at })).not.toContain(0);
      expect(await list({ field: "end", operator: "after", from: 0, to: end })).toEqual([0, 1]);
      expect(await list({ field: "start", operator: "after", from: 0, to: 0 })).toEqual([0, 1, 4]);
      const late = { field: "enqueueAt", operator: "within", from: due, to: due + 1 } as const;
      expect(await list(late)).toEqual([3]);
      expect(await list({ ...late, operator: "after", to: 0 })).toEqual([3]);
      expect(await list({ ...late, operator: "not-within" })).toEqual([]);
      expect(await list(late, { field: "label", operator: "is", value: "aa" })).toEqual([]);
    });

    it.each<readonly [NonNullable<CommandQuery["orderBy"]>["field"], string, string]>([
      ["id", "012345", "543210"],
      ["state", "235401", "104532"],
      ["priority", "425130", "013254"],
      ["command", "413205", "502314"],
      ["label", "035124", "153024"],
      ["directory", "201345", "345102"],
      ["enqueueAt", "301245", "301245"],
      ["start", "014235", "410235"],
      ["end", "012345", "102345"],
    ])("is in the order of %s", async (field, ascending, descending) => {
      await using world = await open();
      const { store } = world;
      const all = await someCommands(store);
      const order = async (query: CommandQuery) =>
        ids(await store.commands.list(query))
          .map((id) => all.indexOf(id))
          .join("");
      for (const [expected, down] of [
        [ascending, false],
        [descending, true],
      ] as const) {
        const orderBy = { field, descending: down };
        expect(await order({ orderBy })).toBe(expected);
        expect(await order({ orderBy, first: 2 })).toBe(expected.slice(0, 2));
        expect(await order({ orderBy, last: 2 })).toBe(expected.slice(-2));
      }
    });

    it("has the first or the last of the order", async () => {
      await using world = await open();
      const { store } = world;
      const all = await someCommands(store);
      const list = async (query: CommandQuery) => ids(await store.commands.list(query));
      expect(await list({ first: 2 })).toEqual(all.slice(0, 2));
      expect(await list({ last: 2 })).toEqual(all.slice(-2));
      expect(await list({ last: 99 })).toEqual(all);
      expect(await list({ first: 0 })).toEqual([]);
      expect(await list({ last: 0 })).toEqual([]);
    });

    it.each<readonly [object, RegExp]>([
      [{ first: 1, last: 1 }, /either first or last/],
      [{ first: -1 }, /whole numbers from 0 to 100000, not -1/],
      [{ last: 100_001 }, /whole numbers from 0 to 100000/],
      [{ states: ["done"] }, /a state must be .* not "done"/],
      [{ orderBy: { field: "secret", descending: false } }, /orderBy must be/],
      [{ where: [{ field: "id", operator: "is", value: "1" }] }, /field of a condition must be/],
      [{ where: [{ field: "label", operator: "before", from: 0, to: 0 }] }, /operator of label/],
      [{ where: [{ field: "end", operator: "is", value: "x" }] }, /operator of end/],
      [{ where: [{ field: "end", operator: "before", from: "x", to: 0 }] }, /milliseconds/],
    ])("is refused for %j", async (query, message) => {
      await using world = await open();
      await expect(world.store.commands.list(query)).rejects.toThrow(message);
      await expect(world.store.commands.list(query)).rejects.toMatchObject({ code: "invalid" });
    });
  });
}
