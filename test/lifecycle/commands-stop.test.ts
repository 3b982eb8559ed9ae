// What a stop of the runtime means for commands: they go on until the interrupt, get a TERM then
// and a KILL later, and whoever ended so runs again on the next start, at no cost.

import { join } from "node:path";
import { expect, test } from "vitest";
import { remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import { stateOf } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import { monotonic } from "../support/runtime-process.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

/** Runs once, and says so, until a file is there. */
const until = (file: string) =>
  `echo run >> "$DIR/runs"; while [ ! -e "$DIR/${file}" ]; do sleep 0.01; done`;

/** Stopped, or in a shell that waits (D) for its child to begin, which is stopped. */
const isHeldUp = (pid: number) => ["T", "D"].includes(stateOf(pid));

test("a command that ends within the drain has finished, whatever else stops", async () => {
  await using project = new ShellProject({ shutdown_timeout: "5s" });
  const runtime = await project.up();
  const [id, next] = await project.addMany([until("go"), "true"]);
  await project.pidOfCommand(id!);
  runtime.signal("SIGTERM");
  await runtime.event("worker-stopping", ({ process }) => process === "commands");
  project.open("go");
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(await project.command(id!)).toMatchObject({ state: "finished", interruptions: 0 });
  // nothing new began
  expect(await project.command(next!)).toMatchObject({ state: "ready", attempts: 0 });
});

test("one that outlasts the drain gets a TERM, is released and runs again on the next start", async () => {
  await using project = new ShellProject({ shutdown_timeout: "2s" });
  const runtime = await project.up();
  const id = await project.add(`${until("go")}; echo done`);
  const pid = await project.pidOfCommand(id);
  const at = monotonic();
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  // 60 % of two seconds
  expect(monotonic() - at).toBeGreaterThan(1_100);
  await gone(pid);
  expect(await project.command(id)).toMatchObject({
    state: "ready",
    attempts: 0,
    interruptions: 1,
    crashes: 0,
    command: { signalsSent: ["SIGTERM"], signal: "SIGTERM" },
  });
  await project.up();
  await project.pidOfCommand(id);
  project.open("go");
  expect(await project.commandIn(id, "finished")).toMatchObject({ attempts: 1, interruptions: 1 });
  // it went on in the file of the interrupted run
  expect(project.output(id)).toBe("done\n");
  expect(await project.written("runs")).toBe("run\nrun");
});

test("one that ignores the TERM, and one that is stopped, are gone before the runtime is", async () => {
  await using project = new ShellProject({ shutdown_timeout: "4s" });
  const runtime = await project.up();
  const store = await project.store();
  await store.commands.setGroup("default", { slots: 2 });
  const [deaf, still] = await project.addMany([
    `trap "" TERM; ${until("never")}`,
    "kill -STOP $$; echo on",
  ]);
  const pids = [await project.pidOfCommand(deaf!), await project.pidOfCommand(still!)];
  await waitFor(() => isHeldUp(pids[1]!));
  expect(await runtime.stop()).toMatchObject({ code: 0 });
  for (const pid of pids) await gone(pid);
  expect(await project.command(deaf!)).toMatchObject({
    state: "ready",
    attempts: 0,
    command: { signalsSent: ["SIGTERM", "SIGKILL"] },
  });
  expect(await project.command(still!)).toMatchObject({ state: "ready", attempts: 0 });
});

test("a stopped command cannot end by itself: a stop of the runtime does not wait for it", async () => {
  await using project = new ShellProject({ shutdown_timeout: "20s" });
  const runtime = await project.up();
  const store = await project.store();
  await store.commands.setGroup("default", { slots: 2 });
  const [paused, other] = await project.addMany([until("never"), until("go")]);
  const pids = [await project.pidOfCommand(paused!), await project.pidOfCommand(other!)];
  const desk = remoteDesk(join(project.path, "runtime.sock"));
  await desk.pause({ ids: [paused!] }, { wait: false });
  await waitFor(() => isHeldUp(pids[0]!));
  const at = monotonic();
  runtime.signal("SIGTERM");
  await gone(pids[0]!);
  // the other one goes on, until it is stopped as well
  expect(isRunning(pids[1]!)).toBe(true);
  await desk.pause({ ids: [other!] }, { wait: false });
  expect(await runtime.ended()).toMatchObject({ code: 0 });
  expect(monotonic() - at).toBeLessThan(within(8_000));
  for (const id of [paused!, other!]) {
    expect(await project.command(id)).toMatchObject({
      state: "ready",
      attempts: 0,
      interruptions: 1,
      command: { paused: false, signal: "SIGTERM" },
    });
  }
});

test("a QUIT ends commands at once and hands them back", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(`trap "" TERM; ${until("never")}`);
  const pid = await project.pidOfCommand(id);
  const at = monotonic();
  expect(await runtime.stop("SIGQUIT")).toMatchObject({ code: 0 });
  expect(monotonic() - at).toBeLessThan(within(2_000));
  await gone(pid);
  expect(await project.command(id)).toMatchObject({ state: "ready", attempts: 0 });
});

test("quiet begins nothing until it is over; a reload leaves what runs alone", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const first = await project.add(until("go"));
  const pid = await project.pidOfCommand(first);
  runtime.signal("SIGTSTP");
  await runtime.event("runtime-quiet");
  const second = await project.add("true");
  project.open("go");
  await project.commandIn(first, "finished");
  runtime.signal("SIGCONT");
  await project.commandIn(second, "finished");
  const third = await project.add(until("later"));
  const other = await project.pidOfCommand(third);
  expect(other).not.toBe(pid);
  const [child] = project.pidsOf("commands");
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  expect(project.pidsOf("commands")).toEqual([child]);
  expect(await project.pidOfCommand(third)).toBe(other);
  project.open("later");
  await project.commandIn(third, "finished");
});

test("a reload switches commands on and off, and what runs is stopped as by a TERM", async () => {
  await using project = new ShellProject({ shutdown_timeout: "2s" });
  project.configure({ commands: false });
  const runtime = await project.up();
  const [first, second] = await project.addMany(["true", until("never")]);
  const { commands } = project.config as { readonly commands: object };
  project.configure({ commands });
  runtime.signal("SIGHUP");
  await project.commandIn(first!, "finished");
  const pid = await project.pidOfCommand(second!);
  project.configure({ commands: false });
  runtime.signal("SIGHUP");
  await gone(pid);
  expect(await project.commandIn(second!, "ready")).toMatchObject({ attempts: 0 });
  await waitFor(() => project.pidsOf("commands").length === 0);
});

test("where a reload switches commands off, why says at once that who runs them is stopping", async () => {
  const slowly = { heartbeat_interval: "20s", alive_threshold: "2m" };
  await using project = new ShellProject({ shutdown_timeout: "4s", process: slowly });
  const runtime = await project.up();
  const [deaf, next] = await project.addMany([`trap "" TERM; ${until("never")}`, "true"]);
  await project.pidOfCommand(deaf!);
  project.configure({ commands: false });
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  const { flow } = await project.store();
  const stopping = async () => {
    const [reason] = (await flow.why(next!)) ?? [];
    return reason?.why === "workers-full" && reason.states.stopping === 1;
  };
  await waitFor(stopping, { deadlineMs: within(1_500) });
});

test("what a reload changes is true of commands that run already", async () => {
  await using project = new ShellProject({ commands: { kill_grace: "1h" } });
  const runtime = await project.up();
  const id = await project.add(`trap "" TERM; echo deaf; ${until("never")}`);
  await waitFor(() => project.output(id) === "deaf\n");
  const { commands } = project.config as { readonly commands: object };
  project.configure({ commands: { ...commands, kill_grace: "50ms" } });
  runtime.signal("SIGHUP");
  await runtime.event("runtime-reloaded");
  await (await project.store()).jobs.cancel([id]);
  expect(await project.commandIn(id, "cancelled")).toMatchObject({
    command: { signalsSent: ["SIGTERM", "SIGKILL"] },
  });
});
