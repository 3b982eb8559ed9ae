// Enumerators over what is at hand: they go on from any cursor, and know how much is left.

import { enumerators } from "@queue-runtime/job";
import { describe, expect, test } from "vitest";

const { array, once, range, times } = enumerators;

describe("each goes on after any of its cursors, and never repeats or skips", () => {
  const all = {
    array: (cursor: number | null) => array(["a", "b", "c"], { cursor }),
    times: (cursor: number | null) => times(4, { cursor }),
    once: (cursor: number | null) => once({ cursor }),
    range: (cursor: number | null) => range(10, 20, { step: 3, cursor }),
    down: (cursor: number | null) => range(5, 0, { step: -2, cursor }),
    fractions: (cursor: number | null) => range(0, 1, { step: 0.1, cursor }),
    empty: (cursor: number | null) => array([], { cursor }),
  };
  test.for(Object.entries(all))("%s", ([_, build]) => {
    const items = [...build(null)];
    expect(build(null).size).toBe(items.length);
    for (const [index, [, cursor]] of items.entries()) {
      const rest = build(cursor);
      expect([...rest]).toEqual(items.slice(index + 1));
      expect(rest.size).toBe(items.length - index - 1);
    }
  });
});

test("their items are what their names say", () => {
  expect([...array(["a", "b"], { cursor: null })]).toEqual([
    ["a", 0],
    ["b", 1],
  ]);
  expect([...times(2, { cursor: null })]).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect([...once({ cursor: null })]).toEqual([[0, 0]]);
  expect([...range(1, 8, { step: 3, cursor: null })].map(([item]) => item)).toEqual([1, 4, 7]);
  expect([...range(3, 0, { step: -1, cursor: null })].map(([item]) => item)).toEqual([3, 2, 1]);
  expect([...range(0, 5, { step: -1, cursor: null })]).toEqual([]);
});

test("a source that has shrunk below the cursor has nothing left", () => {
  const left = array(["a"], { cursor: 7 });
  expect([[...left], left.size]).toEqual([[], 0]);
});

test("a mistake is a sentence", () => {
  const cast = (value: unknown) => value as never;
  expect(() => array([1], cast(undefined))).toThrow("enumerators.array needs the cursor");
  expect(() => times(3, cast({}))).toThrow("enumerators.times(…, { cursor })");
  expect(() => once(cast({}))).toThrow("enumerators.once needs the cursor to resume from");
  expect(() => array(cast("abc"), { cursor: null })).toThrow("takes an array");
  expect(() => array([1], { cursor: { page: 1 } })).toThrow(
    'the cursor of enumerators.array is the index of an item, not {"page":1}',
  );
  expect(() => times(-1, { cursor: null })).toThrow("a whole number of at least 0, not -1");
  expect(() => range(0, 1, { step: 0, cursor: null })).toThrow("a step that is not 0");
  expect(() => range(0, Number.POSITIVE_INFINITY, { cursor: null })).toThrow("finite numbers");
  expect(() => range(0, 1, { cursor: "x" })).toThrow('is a number, not "x"');
  expect(() => range(0, 1, cast({ cursor: null, stpe: 2 }))).toThrow('did you mean "step"?');
});
