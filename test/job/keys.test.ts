// What the options of an enqueue ask of the store: unique keys, idempotency, order, batches. Seen
// from inside a run, whose jobs are rows until somebody stores them.

import {
  defineJob,
  type Enqueueable,
  type EnqueueOptions,
  jobRef,
  perform,
  type StandardSchema,
} from "@queue-runtime/job";
import { MemoryRun } from "@queue-runtime/job/testing";
import { jobStates, type NewJob } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";

const plain = defineJob({ name: "plain", perform: (_input: unknown) => {} });
const living = ["held", "waiting", "scheduled", "blocked", "ready", "running"];

/** The row that enqueueing makes, or the error it throws. */
async function row(job: Enqueueable, input?: unknown, options?: object): Promise<NewJob> {
  const run = new MemoryRun();
  const enqueues = defineJob({
    name: "enqueues",
    retry: { limit: 0 },
    perform: (_input: unknown, context) =>
      context.enqueue(job as Enqueueable<unknown>, input, options as EnqueueOptions),
  });
  const outcome = await perform(enqueues, run);
  if (outcome.outcome === "failed") throw new TypeError(outcome.error.message);
  return run.enqueued[0]!;
}

const uniqueKeys = async (job: Enqueueable, input?: unknown, options?: object) =>
  (await row(job, input, options)).uniques?.map(({ key }) => key);

describe("a unique job", () => {
  test("is known by its whole input, in whatever order it was written", async () => {
    const job = defineJob({ name: "a", unique: {}, perform: (_input: unknown) => {} });
    const { uniques } = await row(job, { b: [1, { d: 2, c: null }], a: "x" });
    expect(uniques).toEqual([
      {
        key: 'a/{"a":"x","b":[1,{"c":null,"d":2}]}',
        states: living,
        forMs: null,
        onConflict: "exists",
      },
    ]);
    expect(await uniqueKeys(job, { a: "x", b: [1, { c: null, d: 2 }] })).toEqual([
      uniques![0]!.key,
    ]);
    expect(await uniqueKeys(job)).toEqual(["a/null"]);
  });

  test("with a long input has a key that fits, and differs with the input", async () => {
    const job = defineJob({ name: "a", unique: {}, perform: (_input: unknown) => {} });
    const one = await uniqueKeys(job, { text: "x".repeat(1_000) });
    expect(one?.[0]).toMatch(/^a\/sha256:[0-9a-f]{64}$/);
    expect(await uniqueKeys(job, { text: "x".repeat(1_001) })).not.toEqual(one);
  });

  test("may have a key of its own, a period, states and a policy", async () => {
    const job = defineJob({
      name: "a",
      unique: { key: (input) => input.id, for: "10m", onConflict: "debounce" },
      perform: (_input: { id: string | null }) => {},
    });
    expect((await row(job, { id: "7" })).uniques).toEqual([
      { key: "a/7", states: [...living, "finished"], forMs: 600_000, onConflict: "debounce" },
    ]);
    expect(await row(job, { id: null })).not.toHaveProperty("uniques");
    await expect(row(job, { id: 7 })).rejects.toThrow(
      'job "a": unique.key answered a number; answer a string, or null for none',
    );
    const states = defineJob({ name: "a", perform() {}, unique: { while: ["ready", "ready"] } });
    expect(states.unique?.states).toEqual(["ready"]);
  });

  test("can be made so, otherwise or not at all where it is enqueued", async () => {
    const job = defineJob({ name: "a", unique: { key: "own" }, perform: () => {} });
    expect(await uniqueKeys(job, null)).toEqual(["a/own"]);
    expect(await uniqueKeys(job, null, { unique: "other" })).toEqual(["a/other"]);
    expect(await uniqueKeys(job, null, { unique: {} })).toEqual(["a/null"]);
    expect(await uniqueKeys(job, null, { unique: false })).toBeUndefined();
    expect(await uniqueKeys(jobRef("a"), { n: 1 }, { unique: {} })).toEqual(['a/{"n":1}']);
  });

  test("is keyed by the input as it is stored, not as a schema transforms it", async () => {
    const schema: StandardSchema<{ at: string }, { at: Date }> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => ({ value: { at: new Date((value as { at: string }).at) } }),
      },
    };
    const job = defineJob({ name: "a", input: schema, unique: {}, perform: () => {} });
    expect(await uniqueKeys(job, { at: "2026" })).toEqual(['a/{"at":"2026"}']);
  });
});

describe("an idempotency key", () => {
  test("holds for a day whatever becomes of the job, and comes before other keys", async () => {
    const { uniques } = await row(plain, null, { idempotencyKey: "req-1", unique: "u" });
    expect(uniques).toMatchObject([
      {
        key: "/idempotency/plain/req-1",
        states: jobStates,
        forMs: 86_400_000,
        onConflict: "exists",
      },
      { key: "plain/u" },
    ]);
  });

  test("may be made of the input", async () => {
    const idempotencyKey = (input: { id: number }) => `order ${input.id}`;
    expect(await uniqueKeys(plain, { id: 7 }, { idempotencyKey })).toEqual([
      "/idempotency/plain/order 7",
    ]);
  });
});

describe("a job after others", () => {
  test("takes ids and answers, and names each job once", async () => {
    expect((await row(plain, null, { after: 7 })).after).toEqual([7]);
    const answer = { id: 8, outcome: "created" };
    expect((await row(plain, null, { after: [7, answer, 7] })).after).toEqual([7, 8]);
    expect(await row(plain, null, { after: [] })).not.toHaveProperty("after");
    expect(await row(plain, null, { after: 7, ifDependencyFails: "run" })).toMatchObject({
      ifDependencyFails: "run",
    });
  });
});

describe("a job of a batch", () => {
  test("names it by its id, or by what has the id", async () => {
    expect(await row(plain, null, { batch: 3 })).toMatchObject({ batchId: 3 });
    expect(await row(plain, null, { batch: { id: 3 } })).toMatchObject({ batchId: 3 });
    expect(await row(plain, null, { batch: null })).not.toHaveProperty("batchId");
  });

  test("can add siblings", async () => {
    const sibling = defineJob({
      name: "sibling",
      perform: (_input: unknown, { batchId, enqueue }) => enqueue(plain, null, { batch: batchId }),
    });
    const run = new MemoryRun({ job: { batchId: 9 } });
    await perform(sibling, run);
    expect(run.enqueued).toMatchObject([{ name: "plain", batchId: 9 }]);
  });
});

test("a row says nothing of what its job does not have", async () => {
  expect(await row(plain, { n: 1 })).toEqual({
    name: "plain",
    queue: "default",
    priority: 0,
    args: { n: 1 },
  });
});

describe("a mistake is named in one sentence", () => {
  test.for<[object, string]>([
    [{ unique: true }, "unique takes an object of options, not a boolean"],
    [{ unique: "" }, "unique.key is empty; give a text"],
    [{ unique: { key: "x", while: ["done"] } }, 'unique.while cannot be "done"; it must be "held"'],
    [{ unique: "x".repeat(400) }, "unique.key makes a key of 406 characters, and 400 is the most"],
    [{ idempotencyKey: 5 }, "idempotencyKey must be a string or a function of the input, not a n"],
    [{ idempotencyKey: "" }, "idempotencyKey is empty"],
    [{ after: "7" }, "after takes ids, whole numbers of at least 1, not a string"],
    [{ after: [0] }, "after takes ids, whole numbers of at least 1, not 0"],
    [{ after: [{}] }, "after takes ids, whole numbers of at least 1, not an object"],
    [
      { after: Array.from({ length: 1_001 }, (_, index) => index + 1) },
      "after has 1001 jobs, and 1000 is the most; use a batch",
    ],
    [{ after: 1, ifDependencyFails: "rum" }, 'cannot be "rum"; did you mean "run"?'],
    [{ batch: "7" }, "batch takes ids, whole numbers of at least 1, not a string"],
  ])("%#", async ([options, sentence]) => {
    await expect(row(plain, null, options)).rejects.toThrow(sentence);
    await expect(row(plain, null, options)).rejects.toThrow('enqueueing "plain": ');
  });
});
