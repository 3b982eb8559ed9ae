// Time-outs and cancellation: of jobs that listen, that look, that spin and never look, and of jobs
// that have not begun.

import { afterAll, beforeAll, expect, test } from "vitest";
import { CrashProject } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { monotonic, type RuntimeProcess } from "../support/runtime-process.ts";

let project: CrashProject;
let runtime: RuntimeProcess;

beforeAll(async () => {
  project = new CrashProject({ workers: [{ threads: 2, concurrency: 2 }] });
  runtime = await project.start().ready();
});

afterAll(async () => {
  expect(runtime.events("child-replaced")).toEqual([]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  await project[Symbol.asyncDispose]();
});

async function cancel(...ids: number[]) {
  const words = ids.map(String);
  const { code, stdout } = await project.cli("cancel", ...words, "-c", "queue.yml", "--json");
  return { code, answers: JSON.parse(stdout) as { id: number; outcome: string }[] };
}

test("a job that never yields is ended with its thread when its time is over", async () => {
  const beside = await project.enqueueMany("hold", Array(2).fill({ gate: project.gate("beside") }));
  for (const id of beside) await project.told(id, "began");
  const id = await project.enqueue("deaf.timeout");
  const [began] = await project.told(id, "began");
  const job = await project.jobIn(id, "failed");
  expect(job.error).toMatchObject({ name: "TimeoutError", code: "JOB_TIMEOUT" });
  expect(job).toMatchObject({ attempts: 1, crashes: 0 });
  expect(monotonic() - began!.at).toBeLessThan(within(4_000));
  project.open("beside");
  for (const id of beside) {
    expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
  }
});

test("a job that listens hears of its time-out, and fails with it whatever it throws", async () => {
  const id = await project.enqueue("listen.timeout");
  const [began] = await project.told(id, "began");
  const [aborted] = await project.told(id, "aborted");
  expect(aborted).toMatchObject({ value: "timeout" });
  expect(aborted!.at - began!.at).toBeGreaterThan(150);
  const job = await project.jobIn(id, "failed");
  expect(job.error).toMatchObject({
    name: "TimeoutError",
    cause: { message: "the connection was closed" },
  });
});

test("a time-out longer than any timer of Node's is no time-out at once", async () => {
  const id = await project.enqueue("long.timeout");
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: false, attempts: 1 });
});

test("jobs that have not begun are cancelled at once", async () => {
  await project.cli("queue", "pause", "later", "-c", "queue.yml");
  const ready = await project.enqueue("quick", 1, { queue: "later" });
  const scheduled = await project.enqueue("quick", 2, { delay: "1h" });
  const { code, answers } = await cancel(ready, scheduled);
  expect(code).toBe(0);
  expect(answers).toEqual([
    { id: ready, outcome: "cancelled" },
    { id: scheduled, outcome: "cancelled" },
  ]);
  for (const id of [ready, scheduled]) {
    expect(await project.job(id)).toMatchObject({ state: "cancelled", attempts: 0 });
    expect(project.story(id)).toEqual([]);
  }
});

test("a job that spins and looks is cancelled at its next look", async () => {
  const id = await project.enqueue("spin", { gate: project.gate("never") });
  await project.told(id, "began");
  expect(await cancel(id)).toEqual({ code: 0, answers: [{ id, outcome: "requested" }] });
  const job = await project.jobIn(id, "cancelled");
  expect(job).toMatchObject({ process_id: null, error: null });
  expect(project.story(id, "saw-stopping")).toHaveLength(1);
});

test("a job that listens to its signal is cancelled within 250 ms", async () => {
  const id = await project.enqueue("listen");
  await project.told(id, "began");
  await cancel(id);
  const at = monotonic();
  const cancelled = await runtime.event("job-cancelled", ({ job }) => job === id);
  expect(cancelled.at - at).toBeLessThan(within(250));
  expect(await project.job(id)).toMatchObject({ state: "cancelled" });
});

test("a job that a stop waits for can be cancelled, and the stop is over with it", async () => {
  await using other = new CrashProject({ shutdown_timeout: "60s" });
  const stopping = await other.start().ready();
  const id = await other.enqueue("listen");
  await other.told(id, "began");
  stopping.signal("SIGTERM");
  await stopping.event("worker-stopping");
  await other.cli("cancel", `${id}`, "-c", "queue.yml");
  const at = monotonic();
  expect(await stopping.ended()).toMatchObject({ code: 0 });
  // jobs are told of the stop after 36 s
  expect(monotonic() - at).toBeLessThan(within(10_000));
  expect(await other.job(id)).toMatchObject({ state: "cancelled", interruptions: 0 });
});

test("cancel ends an iteration after the item in hand and keeps its cursor", async () => {
  const gate = project.gate("third");
  const id = await project.enqueue("count", { items: 10, pauseAt: 3, gate });
  await project.told(id, "item", 4);
  await cancel(id);
  await project.told(id, "stopping");
  project.open("third");
  expect(await project.jobIn(id, "cancelled")).toMatchObject({
    cursor: 3,
    progress: { done: 4, total: 10 },
  });
  expect(project.story(id, "item").map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  expect(project.story(id, "onComplete")).toEqual([]);
});

test("an iteration that is cancelled in its last item has finished", async () => {
  const gate = project.gate("last");
  const id = await project.enqueue("count", { items: 3, pauseAt: 2, gate });
  await project.told(id, "item", 3);
  await cancel(id);
  await project.told(id, "stopping");
  project.open("last");
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: 3, cursor: 2 });
  expect(project.story(id, "onComplete")).toHaveLength(1);
});

test("a job that ends well although it was cancelled has finished", async () => {
  const id = await project.enqueue("hold", { gate: project.gate("deaf") });
  await project.told(id, "began");
  await cancel(id);
  project.open("deaf");
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: "done" });
});

test("cancel answers for each id, and its exit code is 0 only if each was met", async () => {
  const done = await project.enqueue("quick", 1);
  const waits = await project.enqueue("quick", 1, { delay: "1h" });
  await project.jobIn(done, "finished");
  const { code, answers } = await cancel(done, waits, 999_999);
  expect(code).toBe(1);
  expect(answers.map(({ id, outcome }) => [id, outcome])).toEqual([
    [done, "refused"],
    [waits, "cancelled"],
    [999_999, "unknown"],
  ]);
});

test("a running job cannot be discarded", async () => {
  const id = await project.enqueue("hold", { gate: project.gate("discard") });
  await project.told(id, "began");
  const refused = await project.cli("discard", `${id}`, "-c", "queue.yml", "--json");
  expect(refused.code).toBe(1);
  expect(JSON.parse(refused.stdout)).toMatchObject([{ id, outcome: "refused" }]);
  project.open("discard");
  await project.jobIn(id, "finished");
  expect(await project.cli("discard", `${id}`, "-c", "queue.yml")).toMatchObject({ code: 0 });
  expect((await project.cli("job", `${id}`, "-c", "queue.yml")).code).toBe(1);
});
