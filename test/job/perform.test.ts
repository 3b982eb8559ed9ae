// One run of a plain job: always an outcome, never an exception.

import {
  AbortReason,
  FatalError,
  Interrupt,
  perform,
  type RetryFunction,
} from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import { describe, expect, test } from "vitest";
import { job, outcomeOf } from "./support/plain.ts";

describe("a job that ends well", () => {
  test.for<[unknown, unknown]>([
    [undefined, null],
    [null, null],
    [0, 0],
    ["", ""],
    [false, false],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
  ])("that returns %j is finished with it", async ([returned, result]) => {
    expect(await outcomeOf(() => returned)).toEqual({ outcome: "finished", result });
    expect(await outcomeOf(async () => returned)).toEqual({ outcome: "finished", result });
  });

  test("although it was asked to stop is finished", async () => {
    const run = new MemoryRun();
    for (const reason of ["stop", "cancel", "timeout"] as const) {
      const outcome = await perform(
        job(() => run.stop(reason)),
        run,
      );
      expect(outcome.outcome).toBe("finished");
    }
  });

  test("carries its last progress and cursor", async () => {
    const outcome = await outcomeOf(async (_input, { progress, checkpoint }) => {
      progress(1, 10);
      await checkpoint("a");
      progress(2);
    });
    expect(outcome).toEqual({
      outcome: "finished",
      result: null,
      position: { cursor: "a", progress: { done: 2, total: null } },
    });
  });

  test("with a result that JSON would change has failed, and is not repeated", async () => {
    const outcome = await outcomeOf(() => ({ items: [{ at: new Date(0) }] }));
    expect(outcome).toMatchObject({
      outcome: "failed",
      retryDelayMs: null,
      error: {
        code: "JOB_NOT_JSON",
        message: "result.items[0].at is a Date, which JSON would change; use toISOString()",
      },
    });
  });
});

describe("a failed run", () => {
  const boom = () => {
    throw new Error("boom");
  };

  test("is retried by the policy, and fails for good when none is left", async () => {
    const delayOf = async (attempts: number) => {
      const outcome = await outcomeOf(boom, { job: { attempts } });
      return outcome.outcome === "failed" ? outcome.retryDelayMs : "other";
    };
    expect(await Promise.all([1, 2, 3, 4].map(delayOf))).toEqual([5_000, 10_000, 20_000, null]);
  });

  test("with a FatalError, or an error of another package with its code, is not", async () => {
    for (const error of [
      new FatalError("broken for ever"),
      Object.assign(new Error("too"), { code: "JOB_FATAL" }),
    ]) {
      const outcome = await outcomeOf(() => {
        throw error;
      });
      expect(outcome).toMatchObject({ outcome: "failed", retryDelayMs: null });
    }
  });

  const withRetry = (retry: RetryFunction) =>
    perform(job(boom, { retry }), new MemoryRun({ job: { args: { n: 7 }, attempts: 2 } }));

  test("asks the retry function with the attempt, the error and the input", async () => {
    const asked: unknown[] = [];
    const outcome = await withRetry((...question) => {
      asked.push(...question);
      return "3s";
    });
    expect(asked).toEqual([2, new Error("boom"), { n: 7 }]);
    expect(outcome).toMatchObject({ retryDelayMs: 3_000 });
    expect(await withRetry(() => false)).toMatchObject({ retryDelayMs: null });
  });

  test("fails for good when the retry function throws or answers nonsense", async () => {
    const throws = await withRetry(() => {
      throw new Error("bad policy");
    });
    expect(throws).toMatchObject({
      retryDelayMs: null,
      error: {
        message: "boom (and the retry function failed, so there is no retry)",
        cause: { message: "bad policy" },
      },
    });
    for (const nonsense of [undefined, null, true, Number.NaN, -1, "soon", {}]) {
      const outcome = await withRetry((() => nonsense) as RetryFunction);
      expect(outcome).toMatchObject({ outcome: "failed", retryDelayMs: null });
    }
  });

  test("keeps the position it had come to", async () => {
    const outcome = await outcomeOf(async (_input, { checkpoint }) => {
      await checkpoint(3);
      boom();
    });
    expect(outcome).toMatchObject({ outcome: "failed", position: { cursor: 3 } });
  });
});

describe("a run that was told to end", () => {
  const throwsAfter = (tell: (run: MemoryRun) => void, thrown: unknown = new Error("aborted")) => {
    const run = new MemoryRun();
    const work = job(() => {
      tell(run);
      throw thrown;
    });
    return perform(work, run);
  };

  test("throws after a shutdown's abort: interrupted", async () => {
    expect(await throwsAfter((run) => run.abort())).toEqual({
      outcome: "interrupted",
      reason: "shutdown",
      delayMs: 0,
    });
  });

  test("throws while only asked to stop: an error like any other", async () => {
    expect(await throwsAfter((run) => run.stop())).toMatchObject({ outcome: "failed" });
  });

  test("throws after a cancel: cancelled", async () => {
    expect(await throwsAfter((run) => run.stop("cancel"))).toEqual({ outcome: "cancelled" });
  });

  test("throws after its time-out: a TimeoutError, retried, with what it threw", async () => {
    expect(await throwsAfter((run) => run.stop("timeout"))).toMatchObject({
      outcome: "failed",
      retryDelayMs: 5_000,
      error: { name: "TimeoutError", code: "JOB_TIMEOUT", cause: { message: "aborted" } },
    });
  });

  test("throws after it lost its job: nothing that matters any more", async () => {
    expect(await throwsAfter((run) => run.stop("lost"))).toMatchObject({ outcome: "interrupted" });
  });

  test("sees why in the reason of its signal", async () => {
    const run = new MemoryRun();
    const reasons: unknown[] = [];
    const work = job((_input, { signal }) => {
      run.stop("cancel");
      reasons.push(signal.reason);
      signal.throwIfAborted();
    });
    expect(await perform(work, run)).toEqual({ outcome: "cancelled" });
    expect(reasons[0]).toBeInstanceOf(AbortReason);
    expect(reasons[0]).toMatchObject({ reason: "cancel" });
  });
});

describe("an Interrupt", () => {
  test("ends the run without costing an attempt, and waits as long as it says", async () => {
    const outcome = await outcomeOf(() => {
      throw new Interrupt("rate limit", { delay: "30s" });
    });
    expect(outcome).toEqual({ outcome: "interrupted", reason: "rate limit", delayMs: 30_000 });
  });

  test("of another copy of the package counts too, with a delay that makes sense", async () => {
    for (const delayMs of [Number.NaN, -5, "x", undefined]) {
      const outcome = await outcomeOf(() => {
        throw { code: "JOB_INTERRUPT", message: "later", delayMs };
      });
      expect(outcome).toEqual({ outcome: "interrupted", reason: "later", delayMs: 0 });
    }
  });
});
