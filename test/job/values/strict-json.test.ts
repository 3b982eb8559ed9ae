// What may be stored: only what comes back as it went in.

import { createContext, runInContext } from "node:vm";
import { strictJson } from "@queue-runtime/job";
import { describe, expect, test } from "vitest";

const check = (value: unknown) => strictJson(value, "result");

describe("values that JSON keeps", () => {
  const shared = { a: 1 };
  test.for<[string, unknown]>([
    ["null", null],
    ["booleans", [true, false]],
    ["numbers", [0, -1, 1.5, 1e300, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE]],
    ["texts", ["", "ä", "😀", "a\u0000b", '"\\\n']],
    ["nested", { a: [{ b: { c: [] } }], d: {} }],
    ["strange keys", JSON.parse('{"__proto__": {"x": 1}, "": 1, "constructor": 2, "1": 3}')],
    ["without a prototype", Object.assign(Object.create(null), { a: 1 })],
    ["the same object twice", [shared, shared]],
    ["of another realm", runInContext("({ a: [1, { b: null }] })", createContext())],
    ["frozen", Object.freeze({ a: Object.freeze([1]) })],
    ["999 levels", JSON.parse(`${"[".repeat(999)}${"]".repeat(999)}`)],
  ])("%s", ([_, value]) => {
    const copy = check(value);
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value));
    expect(JSON.parse(JSON.stringify(copy))).toEqual(copy);
  });

  test("-0 is stored as 0, which it equals", () => {
    expect(Object.is(check(-0), 0)).toBe(true);
  });

  test("the copy is no longer tied to the value", () => {
    const value = { list: [1] };
    const copy = check(value);
    value.list.push(2);
    expect(copy).toEqual({ list: [1] });
  });

  test("a key named __proto__ stays a key", () => {
    const copy = check(JSON.parse('{"__proto__": {"admin": true}}')) as object;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(["__proto__"]);
  });
});

describe("values that JSON would change are refused with their path", () => {
  class Money {
    amount = 5;
  }
  const cycle: Record<string, unknown> = { a: {} };
  (cycle.a as Record<string, unknown>).back = cycle;
  const wide = Array.from({ length: 30 }).reduce<unknown>((inner) => [inner, inner], 1);
  test.for<[unknown, string]>([
    [undefined, "result is undefined, which JSON drops"],
    [{ a: { b: undefined } }, "result.a.b is undefined, which JSON drops"],
    [[1, undefined], "result[1] is undefined"],
    // biome-ignore lint/suspicious/noSparseArray: the hole is the point
    [[1, , 3], "result[1] is a hole; JSON has no holes"],
    [Number.NaN, "result is NaN, which JSON does not have"],
    [[Number.POSITIVE_INFINITY], "result[0] is Infinity"],
    [{ n: 5n }, "result.n is a BigInt, which JSON does not have; use a string"],
    [{ f() {} }, "result.f is a function"],
    [{ s: Symbol("s") }, "result.s is a symbol"],
    [{ [Symbol("s")]: 1 }, "result has a symbol as a key, which JSON drops"],
    [{ at: new Date() }, "result.at is a Date, which JSON would change; use toISOString()"],
    [new Map(), "result is a Map, which JSON would change; use a plain object"],
    [[new Set([1])], "result[0] is a Set"],
    [new Money(), "result is a Money"],
    [Object.create(new Money()), "result is a Money"],
    [new (class extends Array {})(), "result is a class"],
    [Buffer.from("a"), "result is a Buffer"],
    [new Uint8Array(1), "result is a Uint8Array"],
    // biome-ignore lint/complexity/useRegexLiterals: boxed values are what old code passes
    [[new String("a"), new RegExp("a")], "result[0] is a String"],
    [new Error("a"), "result is an Error"],
    [{ toJSON: () => 1 }, "result.toJSON is a function"],
    [Object.assign([1], { note: 1 }), 'result is an array with the property "note"'],
    ["abc".match(/b/), 'result is an array with the property "groups"'],
    ["\ud800", "result contains half a surrogate pair, which is not valid text"],
    [{ a: "x\udc00" }, "result.a contains half a surrogate pair"],
    [{ "\ud800": 1 }, 'result["\\ud800"] contains half a surrogate pair'],
    [{ "a b": [{ "c-d": 5n }] }, 'result["a b"][0]["c-d"] is a BigInt'],
    [cycle, "result.a.back contains itself, which JSON cannot express"],
    [
      JSON.parse(`${"[".repeat(1_001)}${"]".repeat(1_001)}`),
      "leads to a value nested more than 1000 levels deep",
    ],
    ["x".repeat(1_048_576), "result is larger than 1,048,576 bytes as JSON"],
    ["\u0001".repeat(180_000), "result is larger than 1,048,576 bytes as JSON"],
    [wide, "result is larger than 1,048,576 bytes as JSON"],
  ])("refusal %#", { timeout: 5_000 }, ([value, sentence]) => {
    expect(() => check(value)).toThrow(sentence);
  });

  test("exactly as large as allowed is allowed", () => {
    expect(check("x".repeat(1_048_574))).toHaveLength(1_048_574);
    expect(() => check("x".repeat(1_048_575))).toThrow("larger");
    expect(() => strictJson("x".repeat(65_535), "cursor")).toThrow(
      "cursor is larger than 65,536 bytes as JSON; store it elsewhere and pass a reference",
    );
  });

  test("a getter that throws is the caller's error", () => {
    const value = {
      get trap(): never {
        throw new RangeError("mine");
      },
    };
    expect(() => check(value)).toThrow(new RangeError("mine"));
  });
});
