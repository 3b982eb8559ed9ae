// A store that freezes or fills up while the runtime works: it stays up, says so once, goes on when
// the store does, and no attempt is burnt.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { childrenOf } from "../support/proc.ts";
import { Project } from "../support/project.ts";
import { monotonic, type RuntimeProcess } from "../support/runtime-process.ts";

const holdLock = fileURLToPath(new URL("../support/hold-lock.ts", import.meta.url));

/** Resolves once nobody else can write; `released` when they can again. */
async function freeze(project: Project, ms: number): Promise<{ released: Promise<unknown> }> {
  const args = [holdLock, join(project.path, "queue.sqlite"), String(ms)];
  const holder = spawn(process.execPath, args, { env: project.env });
  const released = once(holder, "exit");
  await once(holder.stdout, "data");
  return { released };
}

/** How often each process said that the store is in trouble. */
function complaints(runtime: RuntimeProcess): number[] {
  const counts = new Map<unknown, number>();
  for (const { process } of runtime.events("store-trouble")) {
    counts.set(process, (counts.get(process) ?? 0) + 1);
  }
  return [...counts.values()];
}

test("a store locked for longer than alive_threshold: nobody is killed, jobs go on, each side says so at most once", async () => {
  await using project = new Project();
  const runtime = await project.start().ready();
  const children = childrenOf(runtime.pid);
  const ids = await project.enqueueMany("wait", Array(6).fill({ ms: 300 }));
  const [long] = await project.enqueueMany("items", [{ count: 150, ms: 10 }]);
  await project.recorded("start", 1);
  const { released } = await freeze(project, 2_000);
  await released;

  for (const id of [...ids, long!])
    await project.becomes(id, "finished", { deadlineMs: within(15_000) });
  const jobs = await project.jobs();
  for (const job of jobs) {
    expect(job).toMatchObject({ attempts: 1, crashes: 0, interruptions: 0 });
  }
  expect(project.records("start")).toHaveLength(ids.length);
  expect(project.records("item")).toHaveLength(150);
  expect(childrenOf(runtime.pid)).toEqual(children);
  for (const count of complaints(runtime)) expect(count).toBe(1);
  expect(runtime.events("process-pruned")).toEqual([]);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
});

test("TERM while the store is frozen: the stop waits for it within its deadline, and hands over", async () => {
  await using project = new Project({ config: { shutdown_timeout: "4s" } });
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 200 });
  await project.recorded("start");
  await freeze(project, 1_500);
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(0);
  expect(exit.at - began).toBeLessThan(within(0.93 * 4_000));
  expect(await project.job(id)).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  expect(await project.status()).toMatchObject({ processes: [] });
});

test("a store frozen beyond the deadline of a stop: the end is in time, and exit 75 says it is not sure", async () => {
  await using project = new Project({ config: { shutdown_timeout: "2s" } });
  const runtime = await project.start().ready();
  const id = await project.enqueue("wait", { ms: 200 });
  await project.recorded("start");
  const { released } = await freeze(project, 3_000);
  const began = monotonic();
  const exit = await runtime.stop();
  expect(exit.code).toBe(75);
  expect(exit.at - began).toBeLessThan(within(2_000));
  expect(project.pids().filter((pid) => childrenOf(runtime.pid).includes(pid))).toEqual([]);
  await released;

  // the next runtime finds the dead and takes over: whatever was not stored runs again
  expect(await project.start(["--until-empty"]).ended()).toMatchObject({ code: 0 });
  expect(await project.job(id)).toMatchObject({ state: "finished" });
  expect(await project.status()).toMatchObject({ processes: [] });
});

test("a store whose file is deleted while it is open: said at the next heartbeat, and once", async () => {
  const beats = { heartbeat_interval: "100ms", alive_threshold: "5s" };
  await using project = new Project({ config: { process: beats } });
  const runtime = await project.start().ready();
  for (const end of ["", "-wal", "-shm"]) rmSync(join(project.path, `queue.sqlite${end}`));
  const { msg } = await runtime.event("store-trouble");
  expect(msg).toMatch(
    /queue\.sqlite was deleted or replaced while it was open: restart the runtime/,
  );
  // whoever enqueues now makes a new store, in which the runtime does not look
  await project.enqueue("quick", {});
  expect((await runtime.stop()).code).toBe(0);
  expect(complaints(runtime)).toEqual([1]);
  expect(await project.start(["--until-empty"]).ended()).toMatchObject({ code: 0 });
  expect(await project.jobs()).toMatchObject([{ name: "quick", state: "finished" }]);
});

test("a disk that is full: the runtime stays up, says so once, and goes on when there is room", async (context) => {
  await using project = new Project({
    config: { store: "sqlite:./disk/queue.sqlite", control: { socket: "runtime.sock" } },
  });
  const disk = join(project.path, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], { stdio: "pipe" });
  } catch (error) {
    context.skip(`this machine mounts no tmpfs: ${(error as Error).message}`);
  }
  try {
    await fillAndFree(project, disk);
  } finally {
    execFileSync("umount", ["--lazy", disk]);
  }
});

async function fillAndFree(project: Project, disk: string): Promise<void> {
  const runtime = await project.start().ready();
  const children = childrenOf(runtime.pid);
  const ids = await project.enqueueMany("wait", Array(8).fill({ ms: 300 }));
  await project.recorded("start", 2);
  const ballast = join(disk, "ballast");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize));
  await runtime.event("store-trouble");
  expect((await project.cli("enqueue", "quick", "-c", "queue.yml")).code).not.toBe(0);
  expect(runtime.exit).toBeNull();

  rmSync(ballast);
  const freed = monotonic();
  const well = await runtime.event("store-well");
  expect(well.at - freed).toBeLessThan(within(5_000));
  for (const id of ids) await project.becomes(id, "finished", { deadlineMs: within(15_000) });
  for (const job of await project.jobs()) {
    expect(job).toMatchObject({ state: "finished", attempts: 1, crashes: 0 });
  }
  expect(project.records("start")).toHaveLength(ids.length);
  expect(childrenOf(runtime.pid)).toEqual(children);
  for (const count of complaints(runtime)) expect(count).toBe(1);
  expect(await runtime.stop()).toMatchObject({ code: 0 });
}
