// Commands from their start to their end: what they are given, what becomes of each way to end, and
// what is left of them.

import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { within } from "../support/pace.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

describe("an end by itself", () => {
  test("keeps exit codes and signals apart, and says each in a sentence", async () => {
    await using project = new ShellProject();
    await project.up();
    const [fine, three, segv] = await project.addMany(["true", "exit 3", "kill -SEGV $$"]);
    const ended = { process: { host: expect.any(String) }, slot: 0, endedBy: "self" };
    expect(await project.commandIn(fine!, "finished")).toMatchObject({
      attempts: 1,
      error: null,
      command: { ...ended, exitCode: 0, signal: null, signalsSent: [], paused: false },
    });
    expect(await project.commandIn(three!, "failed")).toMatchObject({
      error: { name: "CommandError", message: "exited with 3", code: "3" },
      command: { ...ended, exitCode: 3, signal: null },
    });
    expect(await project.commandIn(segv!, "failed")).toMatchObject({
      error: { name: "CommandError", message: "was ended by SIGSEGV", code: "SIGSEGV" },
      command: { ...ended, exitCode: null, signal: "SIGSEGV" },
    });
  });

  test("a KILL by somebody else is neither a person of ours nor the system's memory", async () => {
    await using project = new ShellProject();
    await project.up();
    const id = await project.add("sleep 60");
    process.kill(await project.pidOfCommand(id), "SIGKILL");
    expect(await project.commandIn(id, "failed")).toMatchObject({
      command: { signal: "SIGKILL", endedBy: "self", signalsSent: [] },
    });
  });

  test("what the leader leaves running in its group is gone with it", async () => {
    await using project = new ShellProject();
    await project.up();
    const id = await project.add('sleep 60 & echo $! > "$DIR/left"; exit 0');
    const left = Number(await project.written("left"));
    await project.commandIn(id, "finished");
    await gone(left);
  });

  test("retries wait for their back-off, each with an output of its own", async () => {
    await using project = new ShellProject();
    await project.up();
    const line = 'echo run $RUNTIME_ATTEMPT; test -e "$DIR/ok"';
    const id = await project.add(line, { retryLimit: 1 });
    const waiting = await project.commandIn(id, "scheduled");
    expect(waiting).toMatchObject({ attempts: 1, command: { exitCode: 1, endedBy: "self" } });
    expect(waiting.runAt - waiting.createdAt).toBeGreaterThan(4_000);
    writeFileSync(join(project.path, "ok"), "");
    const store = await project.store();
    expect(await store.commands.letGo([id], { delayMs: null })).toMatchObject([
      { outcome: "done" },
    ]);
    expect(await project.commandIn(id, "finished")).toMatchObject({ attempts: 2 });
    expect(project.output(id)).toBe("run 1\n");
    expect(project.output(id, { attempt: 2 })).toBe("run 2\n");
  });
});

describe("what a command is given", () => {
  test("is the environment of who added it and six variables of ours, and nothing else", async () => {
    await using project = new ShellProject();
    project.env.SECRET_OF_THE_RUNTIME = "here";
    await project.up();
    const id = await project.add("env", { argv: ["/usr/bin/env"] });
    await project.commandIn(id, "finished");
    const names = project.output(id).trim().split("\n");
    expect(names.sort()).toEqual(
      [
        ...Object.entries(project.surroundings).map(([name, value]) => `${name}=${value}`),
        "RUNTIME_ATTEMPT=1",
        "RUNTIME_FENCE=1",
        "RUNTIME_GROUP=default",
        `RUNTIME_JOB_ID=${id}`,
        "RUNTIME_SLOT=0",
        "RUNTIME_SLOTS=0",
      ].sort(),
    );
  });

  test("is a folder, a group of processes of its own, and files for its output", async () => {
    await using project = new ShellProject();
    await project.up();
    mkdirSync(join(project.path, "elsewhere"));
    const line = "pwd; ps -o pgid=,sid= -p $$; echo out; echo err >&2";
    const id = await project.add(line, { directory: join(project.path, "elsewhere") });
    const { command } = await project.commandIn(id, "finished");
    const { pid } = command.process!;
    const [pwd, groups, ...rest] = project.output(id).trim().split("\n");
    expect(pwd).toBe(join(project.path, "elsewhere"));
    expect(groups!.trim().split(/\s+/).map(Number)).toEqual([pid, pid]);
    expect(rest).toEqual(["out", "err"]);
    expect(statSync(join(project.path, "output")).mode & 0o777).toBe(0o700);
    expect(statSync(project.outputFile(id)).mode & 0o777).toBe(0o600);
  });

  test("is nothing that we have open, and no signal that we ignore", async () => {
    await using project = new ShellProject();
    await project.up();
    const id = await project.add('ls /proc/$$/fd; grep -E "^Sig(Ign|Blk)" /proc/self/status');
    await project.commandIn(id, "finished");
    const words = project.output(id).trim().split(/\s+/);
    // whoever runs the tests may have left something open far up there
    expect(words.filter((word) => !(Number(word) > 100))).toEqual([
      "0",
      "1",
      "2",
      "SigBlk:",
      "0".repeat(16),
      "SigIgn:",
      "0".repeat(16),
    ]);
  });

  test("keeps stderr apart when it is asked to", async () => {
    await using project = new ShellProject();
    await project.up();
    const id = await project.add("echo out; echo err >&2", { separate: true });
    await project.commandIn(id, "finished");
    expect(project.output(id)).toBe("out\n");
    expect(project.output(id, { stderr: true })).toBe("err\n");
  });

  test("slots of its group are the lowest numbers that are free, and never more than it has", async () => {
    await using project = new ShellProject();
    await project.up();
    const store = await project.store();
    await store.commands.addGroup("gpus", { slots: 3 });
    const line =
      'echo $RUNTIME_SLOT; while [ ! -e "$DIR/go.$RUNTIME_JOB_ID" ]; do sleep 0.01; done';
    const ids = await project.addMany(Array(4).fill(line), { group: "gpus" });
    const slotsOf = async (some: number[]) => {
      for (const id of some) await project.pidOfCommand(id);
      return Promise.all(some.map(async (id) => (await project.command(id)).command.slot));
    };
    expect(await slotsOf(ids.slice(0, 3))).toEqual([0, 1, 2]);
    expect(await project.command(ids[3]!)).toMatchObject({ state: "ready" });
    project.open(`go.${ids[1]}`);
    expect(await slotsOf([ids[3]!])).toEqual([1]);
    for (const id of ids) project.open(`go.${id}`);
    for (const id of ids) await project.commandIn(id, "finished");
  });

  test("one end makes room for the next beginning, however many wait", async () => {
    await using project = new ShellProject();
    await project.up();
    const store = await project.store();
    await store.commands.addGroup("busy", { slots: 4 });
    await project.addMany(Array<string>(300).fill("true"), { group: "busy" });
    const finished = async () => (await store.jobs.count()).finished === 300;
    await waitFor(finished, { deadlineMs: 40_000, everyMs: 100, what: "300 commands to finish" });
  });

  test("two slots are taken by one that asks for two, and nobody overtakes it", async () => {
    await using project = new ShellProject();
    await project.up();
    const store = await project.store();
    await store.commands.addGroup("pair", { slots: 2 });
    const wait =
      'echo $RUNTIME_JOB_ID >> "$DIR/order"; while [ ! -e "$DIR/go" ]; do sleep 0.01; done';
    const first = await project.add(wait, { group: "pair" });
    await project.pidOfCommand(first);
    const wide = await project.add('echo wide >> "$DIR/order"', { group: "pair", slots: 2 });
    const last = await project.add('echo last >> "$DIR/order"', { group: "pair" });
    project.open("go");
    await project.commandIn(last, "finished");
    await project.commandIn(wide, "finished");
    expect(await project.written("order")).toBe(`${first}\nwide\nlast`);
  });
});

describe("what cannot be started", () => {
  test("a missing folder is said, in the error and in the output", async () => {
    await using project = new ShellProject();
    await project.up();
    const directory = join(project.path, "nowhere");
    const id = await project.add("true", { directory });
    const sentence = `the folder ${directory} does not exist`;
    expect(await project.commandIn(id, "failed")).toMatchObject({
      error: { name: "CommandError", message: sentence },
      command: { exitCode: null, signal: null, process: null },
    });
    expect(project.output(id)).toBe(`runtime: ${sentence}\n`);
  });

  test("a missing shell is said", async () => {
    await using project = new ShellProject({ commands: { shell: ["no-such-shell", "-c"] } });
    await project.up();
    const id = await project.add("true");
    const { error } = await project.commandIn(id, "failed");
    expect(error?.message).toBe(
      "the shell no-such-shell cannot be started (ENOENT); see commands.shell",
    );
    expect(project.output(id)).toContain("no-such-shell");
  });

  test("a missing program is 127, with a shell and without", async () => {
    await using project = new ShellProject();
    await project.up();
    const shell = await project.add("no-such-program");
    const exec = await project.add("no-such-program x", { argv: ["no-such-program", "x"] });
    writeFileSync(join(project.path, "plain"), "no program");
    chmodSync(join(project.path, "plain"), 0o600);
    const data = await project.add("./plain", { argv: ["./plain"] });
    for (const id of [shell, exec]) {
      expect(await project.commandIn(id, "failed")).toMatchObject({ command: { exitCode: 127 } });
      expect(project.output(id)).toMatch(/no-such-program: not found/);
    }
    expect(await project.commandIn(data, "failed")).toMatchObject({ command: { exitCode: 126 } });
  });
});

test("a time-out ends the whole group, with a KILL for those who ignore the TERM", async () => {
  await using project = new ShellProject({ commands: { kill_grace: "300ms" } });
  await project.up();
  const line = `trap "" TERM; sh -c 'trap "" TERM; echo $$ > "$DIR/inner"; sleep 60; sleep 60'`;
  const id = await project.add(line, { timeoutMs: 300 });
  const inner = Number(await project.written("inner"));
  expect(await project.commandIn(id, "failed")).toMatchObject({
    error: { name: "TimeoutError", message: "took longer than 300 ms" },
    command: { signal: "SIGKILL", endedBy: "timeout", signalsSent: ["SIGTERM", "SIGKILL"] },
  });
  await gone(inner);
});

test("output is bounded, and what is kept of a flood is its end", async () => {
  await using project = new ShellProject({ commands: { output_limit: "64kB" } });
  await project.up();
  const id = await project.add(
    "i=0; while [ $i -lt 60 ]; do seq 1 2000; sleep 0.02; i=$((i+1)); done; echo the end",
  );
  const sizes: number[] = [];
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const file = project.outputFile(id);
  await waitFor(
    async () => {
      sizes.push(sizeOf(file) + sizeOf(`${file}.1`));
      return (await project.command(id)).state === "finished";
    },
    { deadlineMs: within(20_000) },
  );
  // a quarter of a second of this is some 100 kB
  expect(Math.max(...sizes)).toBeLessThan(400_000);
  expect(Math.max(...sizes)).toBeGreaterThan(64 * 1_024);
  // in the moment of a cut its last bytes are in neither file
  const kept = () => [`${file}.1`, file].map((each) => readFileSync(each, "utf8")).join("");
  const isWhole = () => kept().endsWith("2000\nthe end\n");
  await waitFor(() => sizeOf(file) + sizeOf(`${file}.1`) <= 64 * 1_024 && isWhole());
});

test("cancel ends one that runs, and the group with it", async () => {
  await using project = new ShellProject();
  await project.up();
  const id = await project.add('sleep 60 & echo $! > "$DIR/inner"; wait');
  const inner = Number(await project.written("inner"));
  const store = await project.store();
  expect(await store.jobs.cancel([id])).toMatchObject([{ outcome: "requested" }]);
  expect(await project.commandIn(id, "cancelled")).toMatchObject({
    command: { endedBy: "person", signalsSent: ["SIGTERM"] },
  });
  await gone(inner);
});

test("when no process can be started commands wait, that is said once, and none is lost", async () => {
  await using project = new ShellProject();
  const wrapper = ["prlimit", "--nofile=60:60", "--"];
  const runtime = await project.up(project.start([], { wrapper }));
  await (await project.store()).commands.setGroup("default", { slots: 0 });
  const hold = 'while [ ! -e "$DIR/go" ]; do sleep 0.05; done';
  const ids = await project.addMany(Array(60).fill(hold));
  await runtime.event("command-spawn-trouble", undefined, { deadlineMs: within(15_000) });
  project.open("go");
  for (const id of ids) await project.commandIn(id, "finished", { deadlineMs: within(20_000) });
  expect(runtime.events("command-spawn-trouble")).toHaveLength(1);
});
