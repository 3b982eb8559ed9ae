// Commands that start, see and steer a runtime: real processes, the built command line.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CliProject } from "../support/cli-project.ts";

interface Status {
  readonly running: boolean;
  readonly pid: number | null;
  readonly started_at: string | null;
  readonly jobs: Readonly<Record<string, number>>;
  readonly processes: readonly { readonly kind: string; readonly state: string }[];
}

let project: CliProject;
beforeEach(() => {
  project = new CliProject();
});
afterEach(() => project[Symbol.dispose]());

const deadline = { timeout: 20_000, interval: 100 };

async function started(): Promise<ChildProcess> {
  const child = project.start("start");
  child.stdout?.resume();
  child.stderr?.resume();
  await expect.poll(isRunning, deadline).toBe(true);
  return child;
}

async function isRunning(): Promise<boolean> {
  const { code, stdout } = await project.run("status", "--json");
  if (code !== 0) return false;
  const { running, processes } = JSON.parse(stdout) as Status;
  return running && processes.some(({ kind, state }) => kind === "worker" && state === "running");
}

test("a runtime is seen, refuses a second one, goes quiet and stops on request", async () => {
  const runtime = await started();
  const exited = once(runtime, "exit");
  const status = await project.json<Status>("status");
  expect(status).toMatchObject({ running: true, pid: runtime.pid });
  expect(status.started_at).toMatch(/^\d{4}-.*Z$/);

  const second = await project.run("start");
  expect(second.code).toBe(1);
  expect(second.stderr).toContain(`(pid ${runtime.pid})`);

  expect(await project.json("quiet")).toEqual({ quiet: true });
  await project.run("enqueue", "mail", '{"to":"you"}');
  const workers = async () =>
    (await project.json<Status>("status")).processes
      .filter(({ kind }) => kind === "worker")
      .map(({ state }) => state);
  await expect.poll(workers, deadline).toEqual(["quiet"]);
  expect((await project.json<Status>("status")).jobs.ready).toBe(1);
  expect(await project.json("quiet", "--off")).toEqual({ quiet: false });
  const finished = async () => (await project.json<Status>("status")).jobs.finished;
  await expect.poll(finished, deadline).toBe(1);

  expect(await project.json("stop")).toEqual({ stopped: true });
  expect(await exited).toEqual([0, null]);
  expect(await project.json<Status>("status")).toMatchObject({ running: false, processes: [] });
  expect(existsSync(join(project.folder, "config/data/runtime.sock"))).toBe(false);
});

test("stop answers only when the runtime is gone, also while a job runs", async () => {
  const runtime = await started();
  const exited = once(runtime, "exit");
  await project.run("enqueue", "sleepy");
  const running = async () => (await project.json<Status>("status")).jobs.running;
  await expect.poll(running, deadline).toBe(1);
  expect((await project.run("stop")).code).toBe(0);
  expect(await exited).toEqual([0, null]);
  const { jobs } = await project.json<Status>("status");
  expect(jobs.running).toBe(0);
});

test("a runtime that was killed is not seen, and the next one starts at once", async () => {
  const first = await started();
  first.kill("SIGKILL");
  await once(first, "exit");
  expect(await project.json<Status>("status")).toMatchObject({ running: false, pid: null });
  const second = await started();
  expect(await project.json<Status>("status")).toMatchObject({ running: true, pid: second.pid });
  expect((await project.run("stop", "--no-wait")).stdout).toBe("stopping\n");
  expect((await once(second, "exit"))[0]).toBe(0);
});

test("a configuration that is not valid is not reloaded, and the reason is told", async () => {
  const runtime = await started();
  const exited = once(runtime, "exit");
  const file = join(project.folder, "config/queue.yml");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, `${before}\nworkerz: []\n`);
  writeFileSync(join(project.folder, "config/sound.yml"), before);
  const refused = await project.run("reload", "-c", "config/sound.yml");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("workerz");
  writeFileSync(file, before);
  expect(await project.json("reload")).toEqual({ reloaded: true });
  await project.run("stop");
  expect((await exited)[0]).toBe(0);
});

test.each([["SIGTERM"], ["SIGINT"], ["SIGQUIT"]] as const)(
  "%s at the first line of the boot ends with 0, and the next one starts",
  async (signal) => {
    const runtime = project.start("start");
    const exited = once(runtime, "exit");
    await once(runtime.stderr!, "data");
    runtime.stderr?.resume();
    runtime.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(await project.run("stop")).toMatchObject({ code: 1 });
    const next = await started();
    const ended = once(next, "exit");
    expect((await project.run("stop")).code).toBe(0);
    expect(await ended).toEqual([0, null]);
  },
);

test("what a job prints last is out before its worker ends", async () => {
  const runtime = project.start("start");
  const [printed, exited] = [text(runtime.stdout!), once(runtime, "exit")];
  runtime.stderr?.resume();
  await project.run("enqueue", "chatty");
  await expect.poll(isRunning, deadline).toBe(true);
  const running = async () => (await project.json<Status>("status")).jobs.running;
  await expect.poll(running, deadline).toBe(1);
  runtime.kill("SIGTERM");
  expect(await exited).toEqual([0, null]);
  expect((await printed).match(/^line \d+$/gm)).toHaveLength(1_000);
});

test("with --json stdout has the log and nothing that job files print", async () => {
  const { code, stdout, stderr } = await project.run("start", "--until-empty", "--json");
  expect(code).toBe(0);
  const lines = stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line).event)).toContain("runtime-stopped");
  // its worker, and the thread of the worker
  expect(stderr.match(/^this module talks while it loads$/gm)).toHaveLength(2);
  expect(stderr.match(/^and not only by the console$/gm)).toHaveLength(2);
});
