// What the loop asks of job code, and what it leaves to it.

import { interruptionAdapters, perform } from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import type { Json } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";
import { counting, start } from "./support/counting.ts";

describe("an enumerator that is none fails the job with a sentence and an example", () => {
  const example =
    'enumerators.array(users, { cursor }) or a generator with "yield [user, user.id]"';
  const cases: [string, unknown, string][] = [
    ["nothing", undefined, "it returned undefined"],
    ["null", null, "it returned null"],
    ["a number", 5, "it returned a number"],
    ["a generator function", function* () {}, "it returned a function that was not called"],
    ["an object", {}, "it returned an object"],
    ["items without cursors", [1], "it yielded a number"],
    ["objects", [{ item: 1, cursor: 1 }], "it yielded an object"],
    ["triples", [[1, 2, 3]], "it yielded an array"],
    ["no cursor", [[1, undefined]], "it yielded undefined as a cursor"],
    ["a null cursor", [[1, null]], "it yielded null as a cursor"],
  ];
  test.for(cases)("%s", async ([_, value, end]) => {
    const { log, definition } = counting({ buildEnumerator: (() => value) as never });
    const outcome = await start(definition);
    expect(outcome).toMatchObject({ outcome: "failed", retryDelayMs: null });
    if (outcome.outcome !== "failed") throw new Error("not failed");
    expect(outcome.error.message).toContain(example);
    expect(outcome.error.message).toContain(end);
    expect(log).toEqual(["start"]);
  });

  test("a cursor that JSON would change is refused before its item is done", async () => {
    const { log, definition } = counting({
      buildEnumerator: () => [[1, { at: new Date() } as unknown as Json]],
    });
    expect(await start(definition)).toMatchObject({
      retryDelayMs: null,
      error: { message: "cursor.at is a Date, which JSON would change; use toISOString()" },
    });
    expect(log).toEqual(["start"]);
  });
});

describe("a cursor", () => {
  test("that the enumerator changes afterwards stays what it was", async () => {
    const cursor = { page: 0 };
    const run = new MemoryRun();
    const { definition } = counting({
      *buildEnumerator() {
        for (; cursor.page < 3; cursor.page++) yield [0, cursor];
      },
    });
    await perform(definition, run);
    expect(run.cursors).toEqual([{ page: 0 }, { page: 1 }, { page: 2 }]);
  });
});

describe("progress", () => {
  test("knows its total where the enumerator knows what is left", async () => {
    const left = Object.assign<[number, number][], object>(
      [
        [3, 3],
        [4, 4],
      ],
      { size: 2 },
    );
    const sized = counting({ buildEnumerator: () => left });
    const job = { cursor: 2, interruptions: 1, progress: { done: 3, total: 5 } };
    expect(await start(sized.definition, { job })).toMatchObject({
      position: { progress: { done: 5, total: 5 } },
    });
  });

  test("is the job's own business once it reports it", async () => {
    const { definition } = counting({
      eachIteration: (item, { progress }) => progress(item * 100, 400),
    });
    expect(await start(definition)).toMatchObject({
      position: { cursor: 4, progress: { done: 400, total: 400 } },
    });
  });
});

describe("checkpoint in an iteration", () => {
  test("saves the position after the last item done", async () => {
    const run = new MemoryRun();
    const { definition } = counting({
      eachIteration: (item, { checkpoint }) => (item === 2 ? checkpoint() : undefined),
    });
    await perform(definition, run);
    expect(run.saved).toEqual([{ cursor: 1, progress: { done: 2, total: null } }]);
  });

  test("takes no cursor", async () => {
    const { definition } = counting({ eachIteration: (_item, { checkpoint }) => checkpoint(9) });
    expect(await start(definition)).toMatchObject({ error: { name: "TypeError" } });
  });
});

describe("the event loop", () => {
  test.for<["synchronous" | "asynchronous"]>([["synchronous"], ["asynchronous"]])(
    "turns while a %s iteration without any waiting goes on",
    async ([kind]) => {
      let turned = false;
      const timer = setTimeout(() => {
        turned = true;
      }, 1);
      function* endless() {
        for (let index = 0; !turned; index++) yield [index, index] as const;
      }
      async function* patient() {
        yield* endless();
      }
      const { definition } = counting({
        buildEnumerator: () => (kind === "synchronous" ? endless() : patient()),
      });
      expect(await start(definition)).toMatchObject({ outcome: "finished" });
      clearTimeout(timer);
      expect(turned).toBe(true);
    },
  );
});

describe("interruption adapters of a job", () => {
  test("replace the flag of the runtime", async () => {
    const run = new MemoryRun();
    run.stop();
    const { definition } = counting({ interruptionAdapter: "none" });
    expect(await perform(definition, run)).toMatchObject({ outcome: "finished" });
  });

  test("come from the runtime when the job names none", async () => {
    const run = new MemoryRun({ interruptionAdapters: ["none"] });
    run.stop();
    expect(await perform(counting().definition, run)).toMatchObject({ outcome: "finished" });
  });

  test("are asked in order, and their reason is the reason", async () => {
    interruptionAdapters.register("after-two", (context) => context.cursor === 1 && "two are done");
    const { definition } = counting({ interruptionAdapter: ["none", "after-two"] });
    expect(await start(definition)).toMatchObject({
      outcome: "interrupted",
      reason: "two are done",
      position: { cursor: 1 },
    });
  });

  test("never hide a cancel", async () => {
    const run = new MemoryRun();
    run.stop("cancel");
    const { definition } = counting({ interruptionAdapter: "none" });
    expect(await perform(definition, run)).toMatchObject({ outcome: "cancelled" });
  });

  test("that throw or are unknown fail the attempt and keep its place", async () => {
    interruptionAdapters.register("broken", () => {
      throw new Error("adapter down");
    });
    const broken = counting({ interruptionAdapter: "broken" });
    expect(await start(broken.definition)).toMatchObject({
      outcome: "failed",
      error: { message: "adapter down" },
      position: { cursor: 0 },
    });
    const unknown = counting({ interruptionAdapter: "memry:1gb" });
    expect(await start(unknown.definition)).toMatchObject({
      outcome: "failed",
      error: { message: expect.stringContaining('did you mean "memory"?') },
    });
  });
});
