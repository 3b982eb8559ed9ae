// Recurring tasks in real processes: each tick once, whatever is killed, and missed ones by rule.

import { openStore, type RecurringTick } from "@queue-runtime/store";
import { describe, expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { Project } from "../support/project.ts";
import type { RuntimeProcess } from "../support/runtime-process.ts";
import { waitFor } from "../support/wait-for.ts";

const second = 1_000;
const every = { schedule: "every 1s", job: "quick" };

const withTasks = (tasks: object, more: object = {}) => ({
  scheduler: { name: "test", polling_interval: "100ms", tasks, ...more },
});

async function ticksOf(project: Project, key: string): Promise<readonly RecurringTick[]> {
  const store = await openStore(project.url);
  try {
    return (await store.recurring.ticks(key, 1_000)).toReversed();
  } finally {
    await store.close();
  }
}

/** Every tick has one job of its own, and every job is of a tick. */
async function expectOneJobEach(project: Project, keys: readonly string[]): Promise<void> {
  const ticks = (await Promise.all(keys.map((key) => ticksOf(project, key)))).flat();
  const ids = ticks.map(({ jobId }) => jobId).sort((a, b) => Number(a) - Number(b));
  expect((await project.jobs({ name: "quick" })).map(({ id }) => id)).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
}

const expectNoGap = (ticks: readonly RecurringTick[]) => {
  const times = ticks.map(({ at }) => at);
  expect(times).toEqual(times.map((_, index) => times[0]! + index * second));
};

const ticked = (runtime: RuntimeProcess, count: number, task = "beat") =>
  runtime.until(
    () => runtime.events("task-ticked").filter((line) => line.task === task).length >= count,
    { what: `${count} ticks of ${task}`, deadlineMs: within(15_000) },
  );

const dispatcherOf = async (project: Project) =>
  (await project.children()).find(({ kind }) => kind === "dispatcher")!.pid;

describe("recurring tasks", () => {
  test("tick once, however many runtimes have them", async () => {
    await using project = new Project({ config: withTasks({ beat: every }) });
    const socket = { control: { socket: "other.sock" } };
    project.write("other.yml", JSON.stringify({ ...project.config, ...socket }));
    const one = await project.start().ready();
    const two = await project.start([], { config: "other.yml" }).ready();
    await waitFor(async () => (await ticksOf(project, "beat")).length >= 5, {
      deadlineMs: within(15_000),
    });
    expect(await one.stop()).toMatchObject({ code: 0 });
    expect(await two.stop()).toMatchObject({ code: 0 });
    const ticks = await ticksOf(project, "beat");
    expectNoGap(ticks);
    for (const { at, recordedAt } of ticks) expect(recordedAt).toBeGreaterThanOrEqual(at);
    await expectOneJobEach(project, ["beat"]);
    const lines = [...one.events("task-ticked"), ...two.events("task-ticked")];
    expect(lines.map(({ job }) => job).sort((a, b) => Number(a) - Number(b))).toEqual(
      ticks.map(({ jobId }) => jobId),
    );
  });

  test("neither stop nor come twice when their scheduler is killed at a tick", async () => {
    await using project = new Project({ config: withTasks({ beat: every }) });
    const runtime = await project.start().ready();
    await ticked(runtime, 1);
    for (const phase of [995, 0, 3, 990]) {
      const pid = await dispatcherOf(project);
      const before = runtime.events("task-ticked").length;
      const near = () => Math.abs((Date.now() % second) - phase) < 3;
      await waitFor(near, { everyMs: 1, what: "the moment" });
      process.kill(pid, "SIGKILL");
      await ticked(runtime, before + 2);
    }
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expectNoGap(await ticksOf(project, "beat"));
    await expectOneJobEach(project, ["beat"]);
  });

  test("that were missed while nothing ran are made up for by catch_up", async () => {
    const tasks = {
      none: every,
      one: { ...every, catch_up: "one" },
      all: { ...every, catch_up: "all" },
    };
    await using project = new Project({ config: withTasks(tasks) });
    const first = await project.start().ready();
    for (const task of Object.keys(tasks)) await ticked(first, 1, task);
    await first.stop();
    const stopped = Date.now();
    await waitFor(() => Date.now() > stopped + 4 * second, { what: "four seconds" });
    const started = Date.now();
    const again = await project.start().ready();
    for (const task of Object.keys(tasks)) await ticked(again, 2, task);
    await again.stop();
    const since = async (key: string) => {
      const ticks = await ticksOf(project, key);
      return ticks.map(({ at }) => at).filter((at) => at > stopped);
    };
    const [none, one] = [await since("none"), await since("one")];
    // on time from the scheduler's first look on; the newest of those before; all of them
    expect(none[0]).toBeGreaterThan(started);
    expect(one.slice(0, 2)).toEqual([none[0]! - second, none[0]]);
    expectNoGap(await ticksOf(project, "all"));
    await expectOneJobEach(project, Object.keys(tasks));
  });

  test("that were missed by a frozen scheduler are made up for by the same rules", async () => {
    const tasks = { none: every, all: { ...every, catch_up: "all" } };
    await using project = new Project({ config: withTasks(tasks) });
    const runtime = await project.start().ready();
    await ticked(runtime, 1, "none");
    const pid = await dispatcherOf(project);
    process.kill(pid, "SIGSTOP");
    const frozen = Date.now();
    // it does not answer, is killed for it, and replaced
    await runtime.event("child-killed", (line) => line.child_pid === pid);
    const before = runtime.events("task-ticked").length;
    await runtime.until(() => runtime.events("task-ticked").length >= before + 4);
    await runtime.stop();
    expectNoGap(await ticksOf(project, "all"));
    const none = (await ticksOf(project, "none")).map(({ at }) => at);
    const lost = (await ticksOf(project, "all")).filter(({ at }) => !none.includes(at));
    expect(lost.length).toBeGreaterThan(0);
    for (const { at } of lost) expect(at).toBeGreaterThan(frozen - second);
  });

  test("follow their file: one that is removed is gone at the next start, and after a reload", async () => {
    const three = { one: every, two: every, three: every };
    await using project = new Project({ config: withTasks(three) });
    const names = async () => {
      const { stdout } = await project.cli("recurring", "list", "-c", "queue.yml", "--json");
      return (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
    };
    const first = await project.start().ready();
    expect(await names()).toEqual(["one", "three", "two"]);
    await first.stop();
    project.configure(withTasks({ one: every, two: every }));
    const second = await project.start().ready();
    expect(await names()).toEqual(["one", "two"]);
    project.configure(withTasks({ one: { ...every, schedule: "@daily" } }));
    await project.cli("reload", "-c", "queue.yml");
    expect(await names()).toEqual(["one"]);
    project.configure(withTasks({}));
    await project.cli("reload", "-c", "queue.yml");
    expect(await names()).toEqual([]);
    await second.stop();
  });

  test("come with the code of jobs, and go with it", async () => {
    const code = (schedule: string) => `
      import { defineJob } from "queue-runtime";
      export const beat = defineJob({ name: "beat", queue: "beats", perform: () => null, ${schedule} });
    `;
    await using project = new Project({
      config: { ...withTasks({}), jobs: ["./beat.ts"], workers: [{ threads: 1 }] },
      files: { "beat.ts": code('schedule: "every 1s"') },
    });
    const runtime = await project.start().ready();
    await ticked(runtime, 1);
    const [job] = await project.jobs({ name: "beat" });
    expect(job).toMatchObject({ queue: "beats" });
    project.write("beat.ts", code(""));
    await project.cli("reload", "-c", "queue.yml");
    const { stdout } = await project.cli("recurring", "list", "-c", "queue.yml", "--json");
    expect(JSON.parse(stdout)).toEqual([]);
    await runtime.stop();
  });

  test("may be added, paused, resumed and removed while a runtime runs", async () => {
    await using project = new Project({ config: withTasks({}) });
    const runtime = await project.start().ready();
    const recurring = async (...words: string[]) => {
      const { code, stderr } = await project.cli("recurring", ...words, "-c", "queue.yml");
      expect(`${code} ${stderr}`).toBe("0 ");
    };
    await recurring("add", "beat", "--schedule", "every 1s", "--job", "quick");
    await ticked(runtime, 1);
    await recurring("pause", "beat");
    const paused = await ticksOf(project, "beat");
    await recurring("add", "other", "--schedule", "every 1s", "--job", "quick");
    await ticked(runtime, 2, "other");
    expect(await ticksOf(project, "beat")).toEqual(paused);
    await recurring("resume", "beat");
    await ticked(runtime, paused.length + 1);
    await recurring("remove", "beat");
    await recurring("remove", "other");
    await recurring("add", "last", "--schedule", "every 1s", "--job", "quick");
    await ticked(runtime, 2, "last");
    expect(await ticksOf(project, "beat")).not.toEqual(paused);
    await runtime.stop();
  });

  test("of two configurations on one store leave each other alone", async () => {
    await using project = new Project({ config: withTasks({ one: every, both: every }) });
    const other = { control: { socket: "other.sock" }, ...withTasks({ two: every, both: every }) };
    const scheduler = { ...other.scheduler, name: "other" };
    project.write("other.yml", JSON.stringify({ ...project.config, ...other, scheduler }));
    const first = await project.start().ready();
    const second = await project.start([], { config: "other.yml" }).ready();
    await second.event("task-clash", (line) => line.task === "both");
    const { stdout } = await project.cli("recurring", "list", "-c", "queue.yml", "--json");
    const tasks = JSON.parse(stdout) as { name: string; source: string }[];
    expect(tasks.map(({ name, source }) => [name, source])).toEqual([
      ["both", "file:test"],
      ["one", "file:test"],
      ["two", "file:other"],
    ]);
    await first.stop();
    await second.stop();
  });

  test("run in a process of their own where there is no dispatcher and no worker", async () => {
    const hooks = `
      import { onSchedulerExit, onSchedulerStart, onSchedulerStop } from "queue-runtime";
      import { record } from "${new URL("../support/record.ts", import.meta.url).href}";
      onSchedulerStart(({ kind, name }) => record("scheduler-start", { kind, name }));
      onSchedulerStop(() => record("scheduler-stop"));
      onSchedulerExit(() => record("scheduler-exit"));
    `;
    await using project = new Project({
      config: { ...withTasks({ beat: every }), workers: [], dispatcher: false },
      files: { "hooks.ts": hooks },
    });
    const runtime = await project.start().ready();
    expect(await project.children()).toMatchObject([{ kind: "scheduler", name: "scheduler" }]);
    await ticked(runtime, 1);
    expect(await runtime.stop()).toMatchObject({ code: 0 });
    expect(project.records().map(({ event }) => event)).toEqual([
      "scheduler-start",
      "scheduler-stop",
      "scheduler-exit",
    ]);
    expect(project.records("scheduler-start")[0]).toMatchObject({ kind: "scheduler" });
  });
});
