// Batches as an author meets them: filled, sealed, followed; on the real store.

import { BatchError, defineJob, type OpenBatch } from "@queue-runtime/job";
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
const keyed = defineJob({
  name: "keyed",
  perform: (input: { to: string }) => note(input),
  concurrency: { key: (input) => input.to },
});
const report = defineJob({ name: "report", perform: (input: { batch: number }) => note(input) });
const counted = defineJob({
  name: "counted",
  perform: (input: { batch: number }) => note(input),
  concurrency: { key: (input) => `batch ${input.batch.toFixed()}` },
});
const family = defineJob({
  name: "family",
  perform: (_input: unknown, { batchId, enqueue }) => enqueue(plain, "child", { batch: batchId }),
});

let queue: TestQueue;

beforeEach(async () => {
  ran.length = 0;
  queue = await testQueue({ jobs: [plain, broken, keyed, report, counted, family] });
});

afterEach(() => queue.close());

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

  test("makes the keys of a callback of the id it is given", async () => {
    const { id } = await queue.batch({ onFinish: { job: counted } }, () => {});
    expect(await queue.drain()).toMatchObject({ finished: 1 });
    expect(ran).toEqual([{ batch: id }]);
    expect(await queue.list()).toMatchObject([{ concurrencyKey: `counted/batch ${id}` }]);
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
      `batch ${batchId} stays open, because filling it failed: the file ended early; ` +
        `go on with queue.batch(${batchId}) and seal it`,
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
    [
      { onFinish: {} },
      "queue.batch: onFinish: the first argument must be a job or a jobRef, not undefined",
    ],
    [
      { onFinish: { job: plain, options: { batch: 1 } } },
      'queue.batch: onFinish.options has no option "batch"',
    ],
    [{ onFinish: { job: keyed, input: { to: 5 } } }, "concurrency.key answered a number"],
    [{ onSuccess: { job: plain, input: { at: new Date(0) } } }, "queue.batch: onSuccess: input.at"],
  ])("is refused with a sentence: %#", async ([options, sentence]) => {
    await expect(open(options, () => {})).rejects.toThrow(sentence);
    expect(await queue.list()).toEqual([]);
  });

  test("is followed by a job that is unique by a text, once", async () => {
    const unique = { key: "the report" };
    const job = defineJob({ name: "report", perform: note, unique });
    await queue.enqueue(job, 1, { delay: "1h" });
    await queue.batch({ onFinish: { job } }, () => {});
    expect(await queue.list()).toHaveLength(1);
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
