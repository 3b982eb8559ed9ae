// Failed attempts: when they are repeated, what is kept of them, and what a person can do about it.

import { afterAll, beforeAll, expect, test } from "vitest";
import { CrashProject } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";

let project: CrashProject;

beforeAll(async () => {
  project = new CrashProject({ workers: [{ threads: 1, concurrency: 4 }] });
  await project.start().ready();
});

afterAll(() => project[Symbol.asyncDispose]());

async function retry(id: number, ...options: string[]): Promise<void> {
  const { code } = await project.cli("retry", `${id}`, ...options, "-c", "queue.yml");
  expect(code).toBe(0);
}

test("a job is retried after growing delays, and the error of each attempt is kept", async () => {
  const id = await project.enqueue("flaky", { times: 3 });
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 4, crashes: 0, interruptions: 0, result: 4 });
  expect(job.errors.map(({ attempt, message }) => [attempt, message])).toEqual([
    [1, "no luck on attempt 1"],
    [2, "no luck on attempt 2"],
    [3, "no luck on attempt 3"],
  ]);
  const times = project.story(id, "ran").map(({ at }) => at);
  const delays = times.slice(1).map((at, index) => at - times[index]!);
  for (const [index, base] of [100, 200, 400].entries()) {
    expect(delays[index]).toBeGreaterThanOrEqual(base - 5);
    expect(delays[index]).toBeLessThan(base + within(400));
  }
});

test("a job whose retries are used up has failed, until somebody retries it by hand", async () => {
  const id = await project.enqueue("flaky", { times: 9 });
  const failed = await project.jobIn(id, "failed");
  expect(failed).toMatchObject({ attempts: 4, error: { message: "no luck on attempt 4" } });
  expect(failed.errors).toHaveLength(4);
  await retry(id);
  const again = await project.jobIn(id, "failed");
  // the counters began anew
  expect(again).toMatchObject({ attempts: 4, error: { message: "no luck on attempt 4" } });
  expect(project.story(id, "ran")).toHaveLength(8);
});

test("an error that is final is not retried", async () => {
  const id = await project.enqueue("fatal");
  const job = await project.jobIn(id, "failed");
  expect(job).toMatchObject({ attempts: 1, error: { name: "FatalError", code: "JOB_FATAL" } });
  expect(project.story(id, "ran")).toHaveLength(1);
});

test("an iteration is retried from where it failed", async () => {
  const id = await project.enqueue("failing", { items: 6, failAt: 3 });
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 2, interruptions: 0, result: 6 });
  expect(project.story(id, "item").map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(project.story(id, "onStart")).toHaveLength(1);
  expect(project.story(id, "onResume")).toHaveLength(1);
  expect(project.story(id, "onInterrupt")).toEqual([]);
});

test("a manual retry goes on from the cursor, or from the start if that is asked for", async () => {
  const gate = project.gate("retry");
  const id = await project.enqueue("count", { items: 6, pauseAt: 2, gate });
  await project.told(id, "item", 3);
  await project.cli("cancel", `${id}`, "-c", "queue.yml");
  await project.told(id, "stopping");
  project.open("retry");
  expect(await project.jobIn(id, "cancelled")).toMatchObject({ cursor: 2 });
  await retry(id);
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, interruptions: 0 });
  expect(project.story(id, "item").map(({ value }) => value)).toEqual([0, 1, 2, 3, 4, 5]);

  const other = await project.enqueue("count", { items: 4, pauseAt: 1, gate: project.gate("o") });
  await project.told(other, "item", 2);
  await project.cli("cancel", `${other}`, "-c", "queue.yml");
  await project.told(other, "stopping");
  project.open("o");
  await project.jobIn(other, "cancelled");
  await retry(other, "--from-start");
  await project.jobIn(other, "finished");
  expect(project.story(other, "item").map(({ value }) => value)).toEqual([0, 1, 0, 1, 2, 3]);
});
