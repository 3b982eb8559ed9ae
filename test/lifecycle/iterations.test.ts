// Iterations across stops, crashes and interruptions: each item exactly once when everybody is told
// to stop, at most one interval repeated when somebody is killed.

import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CrashProject, signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { storeKind } from "../support/project-store.ts";
import { waitFor } from "../support/wait-for.ts";

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

function itemsOf(project: CrashProject, id: number): number[] {
  return project.story(id, "item").map(({ value }) => value as number);
}

function countOf(project: CrashProject, id: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event } of project.story(id)) counts[event] = (counts[event] ?? 0) + 1;
  return counts;
}

/** What the store has to do with it shows in ten; twenty are for the runtime. */
const stops = storeKind === "sqlite" ? 20 : 10;

test(`${stops} stops and starts: every item exactly once, every callback as often as it should be`, {
  timeout: 180_000,
}, async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }], dispatcher: false });
  const id = await project.enqueue("count", { items: 100_000, itemMs: 1 });
  for (let n = 1; n <= stops; n++) {
    const before = project.story(id, "item").length;
    const runtime = project.start();
    await project.told(id, "item", before + 3);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    const done = itemsOf(project, id);
    expect(await project.job(id)).toMatchObject({
      state: "ready",
      attempts: 0,
      crashes: 0,
      interruptions: n,
      cursor: done.length - 1,
      progress: { done: done.length, total: 100_000 },
    });
  }
  const items = itemsOf(project, id);
  expect(items).toEqual(upTo(items.length));
  expect(countOf(project, id)).toMatchObject({
    onStart: 1,
    onResume: stops - 1,
    onInterrupt: stops,
  });
});

test("an iteration that completes calls onComplete once and keeps what it returned", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const first = await project.start().ready();
  const gate = project.gate();
  const id = await project.enqueue("count", { items: 6, pauseAt: 3, gate });
  await project.told(id, "item", 4);
  const stopped = first.stop();
  await project.told(id, "stopping");
  project.open();
  await stopped;
  expect(await project.job(id)).toMatchObject({ state: "ready", cursor: 3 });
  await project.start().ready();
  expect(await project.jobIn(id, "finished")).toMatchObject({ result: 6, attempts: 1 });
  expect(countOf(project, id)).toEqual({
    onStart: 1,
    onResume: 1,
    onInterrupt: 1,
    onComplete: 1,
    item: 6,
    stopping: 1,
  });
});

test("kill -9 repeats at most the items of one checkpoint interval", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  await project.start().ready();
  // 50 ms between checkpoints, 2 ms per item: some 25 items, and what a busy machine adds
  const id = await project.enqueue("count.often", { items: 400, itemMs: 2 });
  await project.told(id, "item", 150);
  const holder = project.story(id).at(-1)!.pid;
  signal(holder, "SIGKILL");
  expect(await project.jobIn(id, "finished")).toMatchObject({ crashes: 1, attempts: 1 });
  const items = itemsOf(project, id);
  expect([...new Set(items)]).toEqual(upTo(400));
  const repeated = items.length - 400;
  expect(repeated).toBeGreaterThan(0);
  const last = project
    .story(id, "item")
    .filter(({ pid }) => pid === holder)
    .at(-1)!;
  const resumed = project.story(id, "item").find(({ pid }) => pid !== holder)!;
  const redone = project
    .story(id, "item")
    .filter(({ pid, value }) => pid === holder && (value as number) >= (resumed.value as number));
  expect(redone).toHaveLength(repeated);
  // the oldest item that was not saved is no older than an interval and a save
  expect(last.at - redone[0]!.at).toBeLessThan(50 + within(100));
});

test("an iteration that never yields saves its position and obeys a stop all the same", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("count.spinning", { items: 1_000_000, itemMs: 1 });
  await project.told(id, "item", 5);
  await waitFor(async () => ((await project.job(id)).progress.done ?? 0) > 0, { everyMs: 50 });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  const items = itemsOf(project, id);
  expect(await project.job(id)).toMatchObject({
    state: "ready",
    cursor: items.length - 1,
    interruptions: 1,
  });
  expect(items).toEqual(upTo(items.length));
});

test("maxRuntime makes room for others and costs no attempt", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  await project.start().ready();
  const long = await project.enqueue("count.turns", { items: 150, itemMs: 2 });
  const quick = await project.enqueue("quick", 1);
  const job = await project.jobIn(long, "finished");
  expect(job).toMatchObject({ attempts: 1, crashes: 0 });
  expect(job.interruptions).toBeGreaterThanOrEqual(2);
  expect(itemsOf(project, long)).toEqual(upTo(150));
  const [ran] = project.story(quick, "ran");
  expect(ran!.at).toBeLessThan(project.story(long, "onComplete")[0]!.at);
});

test("a job that asks for a pause goes on after it, and no attempt is spent", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  await project.start().ready();
  const id = await project.enqueue("polite", { items: 5, itemMs: 0 });
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 1, interruptions: 1, error: null, errors: [] });
  expect(itemsOf(project, id)).toEqual(upTo(5));
  const [interrupted] = project.story(id, "onInterrupt");
  const [resumed] = project.story(id, "onResume");
  expect(resumed!.at - interrupted!.at).toBeGreaterThanOrEqual(295);
});

test("a throttled iteration backs off, does nothing meanwhile, and spends no attempt", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const throttled = await project.enqueue("throttled", { items: 6, gate: project.gate() });
  await project.told(throttled, "onInterrupt", 3);
  expect(itemsOf(project, throttled)).toEqual([0, 1, 2]);
  const waits = project.story(throttled, "onInterrupt").map(({ at }) => at);
  expect(waits[2]! - waits[1]!).toBeGreaterThanOrEqual(195);
  project.open();
  const job = await project.jobIn(throttled, "finished");
  expect(job).toMatchObject({ attempts: 1, crashes: 0, cursor: 5 });
  expect(itemsOf(project, throttled)).toEqual(upTo(6));
  expect(runtime.events("job-failed")).toEqual([]);
});

test("the progress of a running iteration can be seen while it runs", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  await project.start().ready();
  const id = await project.enqueue("count.often", { items: 10, pauseAt: 6, gate: project.gate() });
  const seen = async () => {
    const [job] = await project.jobs({ states: ["running"] });
    return job?.progress.done === 6 && job;
  };
  const job = await waitFor(seen, { everyMs: 50 });
  expect(job).toMatchObject({ id, cursor: 5, progress: { done: 6, total: 10 } });
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ progress: { done: 10, total: 10 } });
});

test("interruption adapters: none waits for the end, file and memory end a run by themselves", async () => {
  const env = { DRAIN_FILE: "" };
  await using project = new CrashProject({ workers: [{ threads: 3 }] }, { env });
  project.env.DRAIN_FILE = project.gate("drain");
  const runtime = await project.start().ready();
  const stubborn = await project.enqueue("count.none", { items: 300, itemMs: 2 });
  const byFile = await project.enqueue("count.file", { items: 100_000, itemMs: 2 });
  const byMemory = await project.enqueue("count.memory", { items: 2, itemMs: 2 });
  // each run does one item at least, so an adapter that always says stop cannot stop it for ever
  expect(await project.jobIn(byMemory, "finished")).toMatchObject({ attempts: 1 });
  expect((await project.job(byMemory)).interruptions).toBeGreaterThan(0);

  await project.told(byFile, "item", 5);
  writeFileSync(project.gate("drain"), "");
  await project.told(byFile, "onInterrupt");
  await runtime.event("job-interrupted", ({ job, msg }) => job === byFile && /exists/.test(msg!));

  await project.told(stubborn, "item", 1);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(await project.job(stubborn)).toMatchObject({ state: "finished", interruptions: 0 });
  expect((await project.job(byFile)).state).toMatch(/^(ready|scheduled)$/);
});

test("an adapter of one's own, registered in the hooks file, interrupts", async () => {
  const files = {
    "hooks.ts": `import { interruptionAdapters } from "queue-runtime";
      let asked = 0;
      interruptionAdapters.register("every-third", () => ++asked % 3 === 0 && "third time");`,
  };
  await using project = new CrashProject(
    { workers: [{ threads: 1 }], hooks: "hooks.ts" },
    { files, jobs: ["../crash-jobs/custom.ts"] },
  );
  const runtime = await project.start().ready();
  const id = await project.enqueue("count.custom", { items: 5, itemMs: 0 });
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ interruptions: 1, attempts: 1 });
  expect(itemsOf(project, id)).toEqual(upTo(5));
  await runtime.event("job-interrupted", ({ msg }) => /third time/.test(msg!));
});

test("the adapter that the configuration names counts for iterations that name none", async () => {
  await using project = new CrashProject({
    workers: [{ threads: 1 }, { name: "loop", threads: 0, queues: ["loop"] }],
    interruption_adapter: "none",
  });
  const runtime = await project.start().ready();
  const onThread = await project.enqueue("count", { items: 300, itemMs: 2 });
  const onLoop = await project.enqueue("count", { items: 300, itemMs: 2 }, { queue: "loop" });
  await Promise.all([project.told(onThread, "item"), project.told(onLoop, "item")]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  for (const id of [onThread, onLoop]) {
    expect(await project.job(id)).toMatchObject({ state: "finished", interruptions: 0 });
  }
});
