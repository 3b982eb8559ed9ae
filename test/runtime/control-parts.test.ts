// A long list of ids, with somebody else who wants a turn.

import { setImmediate as nextRound } from "node:timers/promises";
import { expect, test } from "vitest";
import { inParts } from "../../packages/runtime/src/control/desk/local/parts.ts";

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
