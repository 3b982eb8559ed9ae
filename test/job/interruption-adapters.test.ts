// The registry of adapters and those that are built in.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interruptionAdapters, type JobContext } from "@queue-runtime/job";
import { expect, test } from "vitest";

const context = (stopping: boolean) => ({ stopping }) as JobContext;
const { register, resolve } = interruptionAdapters;

test("runtime answers the flag of the process, none never interrupts", () => {
  expect(resolve("runtime")(context(false))).toBe(false);
  expect(resolve("runtime")(context(true))).toBe("stop");
  expect(resolve("none")(context(true))).toBe(false);
});

test("several adapters are asked in order; the first reason counts", () => {
  register("first", () => "first");
  register("second", () => true);
  expect(resolve(["none", "second", "first"])(context(false))).toBe("second");
  expect(resolve(["first", "second"])(context(false))).toBe("first");
  expect(resolve(["none", "none"])(context(true))).toBe(false);
});

test("an adapter may answer nothing, which means no", () => {
  register("quiet", () => undefined);
  register("empty", () => "");
  expect(resolve(["quiet", "empty"])(context(true))).toBe(false);
});

test("an adapter that answers a promise is refused: it would interrupt after every item", () => {
  register("asynchronous", (async () => false) as never);
  expect(() => resolve("asynchronous")(context(false))).toThrow(
    'interruption adapter "asynchronous" answered an object, not true, false or a reason',
  );
});

test("a name means one adapter, but the same may be registered again", () => {
  const adapter = () => false;
  register("mine", adapter);
  register("mine", adapter);
  for (const name of ["mine", "runtime", "file", "memory"]) {
    expect(() => register(name, () => true)).toThrow(`is named "${name}" already`);
  }
});

test("what is no adapter or no name is refused", () => {
  expect(() => register("broken", true as never)).toThrow(
    'interruption adapter "broken" must be a function, not a boolean',
  );
  expect(() => register("a:b", () => false)).toThrow('a string without ":"');
  expect(() => register("", () => false)).toThrow("the name of an interruption adapter");
});

test("an unknown name is refused with the nearest one", () => {
  expect(() => resolve("runtme")).toThrow(
    'no interruption adapter is registered as "runtme"; did you mean "runtime"?',
  );
  expect(() => resolve("constructor")).toThrow("no interruption adapter");
  expect(() => resolve("")).toThrow("no interruption adapter");
});

test("the registry is shared by all copies of the package", () => {
  register("shared", () => true);
  const key = Symbol.for("queue-runtime.interruption-adapters");
  const registry = (globalThis as Record<symbol, unknown>)[key] as Map<string, unknown>;
  expect(registry.has("shared")).toBe(true);
});

test("file interrupts once its path exists, within a tenth of a second", async () => {
  const folder = mkdtempSync(join(tmpdir(), "adapter-"));
  const path = join(folder, "drain");
  const ask = resolve(`file:${path}`);
  expect(ask(context(true))).toBe(false);
  writeFileSync(path, "");
  const deadline = performance.now() + 2_000;
  while (ask(context(false)) === false && performance.now() < deadline) {
    await new Promise(setImmediate);
  }
  expect(ask(context(false))).toBe(`the file ${path} exists`);
  rmSync(folder, { recursive: true });
  expect(() => resolve("file:")).toThrow("needs a path, as in file:/run/drain");
});

test("memory interrupts above its limit", () => {
  expect(resolve("memory:1mb")(context(false))).toBe("more than 1mb of memory in use");
  expect(resolve("memory:4096gb")(context(false))).toBe(false);
  for (const limit of ["memory", "memory:", "memory:lots", "memory:0mb", "memory:512"]) {
    expect(() => resolve(limit)).toThrow("needs a limit, as in memory:512mb");
  }
});
