// What people did to commands is true and is known, whoever dies right after it, and in the moments
// in which nobody looks after the ones that run.

import { join } from "node:path";
import { expect, test } from "vitest";
import { remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import { signal, stateOf } from "../support/crash-project.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

const hold = 'while [ ! -e "$DIR/go" ]; do sleep 0.01; done';

function deskOf(project: ShellProject) {
  return remoteDesk(join(project.path, "runtime.sock"));
}

test("a kill that was answered is done, also when all who knew of it die", async () => {
  await using project = new ShellProject({ commands: { kill_grace: "300ms" } });
  const runtime = await project.up();
  await (await project.store()).commands.setGroup("default", { slots: 2 });
  const deaf = await project.add(`trap "" TERM; echo deaf; ${hold}`, { retryLimit: 9 });
  const good = await project.add(`echo good; ${hold}`, { retryLimit: 9 });
  const pids = [await project.pidOfCommand(deaf), await project.pidOfCommand(good)];
  await waitFor(() => project.output(deaf) === "deaf\n" && project.output(good) === "good\n");
  const child = await project.pidOf("commands");
  // so that nobody can settle the end before everybody is dead
  signal(child, "SIGSTOP");
  const desk = deskOf(project);
  const answers = await desk.kill({ ids: [deaf, good] }, {});
  expect(answers.map(({ outcome }) => outcome)).toEqual(["killed", "killed"]);
  signal(runtime.pid, "SIGKILL");
  signal(child, "SIGKILL");
  await runtime.ended();
  await gone(child);
  await project.up();
  for (const id of [deaf, good]) {
    expect(await project.commandIn(id, "cancelled")).toMatchObject({
      attempts: 1,
      command: { endedBy: "person" },
    });
  }
  for (const pid of pids) await gone(pid);
});

test("a pause between two who look after a command is seen at once, and kept", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(hold);
  const pid = await project.pidOfCommand(id);
  const desk = deskOf(project);
  const child = await project.pidOf("commands");
  signal(child, "SIGKILL");
  await gone(child);
  expect(await desk.pause({ ids: [id] }, {})).toEqual([{ id, outcome: "paused" }]);
  expect(await desk.find(id)).toMatchObject({ paused: true, signals_sent: ["SIGSTOP"] });
  await runtime.event("command-adopted");
  const next = await project.pidOf("commands");
  signal(next, "SIGKILL");
  await gone(next);
  await runtime.until(() => runtime.events("command-adopted").length === 2);
  expect(await desk.find(id)).toMatchObject({ paused: true, signals_sent: ["SIGSTOP"] });
  // D: a shell that waits for its child to begin, which is stopped
  expect(["T", "D"]).toContain(stateOf(pid));
  // one that is stopped is continued first, also by those who only heard of it
  expect(await desk.kill({ ids: [id] }, {})).toEqual([{ id, outcome: "killed" }]);
  expect(await project.commandIn(id, "cancelled")).toMatchObject({
    command: { endedBy: "person", signalsSent: ["SIGSTOP", "SIGCONT", "SIGTERM"] },
  });
});

test("one that has just ended was not ended by who comes too late", async () => {
  await using project = new ShellProject();
  const runtime = await project.up();
  const id = await project.add(hold);
  const pid = await project.pidOfCommand(id);
  signal(await project.pidOf("commands"), "SIGKILL");
  await runtime.event("command-adopted");
  const child = await project.pidOf("commands");
  signal(child, "SIGSTOP");
  project.open("go");
  await gone(pid);
  const desk = deskOf(project);
  expect(await desk.kill({ ids: [id] }, {})).toMatchObject([{ id, outcome: "refused" }]);
  signal(child, "SIGCONT");
  expect(await project.commandIn(id, "failed")).toMatchObject({ command: { endedBy: "lost" } });
});
