// Limits of a definition: what they may be, and which slots they make of an input.

import { defineJob, keysMissing, type StandardSchema } from "@queue-runtime/job";
import type { Json } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";

const perform = () => {};

const gatesOf = (job: Parameters<typeof keysMissing>[0], args: Json) =>
  keysMissing(job, { args, concurrencyKey: null, keyed: true })?.gates ?? [];

// What plain JavaScript and casts can pass.
const define = (options: object) =>
  (defineJob as (options: unknown) => unknown)({ name: "a", perform, ...options });

const keysOf = (options: object, args: unknown = null, name = "invoice.send") => {
  const job = (defineJob as (options: unknown) => never)({ name, perform, ...options });
  return gatesOf(job, args as never).map(({ key }) => key);
};

describe("a concurrency key", () => {
  test("makes a slot that belongs to the job's name, with every default", () => {
    const job = defineJob({
      name: "invoice.send",
      concurrency: { key: (input) => input.account },
      perform: (_input: { account: string }) => {},
    });
    expect(gatesOf(job, { account: "acme" })).toEqual([
      {
        kind: "concurrency",
        key: "invoice.send/acme",
        limit: 1,
        ms: 180_000,
        onConflict: "block",
      },
    ]);
  });

  test("can be shared by jobs of one group, with a limit and a policy of its own", () => {
    const concurrency = {
      key: "all",
      limit: 4,
      group: "billing",
      duration: "10s",
      onConflict: "discard",
    };
    const job = defineJob({ name: "a", perform, concurrency: concurrency as never });
    expect(gatesOf(job, null)).toEqual([
      { kind: "concurrency", key: "billing/all", limit: 4, ms: 10_000, onConflict: "discard" },
    ]);
  });

  test("that is null or undefined for an input means no limit", () => {
    expect(keysOf({ concurrency: { key: () => null } })).toEqual([]);
    expect(keysOf({ concurrency: { key: () => undefined } })).toEqual([]);
    expect(keysOf({})).toEqual([]);
  });

  test("never means the slots of another group, whatever the names are", () => {
    expect(keysOf({ concurrency: { key: "c" } }, null, "a/b")).toEqual(["a%2Fb/c"]);
    expect(keysOf({ concurrency: { key: "b/c" } }, null, "a")).toEqual(["a/b/c"]);
    expect(keysOf({ concurrency: { key: "c" } }, null, "a%2Fb")).toEqual(["a%252Fb/c"]);
  });

  test("is made of the input as it is stored, before the schema transforms it", () => {
    const schema: StandardSchema<{ at: string }, { at: Date }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => ({ value: { at: new Date((value as { at: string }).at) } }),
      },
    };
    const job = defineJob({
      name: "a",
      input: schema,
      concurrency: { key: (input) => input.at.slice(0, 4) },
      perform,
    });
    expect(gatesOf(job, { at: "2026-01-01" })).toMatchObject([{ key: "a/2026" }]);
  });
});

describe("a rate", () => {
  test("without a key is one of the job as a whole", () => {
    const job = defineJob({ name: "crm.sync", perform, rate: { limit: 10, per: "1s" } });
    expect(gatesOf(job, null)).toEqual([
      { kind: "rate", key: "crm.sync:rate", limit: 10, ms: 1_000, onConflict: "block" },
    ]);
  });

  test("with a burst lets fewer begin at once, in a shorter time", () => {
    const rate = { key: "eu", limit: 60, per: "1m", burst: 5, group: "crm" };
    const job = defineJob({ name: "a", perform, rate });
    expect(gatesOf(job, null)).toMatchObject([{ key: "crm/eu:rate", limit: 5, ms: 5_000 }]);
  });

  test("comes after the concurrency keys, so that these name the job", () => {
    const both = { rate: { limit: 1, per: "1s" }, concurrency: [{ key: "x" }, { key: "y" }] };
    expect(keysOf(both)).toEqual(["invoice.send/x", "invoice.send/y", "invoice.send:rate"]);
  });
});

describe("a mistake in a definition is named in one sentence", () => {
  const key = "x";
  test.for<[object, string]>([
    [{ concurrency: 5 }, "concurrency takes an object of options, not a number"],
    [{ concurrency: {} }, "concurrency.key must be a string or a function of the input, not undef"],
    [{ concurrency: { key: 5 } }, "concurrency.key must be a string or a function of the input, n"],
    [{ concurrency: { key: "" } }, "concurrency.key is empty; give a text"],
    [{ concurrency: { key: "a\0" } }, 'concurrency.key is not valid text: "a\\u0000"'],
    [{ concurrency: { key, limit: 0 } }, "concurrency.limit must be a whole number of at least 1"],
    [{ concurrency: { key, limit: -1 } }, "limit must be a whole number of at least 1, not -1"],
    [{ concurrency: { key, limit: 1.5 } }, "limit must be a whole number of at least 1, not 1.5"],
    [{ concurrency: { key, limit: "2" } }, "limit must be a whole number of at least 1, not a str"],
    [{ concurrency: { key, limt: 2 } }, 'concurrency has no option "limt"; did you mean "limit"?'],
    [
      { concurrency: { key, onConflict: "blok" } },
      'concurrency.onConflict cannot be "blok"; did you mean "block"?',
    ],
    [
      { concurrency: { key, onConflict: "panic" } },
      'cannot be "panic"; it must be "block", "discard", "replace" or "fail"',
    ],
    [{ concurrency: { key, onConflict: 1 } }, 'must be "block", "discard", "replace" or "fail"'],
    [{ concurrency: { key, duration: 0 } }, "concurrency.duration must be longer than 0"],
    [{ concurrency: { key, duration: "soon" } }, 'concurrency.duration: "soon" is not a duration'],
    [{ concurrency: { key, group: 5 } }, "concurrency.group must be a string, not a number"],
    [{ concurrency: { key, group: "" } }, "concurrency.group may not be empty"],
    [{ concurrency: { key, group: "queue:a" } }, 'group may not begin with "queue:", as keys of'],
    [
      { concurrency: { key, group: "queue-rate:a" } },
      'may not begin with "queue-rate:", as keys of',
    ],
    [
      { concurrency: { key: "a:rate" } },
      'concurrency.key may not end in ":rate", as keys of rates',
    ],
    [{ concurrency: [{ key }, { key: 5 }] }, "concurrency[1].key must be a string or a function"],
    [{ concurrency: [{ key }, { key }] }, 'two limits with the key "a/x"; give one a group'],
    [
      { concurrency: Array.from({ length: 9 }, (_, index) => ({ key: `${index}` })) },
      'job "a" has 9 limits, and 8 is the most',
    ],
    [{ concurrency: { key: "x".repeat(500) } }, "makes a key of 502 characters, and 400 is the"],
    [{ rate: { limit: 0, per: "1s" } }, "rate.limit must be a whole number of at least 1, not 0"],
    [{ rate: { limit: 5 } }, 'rate.per is missing: give "1s" or "1m"'],
    [{ rate: { limit: 5, per: 0 } }, "rate.per must be longer than 0"],
    [
      { rate: { limit: 5, per: "1s", burst: 6 } },
      "rate.burst 6 is more than the limit 5: use 5 or less",
    ],
    [
      { rate: { limit: 10, per: "10s", burst: 9 } },
      'job "a": rate.burst 9 does not divide the limit 10: use 1, 2, 5 or 10',
    ],
    [
      { rate: { limit: 1_000, per: "1s", burst: 300 } },
      'job "a": rate.burst 300 does not divide the limit 1000: use 250 or 500',
    ],
    [{ rate: { limit: 7, per: "1s", burst: 6 } }, "the limit 7: use 1 or 7"],
    [
      { rate: { limit: 5, per: "1s", burst: 0 } },
      "rate.burst must be a whole number of at least 1",
    ],
    [
      {
        rate: [
          { limit: 1, per: 5 },
          { limit: 2, per: 9 },
        ],
      },
      'two limits with the key "a:rate"',
    ],
    [{ unique: true }, "unique takes an object of options, not a boolean"],
    [{ unique: { key: 5 } }, "unique.key must be a string or a function of the input, not a num"],
    [{ unique: { for: 0 } }, "unique.for must be longer than 0"],
    [{ unique: { while: "ready" } }, "unique.while must be a list of states, not a string"],
    [{ unique: { while: [] } }, "unique.while is empty; name one state or more"],
    [{ unique: { while: ["reday"] } }, 'unique.while cannot be "reday"; did you mean "ready"?'],
    [{ unique: { onConflict: "ignore" } }, 'it must be "exists", "replace" or "debounce"'],
  ])("%j", ([options, sentence]) => {
    expect(() => define(options)).toThrow(TypeError);
    expect(() => define(options)).toThrow(sentence);
    expect(() => define(options)).toThrow('job "a"');
  });

  test("also where the job's own name cannot be a group", () => {
    const options = { name: "queue:clean", concurrency: { key: "x" } };
    expect(() => define(options)).toThrow("the job's name does; give another group");
    expect(() => define({ ...options, concurrency: { key: "x", group: "clean" } })).not.toThrow();
  });
});

describe("what a key function answers is checked", () => {
  test.for<[() => unknown, string]>([
    [() => 5, 'job "a": concurrency.key answered a number; answer a string, or null for none'],
    [() => ({}), "concurrency.key answered an object; answer a string, or null for none"],
    [() => "", "concurrency.key is empty; give a text, or null for none"],
    [() => "x".repeat(399), "concurrency.key makes a key of 401 characters, and 400 is the most"],
    [() => Promise.reject("late"), "concurrency.key answered a promise; it must answer at once"],
    [() => "x:rate", 'concurrency.key may not end in ":rate"'],
    [() => "\ud800", "concurrency.key is not valid text"],
  ])("%s", ([key, sentence]) => {
    expect(() => keysOf({ concurrency: { key } }, null, "a")).toThrow(TypeError);
    expect(() => keysOf({ concurrency: { key } }, null, "a")).toThrow(sentence);
  });

  test("and two limits cannot be one", () => {
    const concurrency = [{ key: () => "x" }, { key: "x" }];
    expect(() => keysOf({ concurrency })).toThrow('two limits with the key "invoice.send/x"');
  });

  test("and one that throws is named, with what it threw", () => {
    const concurrency = { key: (input: { account: { id: string } }) => input.account.id };
    expect(() => keysOf({ concurrency }, {}, "a")).toThrow(
      `job "a": concurrency.key failed: Cannot read properties of undefined (reading 'id')`,
    );
  });

  test("but when the input is not valid, that is what is said", () => {
    const input: StandardSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({ issues: [{ message: "expected an account" }] }),
      },
    };
    const concurrency = { key: (given: { account: { id: string } }) => given.account.id };
    expect(() => keysOf({ input, concurrency }, {}, "a")).toThrow(
      'the input of job "a" is not valid: expected an account',
    );
  });
});
