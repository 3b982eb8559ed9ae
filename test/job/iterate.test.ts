// Iterations under other queues: nothing but a cursor, a place to keep it, and an adapter.

import { defineIteration, defineJob, enumerators, iterate } from "@queue-runtime/job";
import type { Json } from "@queue-runtime/store";
import { expect, test } from "vitest";

function numbers(seen: number[], each: (item: number) => unknown = () => {}) {
  return defineIteration({
    name: "numbers",
    buildEnumerator: (input, { cursor }) => enumerators.times(Number(input), { cursor }),
    eachIteration: (item) => {
      seen.push(item);
      return each(item);
    },
    onComplete: () => seen.length,
  });
}

test("an iteration goes on from its cursor, run after run, without any store", async () => {
  const seen: number[] = [];
  let cursor: Json = null;
  let runs = 0;
  for (let outcome = ""; outcome !== "finished"; runs++) {
    let asked = 0;
    const run = await iterate(numbers(seen), { input: 7, cursor, adapter: () => ++asked === 3 });
    ({ cursor, outcome } = run);
    if (outcome === "interrupted") expect(run).toMatchObject({ reason: "adapter", delayMs: 0 });
    else expect(run.result).toBe(7);
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(runs).toBe(3);
});

test("the reason of the adapter is passed on", async () => {
  const run = await iterate(numbers([]), { input: 2, adapter: () => "spot notice" });
  expect(run).toEqual({ outcome: "interrupted", cursor: 0, reason: "spot notice", delayMs: 0 });
});

test("checkpoints are saved as often as asked, and at the end", async () => {
  const saved: unknown[] = [];
  const onCheckpoint = (cursor: Json, progress: unknown) => saved.push([cursor, progress]);
  await iterate(numbers([]), { input: 3, onCheckpoint });
  expect(saved).toEqual([[2, { done: 3, total: 3 }]]);
  saved.length = 0;
  await iterate(
    numbers([], () => new Promise(setImmediate)),
    { input: 3, onCheckpoint, every: 0 },
  );
  expect(saved.map((entry) => (entry as unknown[])[0])).toEqual([0, 1, 2]);
});

test("a failing item rejects after its place was saved", async () => {
  const saved: Json[] = [];
  const failing = numbers([], (item) => {
    if (item === 2) throw new RangeError("two");
  });
  const run = iterate(failing, { input: 5, onCheckpoint: (cursor) => saved.push(cursor) });
  await expect(run).rejects.toThrow(new RangeError("two"));
  expect(saved).toEqual([1]);
});

test("a checkpoint that cannot be saved ends the run with its error", async () => {
  const seen: number[] = [];
  const run = iterate(
    numbers(seen, () => new Promise(setImmediate)),
    {
      input: 1_000_000,
      every: 0,
      onCheckpoint: async () => {
        throw new Error("fenced off");
      },
    },
  );
  await expect(run).rejects.toThrow("fenced off");
  expect(seen.length).toBeLessThan(5);
});

test("an aborted signal interrupts after the item in hand", async () => {
  const controller = new AbortController();
  const aborting = numbers([], (item) => item === 1 && controller.abort());
  expect(await iterate(aborting, { input: 5, signal: controller.signal })).toMatchObject({
    outcome: "interrupted",
    cursor: 1,
  });
});

test("a plain job is no iteration", async () => {
  const plain = defineJob({ name: "plain", perform() {} });
  await expect(iterate(plain, {})).rejects.toThrow(
    'iterate takes an iteration, and "plain" is none',
  );
});
