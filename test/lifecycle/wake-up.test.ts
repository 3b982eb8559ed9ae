// Who runs what, and how soon: wake-ups across processes, the order of queues, pauses, names that
// nobody knows yet, and two runtimes on one store.

import { expect, test } from "vitest";
import { CrashProject, signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

/** So that nothing a test waits for can be the work of a poll. */
const patient = { polling_interval: "30s" };
const dispatcher = { polling_interval: "30s" };

test("a job enqueued by another process starts at once on an idle runtime", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, ...patient }], dispatcher });
  await project.start().ready();
  await project.queue();
  const waits: number[] = [];
  for (let n = 0; n < 20; n++) {
    const at = monotonic();
    const id = await project.enqueue("quick", n);
    const [ran] = await project.told(id, "ran");
    waits.push(ran!.at - at);
  }
  waits.sort((a, b) => a - b);
  expect(waits[10]).toBeLessThan(within(50));
  expect(waits[19]).toBeLessThan(within(1_000));
});

test("the command line's enqueue wakes a runtime as well, and prints the id alone", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, ...patient }], dispatcher });
  await project.start().ready();
  const { stdout } = await project.cli("enqueue", "quick", '{"a":[1]}', "-c", "queue.yml");
  expect(stdout).toMatch(/^\d+\n$/);
  const [ran] = await project.told(Number(stdout), "ran");
  expect(ran).toMatchObject({ value: { a: [1] } });
});

test("a scheduled job starts when it is due, not when somebody polls", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, ...patient }], dispatcher });
  await project.start().ready();
  await project.queue();
  const at = monotonic();
  const later = await project.enqueue("quick", 1, { delay: 600 });
  const sooner = await project.enqueue("quick", 2, { delay: 300 });
  const [second] = await project.told(later, "ran");
  const [first] = await project.told(sooner, "ran");
  expect(first!.at - at).toBeGreaterThanOrEqual(295);
  expect(first!.at - at).toBeLessThan(300 + within(250));
  expect(second!.at - at).toBeGreaterThanOrEqual(595);
  expect(second!.at - at).toBeLessThan(600 + within(250));
});

test("what a killed worker held wakes the others", async () => {
  await using project = new CrashProject({
    workers: [{ threads: 1, processes: 2, ...patient }],
    dispatcher,
  });
  await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const at = monotonic();
  signal(began!.pid, "SIGKILL");
  const [, again] = await project.told(id, "began", 2);
  expect(again!.at - at).toBeLessThan(within(1_000));
  project.open();
  await project.jobIn(id, "finished");
});

test("a dispatcher that is killed is replaced, and what was due meanwhile runs", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, ...patient }], dispatcher });
  await project.start().ready();
  const id = await project.enqueue("quick", 1, { delay: 400 });
  signal(await project.pidOf("dispatcher"), "SIGKILL");
  const [ran] = await project.told(id, "ran");
  expect(ran).toMatchObject({ attempt: 1, fence: 1 });
});

test("a worker takes its queues in their order, then by priority, then by age", async () => {
  await using project = new CrashProject({
    workers: [{ queues: ["first", "mail_*", "*"], threads: 1 }],
  });
  const put = (value: string, queue: string, priority = 0) =>
    project.enqueue("quick", value, { queue, priority });
  await put("rest urgent", "zebra", -5);
  await put("rest", "aardvark");
  await put("mail b", "mail_b");
  await put("mail a urgent", "mail_a", -1);
  await put("no mail", "mailbox", -9);
  await put("first late", "first", 9);
  await put("first soon", "first", 1);
  await put("first soon too", "first", 1);
  await project.start().ready();
  await project.recorded("ran", 8);
  expect(project.records("ran").map(({ value }) => value)).toEqual([
    "first soon",
    "first soon too",
    "first late",
    "mail a urgent",
    "mail b",
    "no mail",
    "rest urgent",
    "rest",
  ]);
});

test("a worker leaves alone what its list does not name", async () => {
  await using project = new CrashProject({ workers: [{ queues: ["mail_*"], threads: 1 }] });
  const other = await project.enqueue("quick", 1, { queue: "mailbox" });
  const own = await project.enqueue("quick", 2, { queue: "mail_x" });
  await project.start().ready();
  await project.jobIn(own, "finished");
  expect(await project.job(other)).toMatchObject({ state: "ready", fence: 0 });
});

test("a paused queue waits, the others go on, and resuming it starts its jobs at once", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, ...patient }], dispatcher });
  await project.start().ready();
  const running = await project.enqueue("hold", { gate: project.gate() }, { queue: "red" });
  await project.told(running, "began");
  await project.cli("queue", "pause", "red", "-c", "queue.yml");
  const red = await project.enqueue("quick", 1, { queue: "red" });
  const blue = await project.enqueue("quick", 2, { queue: "blue" });
  project.open();
  // what ran when the pause came goes on
  await project.jobIn(running, "finished");
  await project.jobIn(blue, "finished");
  expect(await project.job(red)).toMatchObject({ state: "ready" });
  await project.cli("queue", "resume", "red", "-c", "queue.yml");
  const at = monotonic();
  const [ran] = await project.told(red, "ran");
  expect(ran!.at - at).toBeLessThan(within(250));
});

test("a job whose name nobody knows waits, visibly, until a worker comes that knows it", async () => {
  const files = {
    "late/late.ts": `import { defineJob } from "queue-runtime";
      export const late = defineJob({ name: "late", perform: () => "at last" });`,
  };
  await using project = new CrashProject({ workers: [{ threads: 1 }] }, { files });
  project.configureAs("late.yml", { jobs: "./late", control: { socket: "./late.sock" } });
  const runtime = await project.start().ready();
  const id = await project.enqueue("late");
  const after = await project.enqueue("quick", 1);
  await project.jobIn(after, "finished");
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, fence: 0 });
  const { stdout } = await project.cli("status", "-c", "queue.yml");
  expect(stdout).toMatch(/"late"/);
  expect(await project.status()).toMatchObject({ unknown_names: [{ name: "late", ready: 1 }] });
  const second = await project.startAs("late.yml").ready();
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: "at last" });
  expect(await second.stop()).toMatchObject({ code: 0 });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("two runtimes on one store run 2,000 jobs once each", async () => {
  const workers = [{ threads: 2, concurrency: 2, processes: 2 }];
  await using project = new CrashProject({ workers, log: { level: "warn" } });
  project.configureAs("second.yml", { control: { socket: "./second.sock" } });
  const inputs = Array.from({ length: 1_000 }, (_, index) => index);
  await project.enqueueMany("quick", inputs);
  project.start();
  project.startAs("second.yml");
  await project.recorded("ran", 200, { deadlineMs: within(15_000) });
  await project.enqueueMany("quick", inputs);
  await waitFor(async () => (await project.status()).jobs.finished === 2_000, {
    everyMs: 100,
    deadlineMs: within(30_000),
  });
  const ran = project.records("ran");
  expect(ran).toHaveLength(2_000);
  expect(new Set(ran.map(({ job }) => job)).size).toBe(2_000);
  expect(ran.every(({ attempt }) => attempt === 1)).toBe(true);
  // all four took part
  expect(new Set(ran.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(2);
});
