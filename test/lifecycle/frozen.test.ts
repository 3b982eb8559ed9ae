// Processes that are stopped in mid-air, and main loops that are blocked: the frozen are ended and
// their jobs recovered, the busy are left alone, and whoever comes back too late is refused.

import { expect, test } from "vitest";
import { CrashProject, signal, stateOf } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import { monotonic } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

test("a frozen worker is killed and its job recovered", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const at = monotonic();
  signal(began!.pid, "SIGSTOP");
  const [, again] = await project.told(id, "began", 2);
  expect(again!.at - at).toBeGreaterThan(800);
  expect(again!.at - at).toBeLessThan(within(3_000));
  expect(isRunning(began!.pid)).toBe(false);
  await runtime.event("child-killed", ({ msg }) => /has not answered for/.test(msg!));
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 1, fence: 3 });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("a worker that was frozen for less than the threshold goes on as if nothing had been", async () => {
  const process = { heartbeat_interval: "100ms", alive_threshold: "3s" };
  await using project = new CrashProject({ workers: [{ threads: 1 }], process });
  await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const at = monotonic();
  signal(began!.pid, "SIGSTOP");
  await waitFor(() => stateOf(began!.pid) === "T" && monotonic() - at > 700);
  signal(began!.pid, "SIGCONT");
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ crashes: 0, fence: 1 });
});

test("a job that was taken over is finished once, and the late write of the first run is refused", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  project.configureAs("other.yml", { workers: [{ threads: 1 }], control: { socket: "./o.sock" } });
  const first = await project.start().ready();
  const id = await project.enqueue("hold", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  // nobody is left who could kill the frozen worker: only pruning can help
  signal(first.pid, "SIGSTOP");
  signal(began!.pid, "SIGSTOP");
  const other = await project.startAs("other.yml").ready();
  await other.event("process-pruned", ({ msg }) => msg!.includes(`pid ${began!.pid}`));
  const [, again] = await project.told(id, "began", 2);
  expect(again!.pid).not.toBe(began!.pid);

  // both runs come to their end now, the old one with a fence that is old
  project.open();
  signal(began!.pid, "SIGCONT");
  await project.told(id, "ended", 2);
  // whichever the pruned worker learns first: that its run is lost, or that its result is
  const told = () => [...first.events("write-refused"), ...first.events("job-refused")];
  await first.until(() => told().length > 0);
  // not before: it would end a worker that is no longer registered
  signal(first.pid, "SIGCONT");
  const job = await project.jobIn(id, "finished");
  expect(job).toMatchObject({ attempts: 1, crashes: 1, fence: again!.fence });
  await waitFor(() => !isRunning(began!.pid), { what: "the end of the pruned worker" });
  await waitFor(async () => (await project.status()).processes.length === 6, { everyMs: 50 });
  const after = await project.enqueueMany("quick", [1, 2, 3, 4]);
  for (const each of after) await project.jobIn(each, "finished");
  expect(await project.job(id)).toMatchObject({ state: "finished", crashes: 1, fence: job.fence });
  expect(await first.stop()).toMatchObject({ code: 0 });
  expect(await other.stop()).toMatchObject({ code: 0 });
});

test("workers of a frozen supervisor stop by themselves, and come back with it", async () => {
  await using project = new CrashProject({ workers: [{ threads: 1 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("spin", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const at = monotonic();
  signal(runtime.pid, "SIGSTOP");
  const [saw] = await project.told(id, "saw-stopping");
  expect(saw!.at - at).toBeGreaterThan(300);
  expect(saw!.at - at).toBeLessThan(within(1_500));
  await waitFor(() => !isRunning(began!.pid));
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0, interruptions: 1 });
  signal(runtime.pid, "SIGCONT");
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ attempts: 1, crashes: 0 });
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(project.pids()).toEqual([]);
});

test("a main loop that a job blocks is busy, not dead", async () => {
  await using project = new CrashProject({ workers: [{ threads: 0 }] });
  const runtime = await project.start().ready();
  const id = await project.enqueue("deaf", { gate: project.gate() });
  const [began] = await project.told(id, "began");
  const state = async () => {
    const { processes } = await project.status();
    return processes.find(({ kind }) => kind === "worker")!.state;
  };
  await waitFor(async () => (await state()) === "busy", { everyMs: 50 });
  // for longer than a frozen one would be left alive
  await waitFor(() => monotonic() - began!.at > 2_000);
  expect(isRunning(began!.pid)).toBe(true);
  project.open();
  expect(await project.jobIn(id, "finished")).toMatchObject({ crashes: 0, fence: 1 });
  await waitFor(async () => (await state()) === "running", { everyMs: 50 });
  expect(runtime.events("child-killed")).toEqual([]);
  const reports = () => runtime.events("child-busy").map(({ busy }) => busy);
  expect(reports()).toContain(true);
  await runtime.until(() => reports().at(-1) === false, { what: "an end of being busy" });
});
