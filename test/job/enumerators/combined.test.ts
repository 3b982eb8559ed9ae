// Enumerators around enumerators: batches, levels and throttles.

import { defineIteration, type Enumerator, enumerators, perform } from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import type { Json } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";

const { array, batches, nested, throttle, times } = enumerators;

async function all<Item>(enumerator: Enumerator<Item>): Promise<[Item, Json][]> {
  const pairs: [Item, Json][] = [];
  for await (const [item, cursor] of enumerator) pairs.push([item, cursor]);
  return pairs;
}

describe("batches", () => {
  const build = (cursor: Json) => batches(times(5, { cursor }), 2);

  test("group items under the cursor of their last", async () => {
    expect(await all(build(null))).toEqual([
      [[0, 1], 1],
      [[2, 3], 3],
      [[4], 4],
    ]);
    expect(build(null).size).toBe(3);
  });

  test("go on after a batch without skipping or repeating one", async () => {
    expect(await all(build(1))).toEqual([
      [[2, 3], 3],
      [[4], 4],
    ]);
    expect(await all(build(4))).toEqual([]);
  });

  test("hand over what they have before a failure, so that the cursor moves", async () => {
    async function* failing() {
      yield ["a", 1] as const;
      throw new Error("source down");
    }
    const seen: unknown[] = [];
    const job = defineIteration({
      name: "failing",
      buildEnumerator: () => batches(failing(), 10),
      eachIteration: (batch) => seen.push(batch),
    });
    expect(await perform(job, new MemoryRun())).toMatchObject({
      outcome: "failed",
      position: { cursor: 1 },
    });
    expect(seen).toEqual([["a"]]);
  });

  test("of less than one are refused", () => {
    expect(() => batches(times(1, { cursor: null }), 0)).toThrow("a size of at least 1, not 0");
  });
});

describe("nested", () => {
  const shops = [
    { name: "x", stock: ["a", "b"] },
    { name: "y", stock: [] },
    { name: "z", stock: ["c"] },
  ];
  const build = (cursor: Json, source = shops) =>
    nested(
      [
        (outer) => array(source, { cursor: outer }),
        (shop, inner) =>
          array(
            shop.stock.map((item) => shop.name + item),
            { cursor: inner },
          ),
      ],
      { cursor },
    );

  test("go through the inner level of every outer item", async () => {
    expect((await all(build(null))).map(([item]) => item)).toEqual(["xa", "xb", "zc"]);
  });

  test("interrupted after every single item still come to the end", async () => {
    const seen: string[] = [];
    let cursor: Json = null;
    for (let runs = 0; runs < 10; runs++) {
      const [next] = await all(build(cursor));
      if (next === undefined) break;
      seen.push(next[0]);
      cursor = JSON.parse(JSON.stringify(next[1]));
    }
    expect(seen).toEqual(["xa", "xb", "zc"]);
  });

  test("of three levels go on from any of their cursors", async () => {
    const cube = (cursor: Json) =>
      nested(
        [
          (one) => times(3, { cursor: one }),
          (a, two) => times(a + 1, { cursor: two }),
          (a, b, three) => array([`${a}${b}0`, `${a}${b}1`], { cursor: three }),
        ],
        { cursor },
      );
    const items = await all(cube(null));
    expect(items).toHaveLength(12);
    for (const [index, [, cursor]] of items.entries()) {
      expect(await all(cube(cursor))).toEqual(items.slice(index + 1));
    }
  });

  test("start the inner level anew when the outer item has gone meanwhile", async () => {
    async function* byName(cursor: Json, names: string[]) {
      for (const name of names) {
        if (cursor === null || name > String(cursor)) yield [name, name] as const;
      }
    }
    const walk = (cursor: Json, names: string[]) =>
      nested(
        [
          (outer) => byName(outer, names),
          (name, inner) => array([`${name}0`, `${name}1`], { cursor: inner }),
        ],
        { cursor },
      );
    const first = await all(walk(null, ["a", "b", "c"]));
    const [item, cursor] = first[2]!;
    expect(item).toBe("b0");
    const rest = (await all(walk(cursor, ["a", "c"]))).map(([left]) => left);
    expect(rest).toEqual(["c0", "c1"]);
  });

  test("are built by functions, at least two, that return enumerators", async () => {
    const cast = (value: unknown) => value as never;
    expect(() => nested(cast([() => []]), { cursor: null })).toThrow("two or more functions");
    expect(() => nested(cast([[], []]), { cursor: null })).toThrow("two or more functions");
    expect(() => nested(cast([() => [], () => []]), cast({}))).toThrow("needs the cursor");
    await expect(all(build(7))).rejects.toThrow("has before, current and inner; it cannot be 7");
    const broken = nested([() => [[1, 1]], () => undefined as never], { cursor: null });
    await expect(all(broken)).rejects.toThrow("returned undefined, no iterable");
  });
});

describe("throttle", () => {
  const job = (when: () => boolean | Promise<boolean>, backoff?: string | (() => string)) =>
    defineIteration({
      name: "throttled",
      buildEnumerator: (_input, { cursor }) =>
        throttle(times(3, { cursor }), { when, ...(backoff !== undefined && { backoff }) }),
      eachIteration() {},
      onComplete: () => "done",
    });

  test("that trips at once does no item and waits", async () => {
    expect(
      await perform(
        job(() => true),
        new MemoryRun({ job: { cursor: 0 } }),
      ),
    ).toEqual({
      outcome: "interrupted",
      reason: "throttled",
      delayMs: 30_000,
    });
  });

  test("that trips later keeps what was done", async () => {
    let asked = 0;
    const outcome = await perform(
      job(
        async () => ++asked === 3,
        () => "5s",
      ),
      new MemoryRun(),
    );
    expect(outcome).toMatchObject({
      outcome: "interrupted",
      delayMs: 5_000,
      position: { cursor: 1, progress: { done: 2, total: 3 } },
    });
  });

  test("that never trips changes nothing", async () => {
    expect(
      await perform(
        job(() => false),
        new MemoryRun(),
      ),
    ).toMatchObject({
      outcome: "finished",
      result: "done",
    });
  });

  test("inside a batch hands over what the batch has", async () => {
    let asked = 0;
    const held = throttle(times(9, { cursor: null }), { when: () => ++asked > 3 });
    const seen: number[][] = [];
    const batched = defineIteration({
      name: "batched",
      buildEnumerator: () => batches(held, 5),
      eachIteration: (batch) => seen.push(batch),
    });
    expect(await perform(batched, new MemoryRun())).toMatchObject({
      outcome: "interrupted",
      reason: "throttled",
      position: { cursor: 2 },
    });
    expect(seen).toEqual([[0, 1, 2]]);
  });

  test("needs to know when, and for how long", () => {
    const inner = times(1, { cursor: null });
    expect(() => throttle(inner, {} as never)).toThrow("needs the function when");
    expect(() => throttle(inner, { when: () => true, backoff: "soon" })).toThrow(
      'enumerators.throttle: backoff: "soon" is not a duration',
    );
  });
});
