// Which exit code a failure has: scripts and platforms decide by it whether to try again.

import { AssertionError } from "node:assert";
import { StoreError, type StoreErrorCode } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { exitCodeOf } from "../../packages/runtime/src/process/exit-codes.ts";

test.each<[StoreErrorCode, number]>([
  ["unreachable", 69],
  ["full", 69],
  ["read-only", 69],
  ["newer-schema", 78],
  ["old-schema", 78],
  ["not-a-store", 78],
  ["denied", 78],
  ["corrupt", 78],
  ["unsupported", 78],
  ["invalid", 1],
])("a store that says %s ends a process with %i", (code, exitCode) => {
  expect(exitCodeOf(new StoreError(code, "no"))).toBe(exitCode);
  // as it comes out of another process
  expect(exitCodeOf({ name: "StoreError", code, message: "no" })).toBe(exitCode);
});

test("other errors: a code of their own, a broken assertion, and what nobody expected", () => {
  expect(exitCodeOf(Object.assign(new Error("no"), { exitCode: 64 }))).toBe(64);
  expect(exitCodeOf({ name: "ConfigError" })).toBe(78);
  expect(exitCodeOf(new AssertionError({ message: "no" }))).toBe(70);
  for (const strange of [new Error("no"), null, undefined, "no", {}]) {
    expect(exitCodeOf(strange)).toBe(1);
  }
});
