// The test kit: real store and engine, a clock under control.

import { defineIteration, defineJob, enumerators, Interrupt } from "@queue-runtime/job";
import { testQueue } from "@queue-runtime/job/testing";
import { expect, test } from "vitest";

const double = defineJob({
  name: "double",
  perform: (input: { n: number }) => input.n * 2,
});

test("a job that is due runs and its result can be read", async () => {
  await using queue = await testQueue({ jobs: [double] });
  const { id, outcome } = await queue.enqueue(double, { n: 21 });
  expect(outcome).toBe("created");
  expect(await queue.drain()).toEqual({
    finished: 1,
    failed: 0,
    retried: 0,
    interrupted: 0,
    cancelled: 0,
  });
  expect(await queue.result(id)).toBe(42);
});

test("a delayed job runs once the clock has been moved, not before", async () => {
  await using queue = await testQueue({ jobs: [double] });
  await queue.enqueue(double, { n: 1 }, { delay: "10m" });
  expect(await queue.drain()).toMatchObject({ finished: 0 });
  queue.advance("9m");
  expect(await queue.drain()).toMatchObject({ finished: 0 });
  queue.advance("1m");
  expect(await queue.drain()).toMatchObject({ finished: 1 });
});

test("retries run when their delay has passed, and give up after the limit", async () => {
  const broken = defineJob({
    name: "broken",
    retry: { limit: 2, base: "5s", jitter: 0 },
    perform() {
      throw new Error("out of order");
    },
  });
  await using queue = await testQueue({ jobs: [broken] });
  const { id } = await queue.enqueue(broken);
  expect(await queue.drain()).toMatchObject({ retried: 1, failed: 0 });
  queue.advance("5s");
  expect(await queue.drain()).toMatchObject({ retried: 1, failed: 0 });
  queue.advance("5s");
  expect(await queue.drain()).toMatchObject({ retried: 0, failed: 0 });
  queue.advance("5s");
  expect(await queue.drain()).toMatchObject({ retried: 0, failed: 1 });
  const job = await queue.find(id);
  expect(job).toMatchObject({ state: "failed", attempts: 3 });
  expect(job?.errors).toHaveLength(3);
  await expect(queue.result(id)).rejects.toThrow("is failed: out of order");
});

test("an iteration interrupted after every item still does each item once", async () => {
  const seen: number[] = [];
  const calls: string[] = [];
  const count = defineIteration({
    name: "count",
    buildEnumerator: (_input, { cursor }) => enumerators.array([10, 20, 30, 40, 50], { cursor }),
    eachIteration: (item) => seen.push(item),
    onStart: () => calls.push("start"),
    onResume: () => calls.push("resume"),
    onInterrupt: () => calls.push("interrupt"),
    onComplete: () => seen.reduce((sum, item) => sum + item, 0),
  });
  await using queue = await testQueue({ jobs: [count] });
  const { id } = await queue.enqueue(count);
  queue.interruptAfter(1);
  expect(await queue.drain()).toMatchObject({ interrupted: 5, finished: 1 });
  expect(seen).toEqual([10, 20, 30, 40, 50]);
  expect(calls).toEqual(["start", ...Array(5).fill(["interrupt", "resume"]).flat()]);
  const job = await queue.find(id);
  expect(job).toMatchObject({ attempts: 1, interruptions: 5, crashes: 0, result: 150 });
  expect(job?.progress).toEqual({ done: 5, total: 5 });
});

test("a job enqueued by a job runs in the same drain", async () => {
  const parent = defineJob({
    name: "parent",
    async perform(_input, { enqueue }) {
      const { id } = await enqueue(double, { n: 5 }, { label: "child" });
      return id;
    },
  });
  await using queue = await testQueue({ jobs: [parent, double] });
  const { id } = await queue.enqueue(parent);
  expect(await queue.drain()).toMatchObject({ finished: 2 });
  expect(await queue.result((await queue.result(id)) as number)).toBe(10);
});

test("a throttled run waits without spending an attempt", async () => {
  let busy = true;
  const polite = defineJob({
    name: "polite",
    perform() {
      if (busy) throw new Interrupt("busy", { delay: "30s" });
      return "done";
    },
  });
  await using queue = await testQueue({ jobs: [polite] });
  const { id } = await queue.enqueue(polite);
  expect(await queue.drain()).toMatchObject({ interrupted: 1, finished: 0 });
  busy = false;
  expect(await queue.drain()).toMatchObject({ finished: 0 });
  queue.advance("30s");
  expect(await queue.drain()).toMatchObject({ finished: 1 });
  expect(await queue.find(id)).toMatchObject({ attempts: 1, interruptions: 1 });
});

test("only the fake clock can be moved", async () => {
  await using queue = await testQueue({ jobs: [], clock: "system" });
  expect(() => queue.advance("1s")).toThrow("fake clock");
});

test("what it is to run must be jobs", async () => {
  const sentence = "testQueue needs the jobs it can run";
  await expect(testQueue({} as never)).rejects.toThrow(sentence);
  await expect(testQueue({ jobs: [() => 1] } as never)).rejects.toThrow(sentence);
});
