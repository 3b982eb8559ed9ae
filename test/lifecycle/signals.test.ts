// More than one signal, signals at awkward moments, and signals to a child instead of the
// supervisor.

import { existsSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { catches, childrenOf } from "../support/proc.ts";
import { Project, support } from "../support/project.ts";
import { monotonic, type RuntimeProcess } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

/** Every hook writes down that it ran. */
const hooks = `
  import * as runtime from "queue-runtime";
  import { record } from "${support}/record.ts";
  for (const name of [
    "onStart", "onStop", "onExit", "onWorkerStart", "onWorkerStop", "onWorkerExit",
    "onDispatcherStart", "onDispatcherStop", "onDispatcherExit",
  ]) runtime[name](() => record(name));
`;
const stubborn = { state: "ready", attempts: 0, crashes: 0, error: null };

async function busyRuntime(project: Project): Promise<RuntimeProcess> {
  const runtime = await project.start().ready();
  await project.enqueueMany("wait", [{ ms: 60_000 }, { ms: 60_000 }]);
  await project.recorded("start", 2);
  return runtime;
}

describe("of a stop that takes long,", () => {
  test("a second TERM aborts the signals of jobs at once and keeps the later distances", async () => {
    const timeout = 4_000;
    await using project = new Project({ config: { shutdown_timeout: `${timeout}ms` } });
    const runtime = await busyRuntime(project);
    runtime.signal("SIGTERM");
    await runtime.event("runtime-stopping");
    await delay(150);

    const again = monotonic();
    const exit = await runtime.stop("SIGTERM");
    const [abort] = await project.recorded("abort");
    expect(abort?.reason).toBe("shutdown");
    expect(abort!.at - again).toBeLessThan(within(100));
    // from interrupt to release 17 % of the time-out, to the end at most 33 %
    expect(exit.at - again).toBeGreaterThan(0.17 * timeout);
    expect(exit.at - again).toBeLessThan(0.33 * timeout + within(100));
    expect(exit.code).toBe(0);
    expect(await project.jobs()).toMatchObject([stubborn, stubborn]);
  });

  test("a third TERM kills, and the hand-over is confirmed", async () => {
    await using project = new Project({
      config: { shutdown_timeout: "20s" },
      files: { "hooks.ts": hooks },
    });
    const runtime = await busyRuntime(project);
    for (const _ of [1, 2]) {
      runtime.signal("SIGTERM");
      await delay(150);
    }
    const third = monotonic();
    const exit = await runtime.stop("SIGTERM");
    expect(exit.at - third).toBeLessThan(within(800));
    expect(exit.code).toBe(0);
    expect(await project.jobs()).toMatchObject([stubborn, stubborn]);
    expect(project.pids()).toEqual([]);
    for (const hook of ["onStop", "onExit"]) expect(project.records(hook)).toHaveLength(1);
    expect(project.records("onWorkerExit")).toEqual([]);
  });

  test("QUIT during the drain ends it at once", async () => {
    await using project = new Project({ config: { shutdown_timeout: "20s" } });
    const runtime = await busyRuntime(project);
    runtime.signal("SIGTERM");
    await delay(200);
    const quit = monotonic();
    const exit = await runtime.stop("SIGQUIT");
    expect(exit.at - quit).toBeLessThan(within(800));
    expect(exit.code).toBe(0);
    expect(await project.jobs()).toMatchObject([stubborn, stubborn]);
  });

  test("five TERMs 100 ms apart are one orderly end, with every hook once", async () => {
    await using project = new Project({ files: { "hooks.ts": hooks } });
    const runtime = await busyRuntime(project);
    for (let sent = 0; sent < 5; sent++) {
      runtime.signal("SIGTERM");
      await delay(100);
    }
    expect(await runtime.ended()).toMatchObject({ code: 0 });
    expect(runtime.events("runtime-stopping")).toHaveLength(1);
    expect(runtime.events("runtime-stopped")).toHaveLength(1);
    for (const hook of ["onStart", "onStop", "onExit"]) {
      expect(project.records(hook), hook).toHaveLength(1);
    }
    expect(await project.jobs()).toMatchObject([stubborn, stubborn]);
    expect(await project.status()).toMatchObject({ running: false, processes: [] });
  });

  test("signals within one breath count once: npm passes on what Ctrl-C sent already", async () => {
    await using project = new Project();
    const runtime = await project.start().ready();
    const id = await project.enqueue("wait", { ms: 700 });
    await project.recorded("start");
    for (let sent = 0; sent < 4; sent++) runtime.signal("SIGINT");
    expect(await runtime.ended()).toMatchObject({ code: 0 });
    expect(runtime.events("runtime-hastened")).toEqual([]);
    expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
  });
});

test("a TERM after runtime stop is the first TERM, not the second", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 900 });
  await project.recorded("start");
  const asked = await project.cli("stop", "--no-wait", "-c", "queue.yml");
  expect(asked.code).toBe(0);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(runtime.events("runtime-hastened")).toEqual([]);
  expect(project.records("abort")).toEqual([]);
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1 });
});

test("TERM at any moment of the boot ends in exit 0 with nothing left behind", async () => {
  await using project = new Project();
  // a store that is there already, so that every offset meets the same boot
  await (await project.start().ready()).stop();
  const id = await project.enqueue("wait", { ms: 50 });
  for (let offset = 0; offset <= 400; offset += 25) {
    const runtime = project.start();
    await heard(runtime);
    await delay(offset);
    const exit = await runtime.stop("SIGTERM", within(4_000));
    expect(exit, `TERM after ${offset} ms\n${runtime.transcript()}`).toMatchObject({ code: 0 });
    expect(project.pids(), `TERM after ${offset} ms`).toEqual([]);
  }
  expect(await project.status()).toMatchObject({ running: false, processes: [] });
  const job = await project.job(id);
  expect(job).toMatchObject({ crashes: 0, error: null });
  expect(["ready", "finished"]).toContain(job.state);
});

test("signals are heard before anything slow is loaded", async () => {
  await using project = new Project({ config: { control: { socket: "runtime.sock" } } });
  const began = monotonic();
  const runtime = project.start();
  await heard(runtime);
  const heardMs = monotonic() - began;
  const locked = await waitFor(() => existsSync(join(project.path, "runtime.sock.lock")));
  expect(locked).toBe(true);
  expect(heardMs).toBeLessThan(0.6 * (monotonic() - began));
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

/** Node itself catches TERM from its first moment on; QUIT is only caught by code of ours. */
async function heard(runtime: RuntimeProcess): Promise<void> {
  await waitFor(() => catches(runtime.pid, constants.signals.SIGQUIT), { everyMs: 1 });
}

test("TERM during a slow onStart hook: no child is started", async () => {
  const slow = `
    import { onStart } from "queue-runtime";
    import { record } from "${support}/record.ts";
    onStart(async () => { record("slow"); await new Promise((end) => setTimeout(end, 400)); });
  `;
  await using project = new Project({ files: { "hooks.ts": slow } });
  const runtime = project.start();
  await project.recorded("slow");
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  expect(runtime.events("child-started")).toEqual([]);
  expect(await project.status()).toMatchObject({ running: false, processes: [] });
});

test("TERM right after the fork reaches the child before it has loaded anything", async () => {
  await using project = new Project();
  const id = await project.enqueue("wait", { ms: 50 });
  const runtime = project.start();
  await runtime.event("child-started");
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(within(1_500));
  expect(await project.job(id)).toMatchObject({ state: "ready", attempts: 0 });
  expect(await project.status()).toMatchObject({ processes: [] });
});

test.each(["worker default/1", "dispatcher"])(
  "TERM to the %s alone: it ends in order and is replaced; the rest goes on",
  async (name) => {
    await using project = new Project();
    const runtime = await project.start().ready();
    const before = await project.children();
    const target = before.find((child) => child.name === name)!;
    const id = await project.enqueue("wait", { ms: 400 });
    await project.recorded("start");

    process.kill(target.pid, "SIGTERM");
    const next = await runtime.event("child-ready", ({ child, child_pid }) => {
      return child === name && child_pid !== target.pid;
    });
    await project.becomes(id, "finished");
    expect(await project.job(id)).toMatchObject({ attempts: 1, interruptions: 0, crashes: 0 });
    await project.becomes(await project.enqueue("quick", {}, { delay: "50ms" }), "finished");

    const after = await project.children();
    expect(after.map((child) => child.name).sort()).toEqual(["dispatcher", "worker default/1"]);
    for (const { pid, id, state, name: each } of after) {
      const old = before.find((child) => child.name === each)!;
      expect(state).toBe("running");
      expect(pid).toBe(each === name ? next.child_pid : old.pid);
      expect(id === old.id).toBe(each !== name);
    }
    expect(await runtime.stop()).toMatchObject({ code: 0 });
  },
);

test("TERM to every process at once, as systemd sends it, is the same orderly stop", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const ids = await project.enqueueMany("wait", [{ ms: 300 }, { ms: 300 }]);
  await project.recorded("start", 2);
  for (const pid of project.pids().reverse()) process.kill(pid, "SIGTERM");
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(project.pids()).toEqual([]);
  const finished = { state: "finished", attempts: 1, interruptions: 0, crashes: 0 };
  expect(await project.jobs()).toMatchObject(ids.map((id) => ({ id, ...finished })));
  expect(await project.status()).toMatchObject({ running: false, processes: [] });
});

test("TERM while a child is stuck in its job files: it is killed at the end of its time", async () => {
  const stuck = `
    import { isMainThread } from "node:worker_threads";
    import { record } from "${support}/record.ts";
    record("stuck");
    for (;;) if (!isMainThread) break;
  `;
  const config = { jobs: "stuck.ts", shutdown_timeout: "1s" };
  await using project = new Project({ files: { "stuck.ts": stuck }, config });
  const runtime = project.start();
  await project.recorded("stuck");
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(within(1_000));
  expect(project.pids()).toEqual([]);
  expect(await project.status()).toMatchObject({ processes: [] });
});

test("children ignore what a terminal sends to the whole group", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 300 });
  await project.recorded("start");
  const children = childrenOf(runtime.pid);
  for (const pid of children) {
    for (const signal of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const)
      process.kill(pid, signal);
  }
  await project.becomes(id, "finished");
  expect(childrenOf(runtime.pid)).toEqual(children);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});
