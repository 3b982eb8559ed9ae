// A long list of ids, with somebody else who wants a turn.

import { setImmediate as nextRound } from "node:timers/promises";
import type { Store } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { inParts } from "../../packages/runtime/src/control/desk/local/parts.ts";
import { localDesk } from "../../packages/runtime/src/control/desk/local.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { RealCommands } from "./support/real-commands.ts";

test("many ids are worked on in parts, and everybody else has a turn between two", async () => {
  const ids = Array.from({ length: 2_000 }, (_, n) => n);
  const told: string[] = [];
  let over = false;
  const other = (async () => {
    while (!over) {
      await nextRound();
      told.push("other");
    }
  })();
  const answers = await inParts(ids, async (some) => {
    expect(some.length).toBeLessThanOrEqual(500);
    told.push("part");
    return some;
  });
  over = true;
  await other;
  expect(answers).toEqual(ids);
  const neighbours = told.slice(1).filter((each, n) => each === "part" && told[n] === "part");
  expect(neighbours).toEqual([]);
  expect(told.filter((each) => each === "part").length).toBeGreaterThan(2);
  expect(await inParts([], async (some) => some)).toEqual([]);
});

const many = 3_000;

/** All but the first come after the first. */
async function addMany(store: Store): Promise<readonly number[]> {
  const command = { line: "true", argv: null, directory: "/", environment: {} };
  const row = { name: "command", kind: "command" as const, command };
  const [first] = await store.jobs.enqueue([{ ...row, held: true }]);
  const after = [first!.id];
  const rest = await store.jobs.enqueue(Array(many - 1).fill({ ...row, after }));
  return [first!, ...rest].map(({ id }) => id);
}

/** How often somebody else had a turn meanwhile. */
async function turnsDuring(act: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let over = false;
  const other = (async () => {
    for (; !over; turns++) await nextRound();
  })();
  await act();
  over = true;
  await other;
  return turns;
}

test("whoever kills or removes thousands leaves others their turn, and is answered in order", async () => {
  await using opened = await temporaryStore();
  using folder = temporaryFolder();
  const { store } = opened;
  const live = new RealCommands(store, folder.path);
  const desk = localDesk({ store, live, folder: folder.path, whyNot: "" });
  const ids = await addMany(store);
  const asked = [...ids.slice(1), ids[0]!];
  let answers: Awaited<ReturnType<typeof desk.kill>> = [];
  const killing = await turnsDuring(async () => (answers = await desk.kill({ ids: asked }, {})));
  expect(killing).toBeGreaterThanOrEqual(many / 500);
  expect(answers.map(({ id }) => id)).toEqual(asked);
  expect(answers.every(({ outcome }) => outcome === "refused")).toBe(true);
  const removing = await turnsDuring(async () => (answers = await desk.remove(asked)));
  expect(removing).toBeGreaterThanOrEqual(many / 500);
  expect(answers).toEqual(asked.map((id) => ({ id, outcome: "removed" })));
  expect(await desk.list({})).toEqual([]);
});

test("a command that others wait for stays, whichever part it is in, and says for whom", async () => {
  await using opened = await temporaryStore();
  using folder = temporaryFolder();
  const { store } = opened;
  const desk = localDesk({ store, live: null, folder: folder.path, whyNot: "" });
  const ids = await addMany(store);
  const asked = ids.slice(0, -1);
  const answers = await desk.remove(asked);
  const [first, ...rest] = answers;
  expect(first).toMatchObject({ id: ids[0], outcome: "refused" });
  expect(first!.error).toContain(String(ids.at(-1)));
  expect(rest.every(({ outcome }) => outcome === "removed")).toBe(true);
});
