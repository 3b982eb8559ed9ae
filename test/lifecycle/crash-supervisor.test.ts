// kill -9 of the supervisor, alone or with everybody else: what its children do, and what the next
// runtime makes of what was left behind.

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { CrashProject, signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import { storeKind } from "../support/project-store.ts";
import { monotonic, type RuntimeProcess } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

/** Kills the supervisor; answers when. */
async function behead(runtime: RuntimeProcess): Promise<number> {
  const at = monotonic();
  runtime.signal("SIGKILL");
  await runtime.ended();
  return at;
}

async function everybodyGone(project: CrashProject, deadlineMs = 8_000): Promise<void> {
  await waitFor(() => project.pids().length === 0, { what: "no process to be left", deadlineMs });
}

/** On a server two files run at a time, and the other one boots runtimes too. */
const soonMs = storeKind === "sqlite" ? 2_000 : 4_000;

test("idle children of a killed supervisor are gone within half a second", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1, processes: 2 }] });
  const runtime = await project.start().ready();
  const at = await behead(runtime);
  await everybodyGone(project);
  expect(monotonic() - at).toBeLessThan(within(500));
  expect(runtime.events("worker-stopping").map(({ cause }) => cause)).toEqual(
    Array(2).fill("the supervisor is gone"),
  );
  expect(await project.status()).toMatchObject({ running: false });
});

test("jobs of a killed supervisor finish, or are handed back in time", async () => {
  await using project = new CrashProject({ workers: [{ threads: 2 }], shutdown_timeout: "2s" });
  const runtime = await project.start().ready();
  const short = await project.enqueue("hold", { gate: project.gate() });
  const long = await project.enqueue("hold", { gate: project.gate("never") });
  await Promise.all([project.told(short, "began"), project.told(long, "began")]);
  const at = await behead(runtime);
  const stopping = await runtime.event("worker-stopping", undefined, { deadlineMs: within(1_000) });
  expect(stopping.at - at).toBeLessThan(within(250));
  project.open();
  await everybodyGone(project);
  expect(monotonic() - at).toBeLessThan(within(2_500));
  expect(await project.job(short)).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  const handedBack = { state: "ready", attempts: 0, crashes: 0, interruptions: 1 };
  expect(await project.job(long)).toMatchObject(handedBack);
});

test("jobs that spin on every thread see the death of the supervisor within 250 ms", async () => {
  await using project = new CrashProject({ workers: [{ threads: 2 }] });
  const runtime = await project.start().ready();
  const ids = await project.enqueueMany("spin", Array(2).fill({ gate: project.gate() }));
  await Promise.all(ids.map((id) => project.told(id, "began")));
  const at = await behead(runtime);
  for (const id of ids) {
    const [saw] = await project.told(id, "saw-stopping");
    expect(saw!.at - at).toBeLessThan(within(250));
  }
  await everybodyGone(project);
  expect(monotonic() - at).toBeLessThan(within(1_000));
  for (const job of await project.jobs()) {
    expect(job).toMatchObject({ state: "ready", attempts: 0, interruptions: 1, crashes: 0 });
  }
});

test("a job that spins on the main loop sees the death of the supervisor within 250 ms", async () => {
  await using project = new CrashProject({ workers: [{ threads: 0 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("spin", { gate: project.gate() });
  await project.told(id, "began");
  const at = await behead(runtime);
  const [saw] = await project.told(id, "saw-stopping");
  expect(saw!.at - at).toBeLessThan(within(250));
  await everybodyGone(project);
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, interruptions: 1 });
});

test("a main loop that never looks up is killed when its supervisor is gone and its time is over", async () => {
  await using project = new CrashProject({
    workers: [{ threads: 0 }],
    shutdown_timeout: "1s",
    // who is deaf while a beat is late, on a server that has much to do, is killed for that instead
    process: { heartbeat_interval: "200ms", alive_threshold: "8s", startup_timeout: "10s" },
  });
  const runtime = await project.start().ready();
  const id = await project.enqueue("deaf", { gate: project.gate() });
  await project.told(id, "began");
  const at = await behead(runtime);
  await everybodyGone(project);
  expect(monotonic() - at).toBeLessThan(within(2_000));
  const next = await project.start().ready();
  await project.told(id, "began", 2);
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 1 });
  expect(await next.stop()).toMatchObject({ code: 0 });
});

test("a new runtime leaves the jobs of a living orphan to it", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }], shutdown_timeout: "60s" });
  const first = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  await project.told(id, "began");
  const orphan = await project.pidOf("worker");
  await behead(first);
  const second = await project.start().ready();
  await second.event("orphan-left", ({ msg }) => msg!.includes(`pid ${orphan}`));
  expect(isRunning(orphan)).toBe(true);
  expect(await project.job(id)).toMatchObject({ state: "running", fence: 1, crashes: 0 });
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 0, fence: 1 });
  expect(project.story(id, "began")).toHaveLength(1);
  await waitFor(() => !isRunning(orphan));
  expect(await second.stop()).toMatchObject({ code: 0 });
});

test("a new runtime takes over what an orphan hands back", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }], shutdown_timeout: "2s" });
  const first = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  await behead(first);
  await project.start().ready();
  const [, again] = await project.told(id, "began", 2);
  expect(again!.pid).not.toBe(began!.pid);
  project.open();
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 1, crashes: 0, interruptions: 1 });
});

test("after kill -9 of everything at once, jobs run again within two seconds of the next start", async () => {
  await using project = new CrashProject({ workers: [{ threads: 2, processes: 2 }] });
  const runtime = await project.start().ready();
  const held = await project.enqueueMany("hold", Array(3).fill({ gate: project.gate() }));
  const iteration = await project.enqueue("count.safely", { items: 5_000, itemMs: 1 });
  for (const id of held) await project.told(id, "began");
  await project.told(iteration, "item", 10);
  await waitFor(async () => (await project.job(iteration)).cursor !== null);
  for (const pid of [runtime.pid, ...project.pids()]) signal(pid, "SIGKILL");
  await everybodyGone(project);

  const database = new DatabaseSync(join(project.path, "queue.sqlite"));
  expect(database.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  database.close();
  const before = project.story(iteration, "item").length;
  const startedAt = monotonic();
  const next = project.start();
  for (const id of held) {
    const [, again] = await project.told(id, "began", 2);
    expect(again!.at - startedAt).toBeLessThan(within(soonMs));
  }
  const [, resumed] = [0, ...(await project.told(iteration, "onResume"))];
  expect(resumed).toMatchObject({ attempt: 1 });
  const items = await project.told(iteration, "item", before + 1);
  // at most the items in hand when everything died are repeated
  expect(items[before]!.value as number).toBeGreaterThanOrEqual(before - 20);
  project.open();
  for (const id of held) {
    expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 1 });
  }
  expect(await next.stop()).toMatchObject({ code: 0 });
  expect(project.pids()).toEqual([]);
});
