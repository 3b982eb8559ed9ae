// What people do to commands that run, over the control socket of a running runtime: it has
// happened when the answer is there, and nobody waits for a process to end. No test here waits
// between an action and the look at what it did.

import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type RemoteDesk, remoteDesk } from "../../packages/runtime/src/control/desk/remote.ts";
import { signal, stateOf } from "../support/crash-project.ts";
import { within } from "../support/pace.ts";
import { isRunning } from "../support/proc.ts";
import { monotonic } from "../support/runtime-process.ts";
import { gone, ShellProject } from "../support/shell-project.ts";
import { waitFor } from "../support/wait-for.ts";

class LiveProject extends ShellProject {
  get desk(): RemoteDesk {
    return remoteDesk(join(this.path, "runtime.sock"));
  }

  /** One that runs by the time of the answer. */
  async immediate(line: string): Promise<number> {
    const [added] = await this.desk.add([
      {
        words: [line],
        directory: this.path,
        environment: this.surroundings,
        immediate: true,
      },
    ]);
    if (added?.outcome !== "started") throw new Error(JSON.stringify(added));
    return added.id;
  }

  /** The pid by the very next look. */
  async pidNow(id: number): Promise<number> {
    const row = await this.desk.find(id);
    if (row?.state !== "running" || row.pid === null) throw new Error(JSON.stringify(row));
    return row.pid;
  }
}

/** Waits for a file, and is slow to look: nothing here should wait for it. */
const hold = 'while [ ! -e "$DIR/go" ]; do sleep 0.02; done';

describe("start", () => {
  test("an immediate one runs when the answer comes, whatever slots and pauses there are", async () => {
    await using project = new LiveProject();
    await project.up();
    const first = await project.immediate("sleep 60");
    await project.desk.pause({ group: "default" }, { wait: true });
    const second = await project.immediate("sleep 60");
    for (const id of [first, second]) expect(isRunning(await project.pidNow(id))).toBe(true);
    expect((await project.desk.find(second))?.slot).toBe(1);
    await project.desk.kill({ all: true }, {});
  });

  test("the first command of all starts the process that runs it", async () => {
    await using project = new LiveProject();
    const runtime = await project.up();
    expect(project.pidsOf("commands")).toEqual([]);
    const id = await project.immediate("true");
    await project.commandIn(id, "finished");
    expect(
      runtime.events("child-started").filter(({ child }) => child === "commands"),
    ).toHaveLength(1);
  });

  test("what cannot be started is refused with the reason", async () => {
    await using project = new LiveProject();
    await project.up();
    const [added] = await project.desk.add([
      {
        words: ["true"],
        directory: join(project.path, "nowhere"),
        environment: project.surroundings,
        immediate: true,
      },
    ]);
    expect(added?.error).toContain("nowhere does not exist");
    const id = await project.immediate("true");
    await project.commandIn(id, "finished");
    expect(await project.desk.start({ ids: [id, 999] })).toMatchObject([
      { id, outcome: "refused" },
      { id: 999, outcome: "unknown" },
    ]);
  });
});

describe("kill", () => {
  test("ends a whole group of three generations, as a person, within milliseconds", async () => {
    await using project = new LiveProject();
    await project.up();
    const line = `sh -c 'sh -c "echo \\$\\$ > \\$DIR/third; sleep 60; true"; true'; true`;
    const id = await project.immediate(line);
    const leader = await project.pidNow(id);
    const third = Number(await project.written("third"));
    expect(await project.desk.kill({ ids: [id] }, {})).toMatchObject([{ id, outcome: "killed" }]);
    expect(await project.desk.find(id)).toMatchObject({
      state: "cancelled",
      ended_by: "person",
      exit_code: null,
      signal: "SIGTERM",
      signals_sent: ["SIGTERM"],
    });
    for (const pid of [leader, third]) await gone(pid, { deadlineMs: within(100) });
  });

  test("one that will not end holds nobody up, and gets a KILL after the grace", async () => {
    await using project = new LiveProject({ commands: { kill_grace: "500ms" } });
    await project.up();
    const id = await project.immediate(`trap "" TERM; echo deaf; ${hold}`);
    await waitFor(() => project.output(id) === "deaf\n");
    const at = monotonic();
    await project.desk.kill({ ids: [id] }, {});
    expect(monotonic() - at).toBeLessThan(within(400));
    expect(await project.desk.find(id)).toMatchObject({
      state: "running",
      signals_sent: ["SIGTERM"],
    });
    const other = await project.immediate("true");
    await project.commandIn(other, "finished");
    expect(await project.commandIn(id, "cancelled")).toMatchObject({
      command: { signal: "SIGKILL", endedBy: "person", signalsSent: ["SIGTERM", "SIGKILL"] },
    });
  });

  test("a paused one is continued first, so that its TERM does not wait", async () => {
    await using project = new LiveProject();
    await project.up();
    const id = await project.immediate(
      'trap "echo bye; exit 0" TERM; echo set; while :; do sleep 0.01; done',
    );
    await waitFor(() => project.output(id) === "set\n");
    await project.desk.pause({ ids: [id] }, {});
    await project.desk.kill({ ids: [id] }, {});
    expect(await project.commandIn(id, "cancelled")).toMatchObject({
      command: { endedBy: "person", signalsSent: ["SIGSTOP", "SIGCONT", "SIGTERM"] },
    });
  });

  test("with a signal of its own it only sends that; an end by it was the person's", async () => {
    await using project = new LiveProject();
    await project.up();
    const id = await project.immediate(
      'trap "echo usr" USR1; echo set; while [ ! -e "$DIR/go" ]; do sleep 0.01; done; exit 4',
    );
    const other = await project.immediate("sleep 60");
    await waitFor(() => project.output(id) === "set\n");
    await project.desk.kill({ ids: [id] }, { signal: "USR1" });
    await project.desk.kill({ ids: [other] }, { signal: "9" });
    await waitFor(() => project.output(id).endsWith("usr\n"));
    project.open("go");
    expect(await project.commandIn(id, "failed")).toMatchObject({
      command: { exitCode: 4, endedBy: "self", signalsSent: ["SIGUSR1"] },
    });
    expect(await project.commandIn(other, "cancelled")).toMatchObject({
      command: { signal: "SIGKILL", endedBy: "person", signalsSent: ["SIGKILL"] },
    });
  });
});

test("pause stops the whole group at once, resume lets it go on; the store knows both", async () => {
  await using project = new LiveProject();
  await project.up();
  const id = await project.immediate(`sh -c 'echo $$ > "$DIR/inner"; ${hold}'; true`);
  const leader = await project.pidNow(id);
  const inner = Number(await project.written("inner"));
  await project.desk.pause({ ids: [id] }, {});
  expect(stateOf(leader)).toBe("T");
  // one that is just starting another (D) stops when it has done so
  expect(stateOf(inner)).toMatch(/^[TD]$/);
  await waitFor(() => stateOf(inner) === "T");
  expect(await project.desk.find(id)).toMatchObject({ state: "running", paused: true });
  expect(await project.command(id)).toMatchObject({ command: { paused: true } });
  await project.desk.resume({ ids: [id] });
  expect(stateOf(leader)).not.toBe("T");
  expect(await project.desk.find(id)).toMatchObject({ state: "running", paused: false });
  project.open("go");
  await project.commandIn(id, "finished");
});

test("a kill outlives the process that was told of it: what survived that is still ended", async () => {
  await using project = new LiveProject({ commands: { kill_grace: "1s" } });
  const runtime = await project.up();
  const id = await project.immediate(`trap "" TERM; echo deaf; ${hold}`);
  await waitFor(() => project.output(id) === "deaf\n");
  await project.desk.kill({ ids: [id] }, {});
  const child = await project.pidOf("commands");
  signal(child, "SIGKILL");
  await runtime.event("command-adopted");
  expect(await project.commandIn(id, "cancelled")).toMatchObject({
    command: { endedBy: "person", adopted: true, signalsSent: ["SIGTERM", "SIGKILL"] },
  });
});

describe("send", () => {
  test("reaches a command that was started a moment ago, and eof ends its input", async () => {
    await using project = new LiveProject();
    await project.up();
    const id = await project.immediate("cat; echo end");
    expect(await project.desk.send(id, { input: "grüße\n" })).toMatchObject({ outcome: "sent" });
    expect(await project.desk.send(id, { input: "more", eof: true })).toMatchObject({
      outcome: "sent",
    });
    await project.commandIn(id, "finished");
    expect(project.output(id)).toBe("grüße\nmoreend\n");
    expect(await project.desk.send(id, { input: "late" })).toMatchObject({ outcome: "refused" });
  });

  test("to one that does not read waits in a bounded buffer and delays nobody", async () => {
    await using project = new LiveProject();
    await project.up();
    const deaf = await project.immediate(hold);
    const much = "x".repeat(400_000);
    const answers = [];
    for (let index = 0; index < 6; index++) {
      answers.push((await project.desk.send(deaf, { input: much })).outcome);
    }
    expect(answers[0]).toBe("sent");
    expect(answers.at(-1)).toBe("refused");
    const other = await project.immediate("cat");
    expect(await project.desk.send(other, { input: "fast", eof: true })).toMatchObject({
      outcome: "sent",
    });
    await project.commandIn(other, "finished");
    project.open("go");
    // its input is gone before it was read: no error of ours
    await project.commandIn(deaf, "finished");
  });
});
