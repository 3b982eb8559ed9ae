// kill -9 of those who run commands: the commands go on, somebody else looks after them, and never
// are there two of one.

import { expect, test } from "vitest";
import { signal } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

/** Says when it begins, and goes on until a file is there. */
const hold = 'echo $$ >> "$DIR/pids"; while [ ! -e "$DIR/go" ]; do sleep 0.01; done; echo done';

async function killChild(project: ShellProject): Promise<void> {
  const child = await project.pidOf("commands");
  signal(child, "SIGKILL");
  await gone(child);
}

test("a command outlives the process that ran it, and is looked after by the next one", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(hold);
  const pid = await project.pidOfCommand(id);
  await killChild(project);
  await runtime.event("command-adopted");
  expect(await project.command(id)).toMatchObject({
    state: "running",
    attempts: 1,
    crashes: 0,
    command: { adopted: true, process: { pid } },
  });
  expect(isRunning(pid)).toBe(true);
  // its slot is taken as before
  const next = await project.add("true");
  project.open("go");
  expect(await project.commandIn(id, "failed")).toMatchObject({
    error: { name: "CommandError" },
    command: { endedBy: "lost", exitCode: null, signal: null },
  });
  expect(project.output(id)).toBe("done\n");
  await project.commandIn(next, "finished");
  expect(await project.written("pids")).toBe(String(pid));
});

test("each of several slots is named, and stays with its command when somebody else looks after it", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  await (await project.store()).commands.setGroup("default", { slots: 4 });
  const say = 'echo "$RUNTIME_SLOT of $RUNTIME_SLOTS"';
  const until = (file: string) => `${say}; while [ ! -e "$DIR/${file}" ]; do sleep 0.01; done`;
  const [first, second] = await project.addMany([until("first"), until("go")]);
  await project.pidOfCommand(second!);
  const kept = await project.add(until("go"));
  await project.pidOfCommand(kept);
  project.open("first");
  await project.commandIn(first!, "finished");
  // 0 and 3: those between them are taken
  const wide = await project.add(until("go"), { slots: 2 });
  await project.pidOfCommand(wide);
  expect(project.output(wide)).toBe("0 of 0,3\n");
  await killChild(project);
  await runtime.event("command-adopted");
  await (await project.store()).commands.setGroup("default", { slots: 6 });
  const next = await project.add(say, { slots: 2 });
  await project.commandIn(next, "finished");
  expect(project.output(next)).toBe("4 of 4,5\n");
  project.open("go");
  await project.commandIn(wide, "failed");
});

test("an adopted command is ended by a person as any other", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(hold);
  const pid = await project.pidOfCommand(id);
  await killChild(project);
  await runtime.event("command-adopted");
  const store = await project.store();
  await store.jobs.cancel([id]);
  expect(await project.commandIn(id, "cancelled")).toMatchObject({
    command: { endedBy: "person", adopted: true },
  });
  expect(isRunning(pid)).toBe(false);
});

test("one that ended while nobody looked is lost, and runs again only with retries left", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  await (await project.store()).commands.setGroup("default", { slots: 2 });
  const once = await project.add(hold);
  const again = await project.add(hold, { retryLimit: 1 });
  const pids = [await project.pidOfCommand(once), await project.pidOfCommand(again)];
  const child = await project.pidOf("commands");
  signal(runtime.pid, "SIGKILL");
  signal(child, "SIGKILL");
  await runtime.ended();
  project.open("go");
  for (const pid of pids) await gone(pid);
  await project.up();
  expect(await project.commandIn(once, "failed")).toMatchObject({ command: { endedBy: "lost" } });
  expect(await project.commandIn(again, "scheduled")).toMatchObject({ attempts: 1 });
});

test("the policy `end` ends what outlives its process", async () => {
  await using project = new ShellProject({ commands: { on_crash: "end", kill_grace: "200ms" } });
  await project.up();
  const id = await project.add(`trap "" TERM; ${hold}`);
  const pid = await project.pidOfCommand(id);
  await killChild(project);
  expect(await project.commandIn(id, "failed")).toMatchObject({
    command: { endedBy: "lost", signalsSent: ["SIGTERM", "SIGKILL"] },
  });
  expect(isRunning(pid)).toBe(false);
});

test("when the supervisor dies, its commands stop as on TERM and run again later", async () => {
  await using project = new ShellProject({ shutdown_timeout: "2s" });
  const runtime = await project.up();
  const id = await project.add(hold);
  const pid = await project.pidOfCommand(id);
  signal(runtime.pid, "SIGKILL");
  await runtime.ended();
  await gone(pid);
  expect(await project.commandIn(id, "ready")).toMatchObject({ attempts: 0, interruptions: 1 });
  project.open("go");
  await project.up();
  await project.commandIn(id, "finished");
});

/** In the supervisor too, whose modules it is loaded before. */
const breakable = `process.on("SIGPWR", () => { throw new Error("a mistake of ours"); });`;

test.for([
  ["SIGPWR", { code: 1, signal: null }],
  ["SIGABRT", { code: null, signal: "SIGABRT" }],
] as const)(
  "when it ends by a mistake or an abort (%s), they have the time of a TERM as well",
  async ([blow, exit]) => {
    await using project = new ShellProject({ shutdown_timeout: "4s" });
    project.write("breakable.mjs", breakable);
    project.env.NODE_OPTIONS = `--import=${project.path}/breakable.mjs`;
    const runtime = await project.up();
    const tidy = `trap 'sleep 0.5; echo tidy > "$DIR/tidy"; exit 1' TERM`;
    const id = await project.add(`${tidy}; echo $$ > "$DIR/pid"; ${hold}`);
    const pid = await project.pidOfCommand(id);
    await project.written("pid");
    signal(runtime.pid, blow);
    expect(await runtime.exited).toMatchObject(exit);
    await gone(pid);
    expect(await project.written("tidy")).toBe("tidy");
    expect(await project.commandIn(id, "ready")).toMatchObject({ attempts: 0, interruptions: 1 });
  },
);

test("after kill -9 of everybody the next start adopts, and never runs a second one", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(hold, { retryLimit: 3 });
  const pid = await project.pidOfCommand(id);
  const child = await project.pidOf("commands");
  signal(child, "SIGKILL");
  signal(runtime.pid, "SIGKILL");
  await runtime.ended();
  await gone(child);
  const next = await project.up();
  await next.event("command-adopted");
  expect(await project.command(id)).toMatchObject({
    state: "running",
    command: { adopted: true, process: { pid } },
  });
  expect(await project.written("pids")).toBe(String(pid));
  await next.stop("SIGQUIT");
  await gone(pid);
  expect(await project.command(id)).toMatchObject({ state: "ready", attempts: 0 });
});

test("whoever dies again and again while commands begin leaves none twice and none behind", async () => {
  await using project = new ShellProject();
  await project.up();
  await (await project.store()).commands.setGroup("default", { slots: 4 });
  const line =
    'mkdir "$DIR/in.$RUNTIME_JOB_ID" || echo $RUNTIME_JOB_ID >> "$DIR/twice"; sleep 0.05; rmdir "$DIR/in.$RUNTIME_JOB_ID"';
  const ids = await project.addMany(Array(60).fill(line), { retryLimit: 20 });
  for (let deaths = 0; deaths < 4; deaths++) {
    const some = await project.pidOf("commands");
    await waitFor(async () => {
      const states = await Promise.all(ids.map(async (id) => (await project.command(id)).state));
      return states.some((state) => state === "running");
    });
    signal(some, "SIGKILL");
    await gone(some);
  }
  const store = await project.store();
  await waitFor(
    async () => {
      const open = await store.commands.list({ states: ["ready", "running", "scheduled"] });
      const late = open.filter(({ state }) => state === "scheduled").map(({ id }) => id);
      if (late.length > 0) await store.commands.letGo(late, { delayMs: null });
      return open.length === 0;
    },
    { deadlineMs: within(30_000), everyMs: 50 },
  );
  const all = await store.commands.list({ ids });
  expect(all.filter(({ state }) => state !== "finished")).toEqual([]);
  await expect(project.written("twice", { deadlineMs: 10 })).rejects.toThrow();
});

test("what an orphan still ends has slots of its group, which nobody else gets meanwhile", async () => {
  await using project = new ShellProject({ shutdown_timeout: "25s" });
  const runtime = await project.up();
  const store = await project.store();
  await store.commands.setGroup("default", { slots: 2 });
  // it takes the stop as a reason to hurry, and needs a while
  const stubborn = await project.add(`trap "" TERM; ${hold}`);
  const pid = await project.pidOfCommand(stubborn);
  signal(runtime.pid, "SIGKILL");
  await runtime.ended();
  const next = await project.up();
  await next.event("orphan-left", ({ msg }) => msg!.startsWith("commands"));
  const [one, other] = await project.addMany([
    'echo "$RUNTIME_SLOT" > "$DIR/slot"; while [ ! -e "$DIR/one" ]; do sleep 0.01; done',
    "true",
  ]);
  await project.commandIn(one!, "running");
  expect(await project.written("slot")).toBe("1");
  // a later look would have begun it by now
  await project.add("true", { priority: 9 });
  expect(isRunning(pid)).toBe(true);
  expect(await project.command(other!)).toMatchObject({ state: "ready" });
  project.open("go");
  await project.commandIn(stubborn, "finished");
  await project.commandIn(other!, "finished");
  project.open("one");
  await project.commandIn(one!, "finished");
});
