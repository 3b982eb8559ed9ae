// Limits, uniqueness, order, batches and recurring tasks as an author meets them: the real store, and
// a clock under control.

import {
  BatchError,
  defineIteration,
  defineJob,
  enumerators,
  jobRef,
  type OpenBatch,
} from "@queue-runtime/job";
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
const report = defineJob({ name: "report", perform: (input: { batch: number }) => note(input) });
const family = defineJob({
  name: "family",
  perform: (_input: unknown, { batchId, enqueue }) => enqueue(plain, "child", { batch: batchId }),
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
  const jobs = [plain, broken, blocks, discards, fails, replaces, paced, single, report, family];
  queue = await testQueue({ jobs: [...jobs, sync] });
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

  test("that do not exist is refused", async () => {
    await expect(queue.enqueue(plain, null, { after: 7 })).rejects.toMatchObject({
      code: "invalid",
    });
  });
});

describe("a batch", () => {
  test("is filled, sealed and followed by its callbacks, which are given its id", async () => {
    const batch = await queue.batch(
      {
        description: "July",
        metadata: { month: 7 },
        onFinish: { job: report },
        onSuccess: { job: plain, input: "all well", options: { label: "July" } },
        onFailure: { job: plain, input: "not well" },
      },
      (open) => open.enqueueMany(plain, [1, 2]),
    );
    expect(await batch.find()).toMatchObject({
      id: batch.id,
      description: "July",
      metadata: { month: 7 },
      state: "sealed",
      jobs: { total: 2, pending: 2 },
    });
    await queue.drain();
    expect(ran).toEqual([1, 2, { batch: batch.id }, "all well"]);
    expect(await batch.find()).toMatchObject({ state: "succeeded", jobs: { finished: 2 } });
  });

  test("takes siblings that its jobs add, and is failed with one of them", async () => {
    const options = { onFailure: { job: plain, input: "not well" } };
    const batch = await queue.batch(options, async (open) => {
      await open.enqueue(family, null);
      await open.enqueue(broken);
    });
    await queue.drain();
    expect(ran).toEqual(["child", "not well"]);
    expect(await batch.find()).toMatchObject({ state: "failed", jobs: { total: 3, failed: 1 } });
  });

  test("with nothing in it is over at once", async () => {
    await queue.batch({ onSuccess: { job: report } }, () => {});
    await queue.drain();
    expect(ran).toHaveLength(1);
  });

  test("that is opened for later is over only when it is sealed, by whoever has its id", async () => {
    const { id } = await queue.batch({ onFinish: { job: report } });
    await queue.batch(id).enqueue(plain, 1);
    await queue.drain();
    await queue.enqueue(plain, 2, { batch: id });
    await queue.drain();
    expect(ran).toEqual([1, 2]);
    await queue.batch(id).seal();
    await queue.drain();
    expect(ran).toEqual([1, 2, { batch: id }]);
    await expect(queue.batch(id).enqueue(plain)).rejects.toMatchObject({ code: "invalid" });
  });

  test("stays open when filling it fails, and the error has its id", async () => {
    const failing = queue.batch({}, async (open) => {
      await open.enqueue(plain, 1);
      throw new Error("the file ended early");
    });
    const error: unknown = await failing.catch((thrown) => thrown);
    expect(error).toBeInstanceOf(BatchError);
    const { batchId, message, cause } = error as BatchError;
    expect(message).toBe(
      `batch ${batchId} stays open, because filling it failed: the file ended early`,
    );
    expect(cause).toEqual(new Error("the file ended early"));
    expect(await queue.batch(batchId).find()).toMatchObject({ state: "open", jobs: { total: 1 } });
    await queue.batch(batchId).seal();
    await queue.drain();
    expect(await queue.batch(batchId).find()).toMatchObject({ state: "succeeded" });
  });

  const open = (options: unknown, fill?: unknown) =>
    (queue.batch as (...args: unknown[]) => Promise<OpenBatch>)(options, fill);

  test.for<[unknown, string]>([
    [{ desc: "x" }, 'queue.batch has no option "desc"; the options are description, metadata'],
    [{ description: 5 }, "queue.batch: description must be a string, not a number"],
    [{ metadata: new Date(0) }, "metadata is a Date, which JSON would change"],
    [{ onFinish: plain }, 'queue.batch: onFinish has no option "name"'],
    [{ onFinish: {} }, "the first argument must be a job or a jobRef, not undefined"],
    [
      { onFinish: { job: plain, options: { batch: 1 } } },
      'queue.batch: onFinish.options has no option "batch"',
    ],
    [{ onFinish: { job: blocks, input: { to: 5 } } }, "concurrency.key answered a number"],
  ])("is refused with a sentence: %#", async ([options, sentence]) => {
    await expect(open(options, () => {})).rejects.toThrow(sentence);
    expect(await queue.list()).toEqual([]);
  });

  test("is filled by a function, and had again by a whole number", async () => {
    await expect(open({}, 5)).rejects.toThrow("takes a function that fills it, not a number");
    expect(() => queue.batch("7" as never)).toThrow("queue.batch: the id must be a whole number");
    const batch = await queue.batch({});
    await expect(batch.enqueue(plain, 1, { batch: 99 })).rejects.toThrow(
      `enqueueing "plain": batch ${batch.id} cannot take a job of batch 99`,
    );
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

describe("recurring tasks", () => {
  test("are added, changed, paused and removed by their key", async () => {
    await queue.recurring.add("nightly", { job: plain, input: { n: 1 }, schedule: "0 3 * * *" });
    expect(await queue.recurring.list()).toMatchObject([
      {
        key: "nightly",
        source: "runtime",
        schedule: "0 3 * * *",
        timeZone: null,
        paused: false,
        catchUp: "none",
        job: { name: "plain", args: { n: 1 } },
      },
    ]);
    const again = { job: single, input: { id: 1 }, schedule: "every 10m", queue: "q", priority: 2 };
    await queue.recurring.add("nightly", { ...again, catchUp: "one", description: "Often" });
    expect(await queue.recurring.pause("nightly")).toBe(true);
    expect(await queue.recurring.list()).toMatchObject([
      {
        schedule: "every 10m",
        paused: true,
        catchUp: "one",
        description: "Often",
        job: { name: "single", queue: "q", priority: 2, uniques: [{ key: "single/1" }] },
      },
    ]);
    expect(await queue.recurring.resume("nightly")).toBe(true);
    expect(await queue.recurring.remove("nightly")).toBe(true);
    expect(await queue.recurring.remove("nightly")).toBe(false);
    expect(await queue.recurring.pause("nightly")).toBe(false);
  });

  test("enqueue their job for each tick that the clock passes, also those of a schedule", async () => {
    const hourly = defineJob({
      name: "hourly",
      perform: note,
      schedule: { cron: "30 * * * *", input: "half past" },
    });
    await using world = await testQueue({ jobs: [hourly, plain] });
    await world.recurring.add("often", { job: plain, input: "often", schedule: "every 20m" });
    expect(await world.drain()).toMatchObject({ finished: 0 });
    world.advance("50m");
    expect(await world.drain()).toMatchObject({ finished: 3 });
    expect([...ran].sort()).toEqual(["half past", "often", "often"]);
    expect(await world.drain()).toMatchObject({ finished: 0 });
    await world.recurring.pause("often");
    world.advance("1h");
    expect(await world.drain()).toMatchObject({ finished: 1 });
    await world.recurring.resume("often");
    world.advance("10m");
    expect(await world.drain()).toMatchObject({ finished: 1 });
    expect(await world.recurring.list()).toMatchObject([
      { key: "hourly", source: "code:test" },
      { key: "often", source: "runtime" },
    ]);
  });

  const add = (task: object) =>
    (queue.recurring.add as (key: string, task: unknown) => Promise<void>)("nightly", task);

  test.for<[object, string]>([
    [{ job: plain, schedule: "0 0 30 2 *" }, 'task "nightly": "0 0 30 2 *" is never due'],
    [{ job: plain }, 'recurring task "nightly": a schedule is a string, not undefined'],
    [{ job: plain, schedule: "@daily", timeZone: "Mars" }, '"Mars" is not a time zone'],
    [{ job: plain, schedule: "@daily", catchUp: "any" }, 'catchUp cannot be "any"; did you mean'],
    [{ job: plain, schedule: "@daily", every: "1d" }, 'task "nightly" has no option "every"'],
    [{ schedule: "@daily" }, "the first argument must be a job or a jobRef, not undefined"],
    [{ job: single, schedule: "@daily", input: { id: undefined } }, "input.id is undefined"],
  ])("are refused with a sentence: %#", async ([task, sentence]) => {
    await expect(add(task)).rejects.toThrow(sentence);
    expect(await queue.recurring.list()).toEqual([]);
  });
});
