// Slots of rates that a run takes for itself, item by item.

import { defineIteration, defineJob, enumerators, perform } from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import { describe, expect, test } from "vitest";

/** As many slots as `free` says, then one in 40 ms. */
const scarce = (free: number) => {
  let left = free;
  return async () => (left-- > 0 ? 0 : 40);
};

describe("context.take", () => {
  const take = (...args: unknown[]) =>
    defineJob({
      name: "crm.sync",
      retry: { limit: 0 },
      perform: (_input: unknown, context) =>
        (context.take as (...args: unknown[]) => Promise<number>)(...args),
    });

  test("asks for a slot of the rate with the same whole key as a definition's", async () => {
    const asked: unknown[] = [];
    const run = new MemoryRun({
      take: async (...args) => {
        asked.push(args);
        return 7;
      },
    });
    const rate = { limit: 60, per: "1m", burst: 5, group: "crm" };
    expect(await perform(take("eu", rate), run)).toMatchObject({ result: 7 });
    expect(asked).toEqual([["crm/eu:rate", { limit: 5, perMs: 5_000 }]]);
    await perform(take("eu", { limit: 1, per: "1s" }), run);
    expect(run.taken).toEqual(["crm/eu:rate", "crm.sync/eu:rate"]);
  });

  test.for<[unknown[], string]>([
    [[undefined, { limit: 1, per: "1s" }], 'job "crm.sync": take needs a key, a string, not undef'],
    [["x"], 'job "crm.sync": take takes an object of options, not undefined'],
    [["x", { limit: 0, per: "1s" }], "take.limit must be a whole number of at least 1, not 0"],
    [["x", { limit: 1, per: "1x" }], 'take.per: "1x" is not a duration'],
    [["", { limit: 1, per: "1s" }], "take.key is empty"],
    [
      ["x", { limit: 10, per: "1s", burst: 4 }],
      "take.burst 4 does not divide the limit 10: use 1,",
    ],
  ])("refuses with a sentence: %j", async ([args, sentence]) => {
    const outcome = await perform(take(...args), new MemoryRun());
    expect(outcome).toMatchObject({
      outcome: "failed",
      error: { name: "TypeError", message: expect.stringContaining(sentence) },
    });
  });
});

describe("a throttle by rate", () => {
  const sync = defineIteration({
    name: "sync",
    buildEnumerator: (_input, context) =>
      enumerators.throttle(enumerators.times(5, { cursor: context.cursor }), {
        rate: { key: "eu", limit: 2, per: "1s", group: "crm" },
        context,
      }),
    eachIteration() {},
    onComplete: () => "done",
  });

  test("does as many items as there are slots, and waits as long as the rate says", async () => {
    const run = new MemoryRun({ take: scarce(2) });
    expect(await perform(sync, run)).toEqual({
      outcome: "interrupted",
      reason: "throttled",
      delayMs: 40,
      position: { cursor: 1, progress: { done: 2, total: 5 } },
    });
    expect(run.taken).toEqual(Array(3).fill("crm/eu:rate"));
  });

  test("changes nothing while slots are free", async () => {
    expect(await perform(sync, new MemoryRun())).toMatchObject({ result: "done" });
  });

  test.for<[object, string]>([
    [{ rate: { key: "x", limit: 1, per: "1s" } }, "needs the context of buildEnumerator"],
    [{ rate: {}, when: () => true, context: { take() {} } }, "takes a rate or when, not both"],
    [
      { rate: { kye: "x" }, context: { take() {} } },
      'rate has no option "kye"; did you mean "key"',
    ],
    [{ rat: {} }, 'enumerators.throttle has no option "rat"; did you mean "rate"?'],
  ])("%j is refused", ([options, sentence]) => {
    const inner = enumerators.times(1, { cursor: null });
    expect(() => enumerators.throttle(inner, options as never)).toThrow(sentence);
  });
});
