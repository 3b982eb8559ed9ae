// kill -9 of workers: what becomes of their jobs, of their neighbours, and of the workers
// themselves.

import { expect, test } from "vitest";
import { CrashProject, signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

test("a job whose only worker is killed runs again on the replacement within a second", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  await project.told(id, "began");
  const [worker] = project.pidsOf("worker");
  const killedAt = monotonic();
  signal(worker!, "SIGKILL");

  const exited = await runtime.event("child-exited");
  const recovered = await runtime.event("jobs-recovered", (line) => line.ready === 1);
  expect(Number(recovered.time) - Number(exited.time)).toBeLessThan(within(100));
  const [, again] = await project.told(id, "began", 2);
  expect(again!.at - killedAt).toBeLessThan(within(1_000));
  expect(again).toMatchObject({ attempt: 1, fence: 3 });
  expect(again!.pid).not.toBe(worker);
  project.open();
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 1, crashes: 1, interruptions: 0, result: "done" });
  expect((await project.status()).processes).toHaveLength(3);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a job whose worker is killed runs again at once on another worker", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const killedAt = monotonic();
  signal(began!.pid, "SIGKILL");
  const [, again] = await project.told(id, "began", 2);
  expect(again!.at - killedAt).toBeLessThan(within(250));
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 1 });
});

test("a job that kills its process runs three times, then fails with the signal in its error", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("poison");
  const job = await project.jobIn(id, "failed");
  expect(job).toMatchObject({ attempts: 0, crashes: 3 });
  expect(job.error).toMatchObject({ name: "CrashError", code: "SIGKILL" });
  expect(job.error?.message).toContain("SIGKILL");
  expect(project.story(id, "began")).toHaveLength(3);
  expect(new Set(project.story(id).map(({ pid }) => pid)).size).toBe(3);

  const after = await project.enqueue("quick", 7);
  expect(await project.jobIn(after, "finished")).toMatchObject({ result: 7, crashes: 0 });
  await waitFor(() => project.pidsOf("worker").length === 2);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("neighbours of a job that kills its process pay nothing for it", async () => {
  await using project = new CrashProject({
    workers: [
      { name: "shared", queues: ["default"], threads: 3 },
      { name: "other", queues: ["other"], threads: 1 },
    ],
  });
  await project.start().ready();
  const elsewhere = await project.enqueue(
    "hold",
    { gate: project.gate("far") },
    { queue: "other" },
  );
  const [before, poison, behind] = await project.enqueueOneByOne([
    ["hold", { gate: project.gate() }],
    ["poison", { afterEach: project.gate("ripe") }],
    ["hold", { gate: project.gate() }],
  ]);
  await project.told(elsewhere, "began");
  for (const run of [0, 1]) {
    for (const id of [before, poison, behind]) await project.told(id!, "began", run + 1);
    project.open(`ripe.${run}`);
  }
  // the second crash made suspects of all three; from now on each of them runs alone
  project.open("ripe.2");
  await project.told(before!, "began", 3);
  expect(project.story(behind!, "began")).toHaveLength(2);
  project.open();
  expect(await project.jobIn(poison!, "failed")).toMatchObject({ crashes: 3 });
  for (const id of [before!, behind!]) {
    expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 2 });
  }
  // the last run of each was alone: nothing else began or ended between its two ends
  const last = project.records().filter(({ job, fence }) => fence === 5 && job !== elsewhere);
  expect(last.map(({ job, event }) => `${event} ${job}`)).toEqual([
    `began ${before}`,
    `ended ${before}`,
    `began ${poison}`,
    `began ${behind}`,
    `ended ${behind}`,
  ]);
  expect(project.story(elsewhere, "began")).toHaveLength(1);
  project.open("far");
  expect(await project.jobIn(elsewhere, "finished")).toMatchObject({ crashes: 0, fence: 1 });
});

test("a suspect gets its turn on a worker that is never idle", async () => {
  await using project = new CrashProject({ workers: [{ threads: 3 }] });
  const runtime = await project.start().ready();
  const poison = await project.enqueue("poison", { afterEach: project.gate() }, { queue: "toxic" });
  await project.told(poison, "began");
  project.open("gate.0");
  await project.told(poison, "began", 2);
  await project.cli("queue", "pause", "toxic", "-c", "queue.yml");
  project.open("gate.1");
  await runtime.event("jobs-recovered", () => project.story(poison, "began").length === 2);
  project.open("gate.2");
  // each of them is begun while the one before still runs
  const naps: number[] = [];
  const nap = async () => void naps.push(await project.enqueue("nap", { ms: 400 }));
  const more = setInterval(nap, 150);
  try {
    await waitFor(() => naps[3] && project.story(naps[3], "began").length > 0);
    await project.cli("queue", "resume", "toxic", "-c", "queue.yml");
    await project.told(poison, "began", 3, { deadlineMs: within(8_000) });
  } finally {
    clearInterval(more);
  }
  expect(await project.jobIn(poison, "failed")).toMatchObject({ crashes: 3 });
  for (const id of naps) {
    expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
  }
});

test("jobs that were claimed ahead and not begun are not counted as crashed", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  await project.start().ready();
  const inputs = Array.from({ length: 120 }, (_, index) => index);
  const poisons: number[] = [];
  // claimed by a process that died and then claimed again: the fence tells
  let wereAhead = false;
  // a worker that had a slow moment holds nothing ahead: then the same once more
  while (!wereAhead && poisons.length < 8) {
    const ids = [
      ...(await project.enqueueMany("quick", inputs)),
      ...(await project.enqueueMany("poison", [null])),
      ...(await project.enqueueMany("quick", inputs)),
    ];
    poisons.push(ids[120]!);
    await project.jobIn(ids[120]!, "failed");
    await project.jobIn(ids.at(-1)!, "finished");
    const others = (await project.jobs()).filter(({ id }) => !poisons.includes(id));
    expect(others).toHaveLength(240 * poisons.length);
    expect(others.filter(({ state }) => state !== "finished")).toEqual([]);
    expect(others.filter(({ crashes, attempts }) => crashes !== 0 || attempts !== 1)).toEqual([]);
    wereAhead = others.some(({ fence }) => fence > 1);
  }
  expect(wereAhead).toBe(true);
}, 300_000);

test("jobs that were claimed ahead are handed back when one before them turns out to be long", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  await project.start().ready();
  const inputs = Array.from({ length: 300 }, (_, index) => index);
  for (const round of [1, 2]) {
    const ids = [
      ...(await project.enqueueMany("quick", inputs)),
      ...(await project.enqueueMany("hold", [{ gate: project.gate(`${round}`) }])),
      ...(await project.enqueueMany("quick", inputs)),
    ];
    for (const id of ids.filter((_, index) => index !== 300)) await project.told(id, "ran");
    expect(project.story(ids[300]!).map(({ event }) => event)).toEqual(["began"]);
    project.open(`${round}`);
    await project.jobIn(ids[300]!, "finished");
  }
});

test("a job that was to be cancelled when its process died does not run again", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  await project.cli("cancel", `${id}`, "-c", "queue.yml");
  signal(began!.pid, "SIGKILL");
  await runtime.event("jobs-recovered", ({ msg }) => /1 cancelled/.test(msg!));
  expect(await project.job(id)).toMatchObject({ state: "cancelled", crashes: 1, attempts: 0 });
  const next = await project.enqueue("quick");
  await project.jobIn(next, "finished");
  expect(project.story(id, "began")).toHaveLength(1);
});

test("a job that saves its progress may crash as often as it makes some", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  await project.start().ready();
  const dieAt = [2, 4, 6, 8, 10];
  const id = await project.enqueue("mortal", { items: 14, itemMs: 0, dieAt });
  const job = await project.jobIn(id, "finished", { deadlineMs: within(25_000) });
  expect(job).toMatchObject({ crashes: 5, attempts: 1, result: 14 });
  // each item that it died in is repeated, and no other
  const items = project.story(id, "item").map(({ value }) => value as number);
  expect(items).toEqual([0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 8, 8, 9, 10, 10, 11, 12, 13]);
});

test("a job without progress is not forgiven its crashes", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  await project.start().ready();
  const id = await project.enqueue("mortal", { items: 14, itemMs: 0, dieAt: [2, 4, 4, 4, 4] });
  const job = await project.jobIn(id, "failed", { deadlineMs: within(20_000) });
  expect(job).toMatchObject({ crashes: 4, cursor: 3 });
});

test("what waited while a suspect ran alone starts as soon as it has ended", async () => {
  // no heartbeat and no poll comes in time to wake anybody
  const process = { heartbeat_interval: "30s", alive_threshold: "90s" };
  const workers = [{ threads: 2, polling_interval: "30s" }];
  await using project = new CrashProject({ workers, process });
  const runtime = await project.start().ready();
  const input = { afterEach: project.gate("run"), deaths: 2 };
  const suspect = await project.enqueue("poison", input);
  for (const run of [0, 1]) {
    await project.told(suspect, "began", run + 1);
    project.open(`run.${run}`);
  }
  await runtime.until(() => runtime.events("jobs-recovered").length === 2);
  const waiting = await project.enqueueMany("quick", [1, 2, 3]);
  await project.told(suspect, "began", 3);
  expect(project.records("ran")).toEqual([]);
  project.open("run.2");
  for (const id of waiting) await project.told(id, "ran", 1, { deadlineMs: within(5_000) });
  expect(await project.job(suspect)).toMatchObject({ state: "finished", crashes: 2, attempts: 1 });
});
