// What jobs throw: anything becomes a failed outcome, as data of at most 64 kB.

import { describe, expect, test } from "vitest";
import { outcomeOf } from "./support/plain.ts";

describe("whatever is thrown becomes a failed outcome", () => {
  const circular = new Error("around");
  circular.cause = circular;
  const hostile = new Proxy(new Error("hidden"), {
    get() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw new Error("no");
    },
  });
  const lying = { name: 5, message: { toString: null }, code: {}, stack: [] };
  const big = new Error("x".repeat(1_000_000));
  big.stack = "y".repeat(50_000_000);
  const chain = Array.from({ length: 100 }).reduce<Error>(
    (cause) => new Error("\u0000".repeat(9_000), { cause }),
    new Error("first"),
  );
  test.for<[string, unknown]>([
    ["null", null],
    ["undefined", undefined],
    ["a number", 5],
    ["a symbol", Symbol("s")],
    ["a BigInt", 5n],
    ["a function", () => {}],
    ["an object without a prototype", Object.create(null)],
    ["a circular cause", circular],
    ["an error with throwing traps", hostile],
    ["an object of lies", lying],
    ["a stack of 50 MB", big],
    ["a chain of a hundred causes", chain],
    ["a lone surrogate", new Error("\ud800")],
  ])("%s", async ([_, thrown]) => {
    const outcome = await outcomeOf(() => {
      throw thrown;
    });
    expect(outcome).toMatchObject({ outcome: "failed", retryDelayMs: 5_000 });
    if (outcome.outcome !== "failed") throw new Error("not failed");
    const json = JSON.stringify(outcome.error);
    expect(Buffer.byteLength(json)).toBeLessThanOrEqual(64_000);
    expect(JSON.parse(json)).toEqual(outcome.error);
    expect(outcome.error.message).not.toBe("");
    expect(json.isWellFormed()).toBe(true);
  });

  test("a rejected promise, which must not end the process as an unhandled one", async () => {
    const outcome = await outcomeOf(() => {
      throw Promise.reject(new Error("never seen"));
    });
    expect(outcome).toMatchObject({ error: { message: "a promise was thrown, not an error" } });
  });

  test("a rejection is a throw", async () => {
    expect(await outcomeOf(() => Promise.reject(new RangeError("far")))).toMatchObject({
      outcome: "failed",
      error: { name: "RangeError", message: "far", code: null, cause: null },
    });
  });

  test("name, message, code and causes are kept", async () => {
    const root = Object.assign(new Error("no such file"), { code: "ENOENT" });
    const outcome = await outcomeOf(() => {
      throw new TypeError("cannot", { cause: root });
    });
    expect(outcome).toMatchObject({
      error: { name: "TypeError", message: "cannot", cause: { code: "ENOENT", cause: null } },
    });
  });
});
