// Limits, uniqueness and order as an author meets them: the real store, and a clock under control.

import { defineIteration, defineJob, enumerators, jobRef } from "@queue-runtime/job";
import { type TestQueue, testQueue } from "@queue-runtime/job/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const ran: unknown[] = [];
const note = (input: unknown) => void ran.push(input);

const plain = defineJob({ name: "plain", perform: (input: unknown) => note(input) });
const broken = defineJob({
  name: "broken",
  retry: { limit: 0 },
  perform() {
    throw new Error("out of order");
  },
});
type Onto = { to: string; n?: number };
const one = (onConflict: "block" | "discard" | "fail" | "replace") =>
  defineJob({
    name: `one.${onConflict}`,
    perform: (input: Onto) => note(input),
    concurrency: { key: (input) => input.to, onConflict },
  });
const [blocks, discards, fails, replaces] = [
  one("block"),
  one("discard"),
  one("fail"),
  one("replace"),
];
const paced = defineJob({ name: "paced", perform: note, rate: { limit: 2, per: "1m" } });
const single = defineJob({
  name: "single",
  perform: (input: { id: number; text?: string }) => note(input),
  unique: { key: (input) => `${input.id}`, onConflict: "replace" },
});
const sync = defineIteration({
  name: "sync",
  buildEnumerator: (_input, context) =>
    enumerators.throttle(enumerators.times(5, { cursor: context.cursor }), {
      rate: { key: "eu", limit: 2, per: "10s" },
      context,
    }),
  eachIteration: note,
});

let queue: TestQueue;

beforeEach(async () => {
  ran.length = 0;
  const limited = [blocks, discards, fails, replaces, paced, sync];
  queue = await testQueue({ jobs: [plain, broken, single, ...limited] });
});

afterEach(() => queue.close());

const states = async () => (await queue.list()).map(({ state }) => state);

describe("a concurrency key", () => {
  test("lets one job through at a time, and the next one after it", async () => {
    for (const n of [1, 2, 3]) await queue.enqueue(blocks, { to: "acme", n });
    await queue.enqueue(blocks, { to: "other" });
    expect(await states()).toEqual(["ready", "blocked", "blocked", "ready"]);
    expect(await queue.drain()).toMatchObject({ finished: 4 });
  });

  test("says who holds the slot that a job waits for", async () => {
    const { id: holder } = await queue.enqueue(blocks, { to: "acme" });
    const { id } = await queue.enqueue(blocks, { to: "acme" });
    expect((await queue.why(id))?.[0]).toMatchObject({
      why: "blocked",
      key: "one.block/acme",
      limit: 1,
      holders: [{ id: holder }],
    });
    await queue.cancel(holder);
    expect((await queue.find(id))?.state).toBe("ready");
  });

  test("is that of the stored input, and of a row that was enqueued by name alone too", async () => {
    await queue.enqueue(jobRef<typeof blocks>("one.block"), { to: "acme" });
    expect(await states()).toEqual(["ready"]);
    await queue.enqueue(blocks, { to: "acme", n: 2 });
    expect(await queue.drain()).toMatchObject({ finished: 2 });
    expect((await queue.list()).map(({ concurrencyKey }) => concurrencyKey)).toEqual([
      "one.block/acme",
      "one.block/acme",
    ]);
  });

  test("by name alone waits behind the holder, and counts as no run", async () => {
    const held = await queue.enqueue(blocks, { to: "acme" }, { delay: "1h" });
    await queue.enqueue(jobRef<typeof blocks>("one.block"), { to: "acme", n: 2 });
    expect(await queue.drain()).toMatchObject({ finished: 1 });
    expect(await queue.find(held.id + 1)).toMatchObject({ attempts: 1, interruptions: 0 });
  });

  test("that cannot be made of what is stored fails the job, with the reason", async () => {
    const { id } = await queue.enqueue(jobRef<never>("one.block" as never), { to: 5 } as never);
    expect(await queue.drain()).toMatchObject({ failed: 1 });
    expect((await queue.find(id))?.error?.message).toBe(
      'job "one.block": concurrency.key answered a number; answer a string, or null for none',
    );
  });

  test("drops, refuses or replaces what finds no slot", async () => {
    await queue.enqueue(discards, { to: "acme" });
    const dropped = await queue.enqueue(discards, { to: "acme" });
    expect(dropped.outcome).toBe("discarded");
    expect(await queue.find(dropped.id)).toBeNull();
    await queue.enqueue(fails, { to: "acme" });
    await expect(queue.enqueue(fails, { to: "acme" })).rejects.toMatchObject({ code: "conflict" });
    const old = await queue.enqueue(replaces, { to: "acme" });
    await queue.enqueue(replaces, { to: "acme", n: 2 });
    expect((await queue.find(old.id))?.state).toBe("cancelled");
    expect(await queue.drain()).toMatchObject({ finished: 3 });
  });
});

describe("a rate", () => {
  test("lets the next jobs begin when the clock has moved on", async () => {
    await queue.enqueueMany(paced, [1, 2, 3, 4, 5]);
    expect(await queue.drain()).toMatchObject({ finished: 2 });
    queue.advance("59s");
    expect(await queue.drain()).toMatchObject({ finished: 0 });
    queue.advance("1s");
    expect(await queue.drain()).toMatchObject({ finished: 2 });
    queue.advance("1m");
    expect(await queue.drain()).toMatchObject({ finished: 1 });
    expect(ran).toEqual([1, 2, 3, 4, 5]);
  });

  test("paces the items of an iteration, without an attempt spent", async () => {
    const { id } = await queue.enqueue(sync);
    expect(await queue.drain()).toMatchObject({ interrupted: 1 });
    expect(ran).toEqual([0, 1]);
    queue.advance("10s");
    expect(await queue.drain()).toMatchObject({ interrupted: 1 });
    expect(ran).toEqual([0, 1, 2, 3]);
    queue.advance("10s");
    expect(await queue.drain()).toMatchObject({ finished: 1 });
    expect(ran).toEqual([0, 1, 2, 3, 4]);
    expect(await queue.find(id)).toMatchObject({ attempts: 1, interruptions: 2 });
  });
});

describe("a unique job", () => {
  test("of a job by name alone is asked for when it is claimed, unless more was said", async () => {
    const ref = jobRef<typeof single>("single");
    const old = await queue.enqueue(single, { id: 7, text: "old" }, { delay: "1h" });
    const newer = await queue.enqueue(ref, { id: 7, text: "newer" });
    await queue.enqueue(ref, { id: 7, text: "free" }, { unique: false });
    await queue.enqueue(ref, { id: 7, text: "other" }, { unique: "other" });
    const held = await queue.enqueue(single, { id: 8, text: "held" }, { delay: "1h" });
    const request = await queue.enqueue(ref, { id: 8, text: "request" }, { idempotencyKey: "r" });
    expect(await queue.drain()).toMatchObject({ finished: 4, failed: 0 });
    expect(ran).toMatchObject(["newer", "free", "other", "request"].map((text) => ({ text })));
    for (const [id, by] of [
      [newer.id, old.id],
      [request.id, held.id],
    ] as const)
      expect(await queue.find(id)).toMatchObject({
        state: "cancelled",
        error: { message: `job ${by} has its unique key single/${id === newer.id ? 7 : 8}` },
      });
  });

  test("is replaced while it waits, and free again when it has ended", async () => {
    const first = await queue.enqueue(single, { id: 7, text: "old" });
    const second = await queue.enqueue(single, { id: 7, text: "new" });
    expect(second).toEqual({ id: first.id, outcome: "replaced" });
    await queue.drain();
    expect(ran).toEqual([{ id: 7, text: "new" }]);
    expect(await queue.enqueue(single, { id: 7 })).toMatchObject({ outcome: "created" });
  });

  test("by an idempotency key is the same for a day, whatever became of it", async () => {
    const options = { idempotencyKey: "request 1" };
    const first = await queue.enqueue(broken, undefined, options);
    await queue.drain();
    const again = await queue.enqueue(broken, undefined, options);
    expect(again).toEqual({ id: first.id, outcome: "exists" });
    expect(await queue.enqueue(plain, null, options)).toMatchObject({ outcome: "created" });
    queue.advance("1d");
    expect(await queue.enqueue(broken, undefined, options)).toMatchObject({ outcome: "created" });
  });

  test("in a list of inputs is named by each of them", async () => {
    const unique = { key: (input: unknown) => String(input) };
    const answers = await queue.enqueueMany(plain, [1, 2, 1], { unique });
    expect(answers.map(({ outcome }) => outcome)).toEqual(["created", "created", "exists"]);
    await expect(queue.enqueueMany(plain, [1, 2], { idempotencyKey: "x" })).rejects.toThrow(
      'enqueueMany("plain"): one idempotencyKey would make one job of all inputs; give a function',
    );
  });
});

describe("a job after others", () => {
  test("waits for them, and fails with them unless it is to run all the same", async () => {
    const first = await queue.enqueue(broken);
    const fails = await queue.enqueue(plain, "fails", { after: first });
    const runs = await queue.enqueue(plain, "runs", { after: first, ifDependencyFails: "run" });
    expect(await states()).toEqual(["ready", "waiting", "waiting"]);
    await queue.drain();
    expect(ran).toEqual(["runs"]);
    expect(await queue.find(fails.id)).toMatchObject({
      state: "failed",
      error: { name: "DependencyError" },
    });
    expect((await queue.find(runs.id))?.state).toBe("finished");
  });

  test("waits for what enqueueing them answered, and not for those that were dropped", async () => {
    const parts = await queue.enqueueMany(discards, [{ to: "acme" }, { to: "acme" }]);
    expect(parts.map(({ outcome }) => outcome)).toEqual(["created", "discarded"]);
    const { id } = await queue.enqueue(plain, "merge", { after: parts });
    expect((await queue.find(id))?.state).toBe("waiting");
    const alone = await queue.enqueue(plain, "alone", { after: parts[1]! });
    expect((await queue.find(alone.id))?.state).toBe("ready");
    await queue.drain();
    expect(ran).toEqual([{ to: "acme" }, "merge", "alone"]);
  });

  test("cannot replace another, which would be lost with what it comes after", async () => {
    const first = await queue.enqueue(plain);
    const refusal = queue.enqueue(single, { id: 1 }, { after: first });
    await expect(refusal).rejects.toMatchObject({ code: "invalid" });
    await expect(refusal).rejects.toThrow(
      "a job that may replace another cannot come after others, or belong to a batch",
    );
    const batch = await queue.batch({});
    await expect(batch.enqueue(single, { id: 1 })).rejects.toThrow("or belong to a batch");
  });

  test("that do not exist is refused", async () => {
    await expect(queue.enqueue(plain, null, { after: 7 })).rejects.toMatchObject({
      code: "invalid",
    });
  });
});

describe("actions on jobs", () => {
  test("answer once per id, in order", async () => {
    const { id } = await queue.enqueue(broken);
    await queue.drain();
    expect(await queue.retry([id, 99])).toMatchObject([
      { id, outcome: "retried" },
      { id: 99, outcome: "unknown" },
    ]);
    expect(await queue.cancel(id)).toEqual([{ id, outcome: "cancelled" }]);
    expect(await queue.discard(id)).toEqual([{ id, outcome: "discarded" }]);
    expect(await queue.find(id)).toBeNull();
    expect(await queue.why(id)).toBeNull();
  });

  test("take whole numbers", async () => {
    await expect(queue.cancel(["7"] as never)).rejects.toThrow(
      "queue.cancel: an id must be a whol",
    );
    await expect(queue.find("7" as never)).rejects.toThrow("queue.find: the id must be a whole");
    await expect(queue.why(0)).rejects.toThrow("whole number of at least 1, not 0");
    await expect(queue.retry(1, { fromstart: true } as never)).rejects.toThrow('"fromStart"?');
  });
});
