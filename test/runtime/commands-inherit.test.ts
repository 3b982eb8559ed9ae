// What a supervisor takes over from a process that died in the worst moment: after a command's
// process was started, before anybody had noted it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { commandName, type Store } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { identify } from "../../packages/runtime/src/process/identity.ts";
import { BegunRuns } from "../../packages/runtime/src/process/runs/begun-runs.ts";
import { inherit } from "../../packages/runtime/src/supervisor/commands/inherit.ts";
import { someProcess } from "../store/contract/world.ts";
import { isRunning } from "../support/proc.ts";
import { temporaryFolder, temporaryStore } from "../support/temporary-store.ts";
import { waitFor } from "../support/wait-for.ts";
import { idsOfItsOwn } from "./support/ids-of-its-own.ts";
import { notedLog } from "./support/noted-log.ts";

/** Two commands that a process has claimed, of which the store knows no more. */
async function claimed(store: Store) {
  const to = await store.processes.register(someProcess({ kind: "supervisor" }));
  const id = await store.processes.register(someProcess({ kind: "commands" }));
  await idsOfItsOwn(store);
  const command = { line: "sleep 60", argv: null, directory: "/", environment: {} };
  const row = { name: commandName, kind: "command" as const, command };
  const ids = (await store.jobs.enqueue([row, row])).map((added) => added.id);
  const claim = { queues: [], names: [commandName], limit: 2, idle: true, ids };
  const turn = { processId: id, settlements: [], checkpoints: [], claim };
  const answer = await store.jobs.turn(turn);
  return { to, from: { id, name: "commands", kind: "commands" as const }, jobs: answer.claimed };
}

/** As the dead process started it. */
function begin({ id, fence }: { readonly id: number; readonly fence: number }): ChildProcess {
  const env = { RUNTIME_JOB_ID: String(id), RUNTIME_FENCE: String(fence), RUNTIME_SLOT: "3" };
  return spawn("/bin/sleep", ["60"], { env, detached: true, stdio: "ignore" });
}

/** One that leaves another in its group and ends. */
async function comeAndGo({ id, fence }: { readonly id: number; readonly fence: number }) {
  const env = { RUNTIME_JOB_ID: String(id), RUNTIME_FENCE: String(fence), PATH: process.env.PATH };
  const words = ["-c", "sleep 60 >&- & echo $!"];
  const leader = spawn("/bin/sh", words, {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  let text = "";
  for await (const part of leader.stdout!) text += part;
  await waitFor(() => leader.exitCode !== null);
  return { left: Number(text), leader: leader.pid! };
}

test("a process of which nobody has noted the pid is found; what never began is ready again", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const [began, never] = jobs;
  const child = begin(began!);
  try {
    const log = notedLog();
    expect(await inherit({ store, log, from, to, keep: true, folder: null })).toEqual([began!.id]);
    expect(await store.commands.find(began!.id)).toMatchObject({
      state: "running",
      processId: to,
      command: { adopted: true, process: { pid: child.pid }, slot: 3 },
    });
    expect(await store.commands.find(never!.id)).toMatchObject({ state: "ready", attempts: 0 });
    expect(isRunning(child.pid!)).toBe(true);
  } finally {
    child.kill("SIGKILL");
  }
});

test("what a run left is ended when it came and went while nobody noted it", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const [job, next] = jobs;
  const { left } = await comeAndGo(job!);
  const { left: stranger } = await comeAndGo({ id: next!.id, fence: next!.fence + 9 });
  try {
    expect(await inherit({ store, log: notedLog(), from, to, keep: true, folder: null })).toEqual(
      [],
    );
    await waitFor(() => !isRunning(left));
    expect(await store.commands.find(job!.id)).toMatchObject({ state: "ready" });
    expect(isRunning(stranger)).toBe(true);
  } finally {
    for (const pid of [left, stranger]) if (isRunning(pid)) process.kill(pid, "SIGKILL");
  }
});

test("a process of an earlier claim of the same command is not taken for this one", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const [job] = jobs;
  const child = begin({ id: job!.id, fence: job!.fence + 5 });
  const other = begin({ id: job!.id + 1_000, fence: job!.fence });
  try {
    expect(await inherit({ store, log: notedLog(), from, to, keep: true, folder: null })).toEqual(
      [],
    );
    expect(await store.commands.find(job!.id)).toMatchObject({ state: "ready" });
  } finally {
    child.kill("SIGKILL");
    other.kill("SIGKILL");
  }
});

test("what is left of one that has ended is ended as well where nobody looks after it", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const [gone, lives] = jobs;
  const { left, leader } = await comeAndGo(gone!);
  const child = begin(lives!);
  const runs = [
    { ...gone!, slot: 0, process: { ...identify(leader), startTicks: 1 } },
    { ...lives!, slot: 1, process: identify(child.pid!) },
  ];
  await store.commands.began(runs);
  expect(await inherit({ store, log: notedLog(), from, to, keep: false, folder: null })).toEqual(
    [],
  );
  await waitFor(() => !isRunning(left) && child.signalCode === "SIGKILL");
  for (const { id } of jobs) {
    expect(await store.commands.find(id)).toMatchObject({ state: "ready", attempts: 0 });
  }
});

test("a command of another store with the same id is none of ours: who began it lives", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const { id, fence } = jobs[0]!;
  const env = { RUNTIME_JOB_ID: String(id), RUNTIME_FENCE: String(fence) };
  const options = { env, detached: true, stdio: "ignore" };
  const text = `
    process.title = "runtime commands";
    const child = require("child_process").spawn("sleep", ["60"], ${JSON.stringify(options)});
    console.log(child.pid);
    child.on("exit", () => process.exit());`;
  const other = spawn(process.execPath, ["-e", text], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid] = await once(other.stdout!, "data");
  try {
    expect(await inherit({ store, log: notedLog(), from, to, keep: true, folder: null })).toEqual(
      [],
    );
    expect(isRunning(Number(pid))).toBe(true);
  } finally {
    other.kill("SIGKILL");
    if (isRunning(Number(pid))) process.kill(Number(pid), "SIGKILL");
  }
});

test("what came and went unseen was interrupted where nobody will look after it", async () => {
  await using opened = await temporaryStore();
  using output = temporaryFolder();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const [gone, never] = jobs;
  const notes = new BegunRuns(output.path);
  notes.note(gone!);
  const folder = output.path;
  expect(await inherit({ store, log: notedLog(), from, to, keep: false, folder })).toEqual([]);
  const ready = { state: "ready", attempts: 0 };
  expect(await store.commands.find(gone!.id)).toMatchObject({ ...ready, interruptions: 1 });
  expect(await store.commands.find(never!.id)).toMatchObject({ ...ready, interruptions: 0 });
  notes.close();
});

test("where nobody will look after them, they are ended and ready again", async () => {
  await using opened = await temporaryStore();
  const { store } = opened;
  const { to, from, jobs } = await claimed(store);
  const child = begin(jobs[0]!);
  expect(await inherit({ store, log: notedLog(), from, to, keep: false, folder: null })).toEqual(
    [],
  );
  await waitFor(() => child.signalCode === "SIGKILL");
  for (const { id } of jobs) {
    expect(await store.commands.find(id)).toMatchObject({ state: "ready", attempts: 0 });
  }
});
