// The loop of resumable jobs: where it stops, what it says, and where the next run goes on.

import { Interrupt, perform, type StopReason } from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import { describe, expect, test } from "vitest";
import { counting, type Options, start } from "./support/counting.ts";

describe("a first run", () => {
  test("does every item in order, then completes with a result", async () => {
    const { log, definition } = counting();
    expect(await start(definition)).toEqual({
      outcome: "finished",
      result: "all",
      position: { cursor: 4, progress: { done: 5, total: null } },
    });
    expect(log).toEqual(["start", 0, 1, 2, 3, 4, "closed", "complete"]);
  });

  test("notes the cursor of each item after it is done", async () => {
    const run = new MemoryRun();
    const before: unknown[] = [];
    const { definition } = counting({
      eachIteration: (_item, { cursor }) => before.push([cursor, run.cursors.length]),
    });
    await perform(definition, run);
    expect(before).toEqual([null, 0, 1, 2, 3].map((cursor, index) => [cursor, index]));
    expect(run.cursors).toEqual([0, 1, 2, 3, 4]);
  });

  test("of an empty enumerator completes at once", async () => {
    const { log, definition } = counting({ buildEnumerator: () => [] });
    expect(await start(definition)).toEqual({ outcome: "finished", result: "all" });
    expect(log).toEqual(["start", "complete"]);
  });

  test("works the same with asynchronous enumerators, items and callbacks", async () => {
    const { log, definition } = counting({
      async buildEnumerator() {
        async function* items() {
          yield [7, "a"] as const;
          yield [8, "b"] as const;
        }
        return items();
      },
      async eachIteration(item) {
        await Promise.resolve();
        log.push(item);
      },
      onComplete: async () => log.length,
    });
    expect(await start(definition)).toMatchObject({ outcome: "finished", result: 3 });
    expect(log).toEqual(["start", 7, 8]);
  });
});

describe("a stop", () => {
  const stopAt = (at: number, reason: StopReason, options: Partial<Options> = {}) => {
    const run = new MemoryRun();
    const { log, definition } = counting({
      eachIteration: (item) => {
        log.push(item);
        if (item === at) run.stop(reason);
      },
      ...options,
    });
    return { log, outcome: perform(definition, run) };
  };

  test("ends the run after the item in hand, closed and announced", async () => {
    const { log, outcome } = stopAt(2, "stop");
    expect(await outcome).toEqual({
      outcome: "interrupted",
      reason: "stop",
      delayMs: 0,
      position: { cursor: 2, progress: { done: 3, total: null } },
    });
    expect(log).toEqual(["start", 0, 1, 2, "closed", "interrupt"]);
  });

  test("that was there before the run still lets it do one item", async () => {
    const run = new MemoryRun({ job: { cursor: 1, interruptions: 1 } });
    run.stop();
    const { log, definition } = counting();
    expect(await perform(definition, run)).toMatchObject({ position: { cursor: 2 } });
    expect(log).toEqual(["resume", 2, "closed", "interrupt"]);
  });

  test("after the last item interrupts; the next run finds nothing and completes", async () => {
    const { outcome } = stopAt(4, "stop");
    expect(await outcome).toMatchObject({ outcome: "interrupted", position: { cursor: 4 } });
    const { log, definition } = counting();
    const job = { cursor: 4, interruptions: 1, progress: { done: 5, total: null } };
    expect(await start(definition, { job })).toEqual({ outcome: "finished", result: "all" });
    expect(log).toEqual(["resume", "closed", "complete"]);
  });

  test("by a cancel ends it as cancelled, without a callback", async () => {
    const { log, outcome } = stopAt(2, "cancel");
    expect(await outcome).toMatchObject({ outcome: "cancelled", position: { cursor: 2 } });
    expect(log).toEqual(["start", 0, 1, 2, "closed"]);
  });

  test("by a cancel that comes after the last item comes too late", async () => {
    const { log, outcome } = stopAt(4, "cancel");
    expect(await outcome).toMatchObject({ outcome: "finished", result: "all" });
    expect(log.at(-1)).toBe("complete");
  });

  test("by its time-out is a failed attempt that keeps its place", async () => {
    const { log, outcome } = stopAt(2, "timeout", { timeout: "2m" });
    expect(await outcome).toMatchObject({
      outcome: "failed",
      retryDelayMs: 5_000,
      error: { message: "the run took longer than the job's timeout of 120000 ms" },
      position: { cursor: 2 },
    });
    expect(log).not.toContain("interrupt");
  });

  test("because the job was lost says nothing to anybody", async () => {
    const { log, outcome } = stopAt(2, "lost");
    expect(await outcome).toMatchObject({ outcome: "interrupted", reason: "lost" });
    expect(log).not.toContain("interrupt");
  });

  test("stays a clean stop when onInterrupt throws", async () => {
    const { outcome } = stopAt(1, "stop", {
      onInterrupt: () => {
        throw new Error("bad callback");
      },
    });
    expect(await outcome).toMatchObject({ outcome: "interrupted", position: { cursor: 1 } });
  });

  test("by an aborted signal interrupts the item in hand, which is done again", async () => {
    const run = new MemoryRun();
    const { log, definition } = counting({
      eachIteration: (item, { signal }) => {
        if (item === 2) run.abort();
        signal.throwIfAborted();
        log.push(item);
      },
    });
    expect(await perform(definition, run)).toMatchObject({
      outcome: "interrupted",
      reason: "shutdown",
      position: { cursor: 1 },
    });
    expect(log).toEqual(["start", 0, 1, "closed", "interrupt"]);
  });

  test("during clean-up that fails changes nothing", async () => {
    const run = new MemoryRun();
    const { definition } = counting({
      *buildEnumerator() {
        try {
          yield [0, 0];
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: the world is unsafe
          throw new Error("cannot close");
        }
      },
      eachIteration: () => run.stop(),
    });
    expect(await perform(definition, run)).toMatchObject({ outcome: "interrupted" });
  });
});

describe("maxRuntime", () => {
  test("makes room for others after the item in which it passes", async () => {
    let now = 0;
    const { log, definition } = counting({
      maxRuntime: "1m",
      eachIteration: (item) => {
        now += 25_000;
        log.push(item);
      },
    });
    expect(await start(definition, { monotonic: () => now })).toMatchObject({
      outcome: "interrupted",
      reason: "maxRuntime",
      position: { cursor: 2 },
    });
  });
});

describe("a throttle", () => {
  test("before the first item does nothing, moves nothing and waits", async () => {
    const { log, definition } = counting({
      // biome-ignore lint/correctness/useYield: it holds back at once
      *buildEnumerator() {
        throw new Interrupt("throttled", { delay: "30s" });
      },
    });
    const job = { cursor: 3, interruptions: 1 };
    expect(await start(definition, { job })).toEqual({
      outcome: "interrupted",
      reason: "throttled",
      delayMs: 30_000,
    });
    expect(log).toEqual(["resume", "interrupt"]);
  });

  test("thrown by an item leaves that item for the next run", async () => {
    const { definition } = counting({
      eachIteration: (item) => {
        if (item === 3) throw new Interrupt("slow down", { delay: 50 });
      },
    });
    expect(await start(definition)).toMatchObject({
      outcome: "interrupted",
      delayMs: 50,
      position: { cursor: 2, progress: { done: 3 } },
    });
  });
});

describe("a failing item", () => {
  test("fails the attempt at its place, and the retry goes on there", async () => {
    const fails = counting({
      eachIteration: (item) => {
        if (item === 3) throw new Error("item 3");
      },
    });
    const outcome = await start(fails.definition);
    expect(outcome).toMatchObject({ outcome: "failed", position: { cursor: 2 } });
    expect(fails.log).toEqual(["start", "closed"]);
    const { log, definition } = counting();
    await start(definition, { job: { attempts: 2, ...outcome.position } });
    expect(log).toEqual(["resume", 3, 4, "closed", "complete"]);
  });

  test("at once on resume keeps the saved cursor: nothing overwrites it", async () => {
    const { definition } = counting({
      eachIteration: () => {
        throw new Error("no");
      },
    });
    const outcome = await start(definition, { job: { cursor: 3, attempts: 2 } });
    expect(outcome).toMatchObject({ outcome: "failed" });
    expect(outcome).not.toHaveProperty("position");
  });

  test("before any cursor is neither a start nor a resumption the second time", async () => {
    const { log, definition } = counting();
    await start(definition, { job: { attempts: 2 } });
    await start(definition, { job: { crashes: 1 } });
    await start(definition, { job: { interruptions: 1 } });
    expect(log.filter((entry) => entry === "start" || entry === "resume")).toEqual([]);
  });
});
