// A definition is checked when its module loads: one sentence per mistake.

import { defineIteration, defineJob, isJobDefinition, jobRef } from "@queue-runtime/job";
import { describe, expect, test } from "vitest";

const perform = () => {};
const loop = { buildEnumerator: () => [], eachIteration: () => {} };

// What plain JavaScript and casts can pass.
const define = defineJob as (options: unknown) => unknown;
const iterate = defineIteration as (options: unknown) => unknown;

test("a definition has every default filled in", () => {
  expect(defineJob({ name: "a", perform })).toEqual({
    name: "a",
    queue: "default",
    priority: 0,
    timeoutMs: null,
    input: null,
    retry: { limit: 3, backoff: "exponential", baseMs: 5_000, maxMs: 3_600_000, jitter: 0.2 },
    concurrency: [],
    rate: [],
    unique: null,
    schedule: null,
    perform,
    iteration: null,
  });
  expect(defineIteration({ name: "b", ...loop }).iteration).toEqual({
    maxRuntimeMs: null,
    checkpointEveryMs: 1_000,
    interruptionAdapters: null,
    ...loop,
  });
});

test("durations and lists become what the engine counts in", () => {
  const { timeoutMs, iteration } = defineIteration({
    name: "b",
    timeout: "2m",
    maxRuntime: "10m",
    checkpoint: { every: 250 },
    interruptionAdapter: "none",
    ...loop,
  });
  expect(timeoutMs).toBe(120_000);
  expect(iteration).toMatchObject({ maxRuntimeMs: 600_000, checkpointEveryMs: 250 });
  expect(iteration?.interruptionAdapters).toEqual(["none"]);
});

test("a definition is final", () => {
  const job = defineJob({ name: "a", perform }) as unknown as { queue: string };
  expect(() => {
    job.queue = "other";
  }).toThrow(TypeError);
});

test("a definition is known by its brand, also from another copy of the package", () => {
  expect(isJobDefinition(defineJob({ name: "a", perform }))).toBe(true);
  expect(isJobDefinition({ [Symbol.for("queue-runtime.job")]: 1 })).toBe(true);
  for (const other of [null, undefined, 1, "a", {}, { name: "a", perform }, jobRef("a")]) {
    expect(isJobDefinition(other)).toBe(false);
  }
});

const schema = { "~standard": { version: 1, vendor: "test", validate: () => ({ value: 1 }) } };

test("a schema may be a function, as some libraries have it", () => {
  const callable = Object.assign(() => {}, schema);
  expect(() => define({ name: "a", input: callable, perform })).not.toThrow();
});

const flow = "concurrency, rate, unique, schedule";
const common = `name, queue, priority, timeout, input, retry, ${flow}`;
const plainOptions = `${common}, perform`;
const own = "maxRuntime, checkpoint, interruptionAdapter, buildEnumerator, eachIteration";
const iterationOptions = `${common}, ${own}, onStart, onInterrupt, onResume, onComplete`;
const durations = "write one like 100ms, 25s, 5m, 2h or 7d, or a number of milliseconds";

describe("a mistake is named in one sentence", () => {
  test.for<[unknown, string]>([
    [undefined, "defineJob takes an object of options, not undefined"],
    [{ perform }, 'a job needs a name, a string such as "invoice.send", not undefined'],
    [{ name: 5, perform }, 'a job needs a name, a string such as "invoice.send", not a number'],
    [{ name: "", perform }, "a job name may not be empty"],
    [{ name: " a", perform }, "a job name may not begin or end with a space"],
    [{ name: "a\nb", perform }, 'a job name may not contain control characters: "a\\nb"'],
    [{ name: "x".repeat(201), perform }, "a job name may have at most 200 characters"],
    [
      { name: "42", perform },
      'a job name may not be a bare integer, which reads as the id of a job: "42"',
    ],
    [
      { name: "command", perform },
      '"command" is the name of every shell command; call the job otherwise',
    ],
    [{ name: "a" }, 'job "a" needs the function perform; it is missing'],
    [{ name: "a", perform: "x" }, 'job "a" needs the function perform; it is a string'],
    [
      { name: "a", perform, timeuot: "5s" },
      'job "a" has no option "timeuot"; did you mean "timeout"?',
    ],
    [
      { name: "a", perform, eachIteration: perform },
      `job "a" has no option "eachIteration"; the options are ${plainOptions}`,
    ],
    [{ name: "a", perform, queue: 1 }, 'job "a": queue must be a string, not a number'],
    [
      { name: "a", perform, queue: "mail_*" },
      'job "a": a queue name may not contain *, which stands for many queues',
    ],
    [
      { name: "a", perform, priority: 0.5 },
      'job "a": priority must be a whole number of at most 32 bits (smaller is more urgent)',
    ],
    [
      { name: "a", perform, timeout: "5 minutes" },
      `job "a": timeout: "5 minutes" is not a duration; ${durations}`,
    ],
    [
      { name: "a", perform, timeout: 0 },
      'job "a": timeout must be longer than 0; leave it out for no limit',
    ],
    [
      { name: "a", perform, input: {} },
      'job "a": input must be a Standard Schema (zod, valibot, …), not an object',
    ],
    [
      { name: "a", perform, retry: { limit: -1 } },
      'job "a": retry.limit must be a whole number of at least 0, not -1',
    ],
    [
      { name: "a", perform, retry: { backof: "constant" } },
      'job "a": retry has no option "backof"; did you mean "backoff"?',
    ],
    [
      { name: "a", perform, retry: { backoff: "linear" } },
      'job "a": retry.backoff must be "exponential" or "constant"',
    ],
    [
      { name: "a", perform, retry: { base: "10m", max: "5m" } },
      'job "a": retry.max is shorter than job "a": retry.base',
    ],
    [
      { name: "a", perform, retry: { jitter: 2 } },
      'job "a": retry.jitter must be a number between 0 and 1, not 2',
    ],
    [{ name: "a", perform, retry: 3 }, 'job "a": retry takes an object of options, not a number'],
  ])("%j", ([options, sentence]) => {
    expect(() => define(options)).toThrow(new TypeError(sentence));
  });

  test.for<[object, string]>([
    [{ eachIteration: perform }, 'job "a" needs the function buildEnumerator; it is missing'],
    [{ buildEnumerator: perform }, 'job "a" needs the function eachIteration; it is missing'],
    [{ ...loop, onStart: 1 }, 'job "a" needs the function onStart; it is a number'],
    [{ ...loop, perform }, `job "a" has no option "perform"; the options are ${iterationOptions}`],
    [
      { ...loop, checkpoint: { evry: "1s" } },
      'job "a": checkpoint has no option "evry"; did you mean "every"?',
    ],
    [
      { ...loop, interruptionAdapter: [] },
      'job "a": interruptionAdapter must be a name or a list of names',
    ],
  ])("%j", ([options, sentence]) => {
    expect(() => iterate({ name: "a", ...options })).toThrow(new TypeError(sentence));
  });
});

test("a reference has a name and, where they are given, a queue and a priority", () => {
  expect(jobRef("a")).toEqual({ name: "a" });
  expect(jobRef("a", { queue: "mail", priority: -1 })).toEqual({
    name: "a",
    queue: "mail",
    priority: -1,
  });
  expect(() => jobRef("7")).toThrow("bare integer");
  expect(() => jobRef("a", { queue: "" })).toThrow("may not be empty");
});
