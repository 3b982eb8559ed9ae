// What people do to commands, with a runtime: an action has taken effect when its reply is there, so
// the next status is asked at once and shows it. Nothing here waits for an effect.

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { CommandProject } from "../support/command-project.ts";

let project: CommandProject;
beforeAll(async () => {
  project = new CommandProject();
  await project.startRuntime();
});
afterEach(async () => {
  await project.run("reset", "--force");
});
afterAll(() => project[Symbol.asyncDispose]());

const run = (...argv: string[]) => project.run(...argv);
const state = async (id: number) => (await project.command(id)).state;

describe("an action has taken effect when it is answered", () => {
  test("add --immediate runs in a paused group, and send reaches it at once", async () => {
    await run("pause", "--group", "default");
    const id = await project.add("--immediate", "--", "read line; echo $line");
    expect(await state(id)).toBe("running");
    expect(await run("send", `${id}`, "hello\n")).toMatchObject({
      code: 0,
      stdout: `${id} sent\n`,
    });
    expect((await run("wait", `${id}`)).stdout).toBe(`${id} finished\n`);
    expect((await run("log", `${id}`)).stdout).toBe("hello\n");
  });

  test("pause, resume and kill of one command", async () => {
    const id = await project.add("-i", "sleep 60");
    expect((await run("pause", `${id}`)).stdout).toBe(`${id} paused\n`);
    expect(await project.command(id)).toMatchObject({ state: "running", paused: true });
    expect((await run("resume", `${id}`)).stdout).toBe(`${id} resumed\n`);
    expect(await project.command(id)).toMatchObject({ state: "running", paused: false });
    await run("pause", `${id}`);
    expect((await run("kill", `${id}`)).stdout).toBe(`${id} killed\n`);
    const killed = { state: "cancelled", ended_by: "person", signal: "SIGTERM", exit_code: null };
    expect(await project.command(id)).toMatchObject(killed);
  });

  test("pause and start of a group; what runs and what waits", async () => {
    const first = await project.add("-i", "sleep 60");
    expect((await run("pause", "-g", "default")).stdout).toBe(`${first} paused\n`);
    const { stderr } = await run("add", "true");
    expect(stderr).toContain("`runtime resume --group default`");
    expect(await project.group("default")).toMatchObject({ paused: true, running: 1, queued: 1 });
    expect((await run("start", "--all")).code).toBe(0);
    expect(await project.group("default")).toMatchObject({ paused: false });
    expect(await project.command(first)).toMatchObject({ paused: false });
    expect((await run("pause", "--wait", "--all")).code).toBe(0);
    expect(await project.command(first)).toMatchObject({ state: "running", paused: false });
    expect(await project.group("default")).toMatchObject({ paused: true });
  });

  test("stash, enqueue, and start of one that waits for nothing it could get", async () => {
    await run("pause", "--all");
    const id = await project.add("sleep 60");
    const behind = await project.add("--after", `${id}`, "--", "sleep 61");
    expect((await run("stash", `${id}`)).stdout).toBe(`${id} stashed\n`);
    expect(await state(id)).toBe("held");
    expect((await run("enqueue", `${id}`)).stdout).toBe(`${id} enqueued\n`);
    expect(await state(id)).toBe("ready");
    await run("stash", `${id}`, "--delay", "1h");
    expect(await state(id)).toBe("scheduled");
    expect((await run("enqueue", `${id}`, "-d", "2 hours")).code).toBe(0);
    const { run_at } = await project.command(id);
    expect(Date.parse(run_at) - Date.now()).toBeGreaterThan(3_600_000);
    expect((await run("start", `${id}`, `${behind}`)).code).toBe(0);
    expect([await state(id), await state(behind)]).toEqual(["running", "running"]);
  });

  test("kill of a group pauses it where something waits, and says so", async () => {
    const id = await project.add("-i", "sleep 60");
    await run("pause", "--wait");
    const waiting = await project.add("sleep 61");
    await run("resume");
    const { stdout, stderr } = await run("kill");
    expect(stdout).toContain(`${id} killed\n`);
    expect(stderr).toContain("the group default is paused; `runtime resume --group default`");
    expect(await state(waiting)).toBe("ready");
  });

  test("kill --signal only sends it, by any of its names", async () => {
    const id = await project.add(
      "-i",
      "--",
      "trap 'echo got it; exit 7' USR1; echo set; while :; do sleep 0.1; done",
    );
    const following = project.begin("follow", `${id}`);
    await following.printed("set");
    expect((await run("kill", `${id}`, "-s", "usr1")).stdout).toBe(`${id} signalled\n`);
    await run("wait", `${id}`);
    const end = { state: "failed", exit_code: 7, ended_by: "self" };
    expect(await project.command(id)).toMatchObject(end);
    // the shell may say what became of its sleep
    expect((await following.ended).stdout).toMatch(/^set\n(.*\n)*got it\n$/);
    expect(await run("kill", `${id}`, "-s", "nope")).toMatchObject({ code: 64 });
  });
});

describe("ids", () => {
  test("are answered one by one; exit 0 only if every one succeeded", async () => {
    await run("pause", "--wait");
    const one = await project.add("true");
    const { code, stdout, stderr } = await run("stash", `${one}`, "9999");
    expect([code, stdout]).toEqual([1, `${one} stashed\n`]);
    expect(stderr).toMatch(/^9999: .*9999/);
    const answers = await run("kill", "9999", "--json");
    expect(answers.code).toBe(1);
    expect(JSON.parse(answers.stdout)).toMatchObject([{ id: 9999, outcome: "unknown" }]);
    expect((await run("kill", `${one}`)).code).toBe(1);
    expect(await run("remove", "0")).toMatchObject({ code: 64 });
    expect(await run("kill", `${one}`, "--all")).toMatchObject({ code: 64 });
    expect(await run("kill", "--group", "x", "--all")).toMatchObject({ code: 64 });
    expect(await run("kill", "--group", "nope")).toMatchObject({ code: 1 });
  });

  test("are removed with those that depend on them, or not at all", async () => {
    await run("pause", "--wait");
    const one = await project.add("true");
    const two = await project.add("-a", `${one}`, "--", "true");
    expect((await run("rm", `${one}`)).code).toBe(1);
    expect(await state(one)).toBe("ready");
    expect((await run("rm", `${one}`, `${two}`)).stdout).toBe(`${one} removed\n${two} removed\n`);
    expect((await project.status()).commands).toEqual([]);
  });

  test("stay as they are when two commands change places", async () => {
    await run("pause", "--wait");
    const ids = [await project.add("echo 1"), await project.add("echo 2")].map(String);
    expect((await run("switch", ...ids)).code).toBe(0);
    expect(await run("switch", ids[0]!, ids[0]!)).toMatchObject({ code: 1 });
    await run("resume");
    await run("wait");
    const [one, two] = (await project.status("order_by start")).commands.map(({ id }) => `${id}`);
    expect([one, two]).toEqual([ids[1], ids[0]]);
  });
});

describe("groups", () => {
  test("are added, resized, and removed once they are empty", async () => {
    expect((await run("group", "add", "gpu", "-p", "2")).stdout).toBe("added gpu, with 2 slots\n");
    expect(await run("group", "add", "gpu")).toMatchObject({ code: 1 });
    const added = [1, 2, 3].map(() => project.add("-g", "gpu", "sleep 60"));
    const ids = (await Promise.all(added)).sort((one, other) => one - other).map(String);
    await run("wait", "--status", "running", ...ids.slice(0, 2));
    expect(await project.group("gpu")).toMatchObject({ slots: 2, running: 2, queued: 1 });
    expect((await run("parallel", "0", "-g", "gpu")).stdout).toBe("gpu has no limit\n");
    await run("wait", "--status", "running", "-g", "gpu");
    expect(await project.group("gpu")).toMatchObject({ slots: 0, running: 3 });
    expect((await run("group", "remove", "gpu")).code).toBe(1);
    await run("reset", "-g", "gpu", "-f");
    expect((await run("group", "remove", "gpu")).stdout).toBe("removed gpu\n");
    expect((await run("group", "remove", "default")).code).toBe(1);
    expect(await run("add", "-g", "gpu", "true")).toMatchObject({ code: 1, stdout: "" });
  });

  test("pause themselves when one fails, if they are told to", async () => {
    await run("group", "add", "careful", "--pause-on-failure", "on");
    const bad = await project.add("-g", "careful", "false");
    expect((await run("wait", `${bad}`, "--status", "success")).code).toBe(2);
    expect(await project.group("careful")).toMatchObject({ paused: true, pause_on_failure: true });
    await run("group", "set", "careful", "--pause-on-failure", "off");
    expect(await project.group("careful")).toMatchObject({ pause_on_failure: false });
  });

  test("reset asks before it kills, and where nobody can be asked wants --force", async () => {
    const id = await project.add("-i", "sleep 60");
    const refused = await run("reset");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("1 command runs; `runtime reset --force`");
    expect(await state(id)).toBe("running");
    expect((await run("reset", "--force")).stdout).toBe("removed 1 command\n");
    expect((await project.status()).commands).toEqual([]);
  });
});

describe("what has ended", () => {
  test("runs again as a new command, or under its id", async () => {
    const id = await project.add("-l", "mine", "-o", "4", "false");
    await run("wait");
    const again = await project.json<{ new_id: number }[]>("restart", `${id}`, "--stashed");
    const copy = await project.command(again[0]!.new_id);
    expect(copy).toMatchObject({ command: "false", label: "mine", priority: 4, state: "held" });
    expect((await run("re", "--in-place", "--stashed", `${id}`)).stdout).toBe(`${id} restarted\n`);
    expect(await project.command(id)).toMatchObject({ state: "held", exit_code: null });
    expect((await run("restart", `${id}`)).code).toBe(1);
    expect(await run("restart")).toMatchObject({ code: 64 });
  });

  test("all that failed run again, and nothing is no failure", async () => {
    const bad = await project.add("false");
    const good = await project.add("true");
    await run("wait");
    expect((await run("restart", "-a", "-i", "-s")).stdout).toBe(`${bad} restarted\n`);
    expect(await state(good)).toBe("finished");
    const none = await run("restart", "--failed-in-group", "default");
    expect(none).toMatchObject({ code: 0, stdout: "" });
  });

  test("is cleaned away, all of it or what succeeded", async () => {
    const bad = await project.add("false");
    const good = await project.add("true");
    await run("wait");
    const succeeded = await run("clean", "-s", "--json");
    expect(JSON.parse(succeeded.stdout)).toEqual([{ id: good, outcome: "removed" }]);
    await project.add("true");
    await run("wait");
    const rest = { code: 0, stdout: "removed 2 commands\n", stderr: "" };
    expect(await run("clear")).toMatchObject(rest);
    expect((await project.status()).commands.map(({ id }) => id)).not.toContain(bad);
    expect((await run("cleanup")).stderr).toContain("nothing to clean");
  });
});

test("a command has our environment, what --env and env set say, and its slot; never in status", async () => {
  process.env.FROM_OUTSIDE = "caller";
  const line = "echo $FROM_OUTSIDE $A $B $C. $RUNTIME_JOB_ID $RUNTIME_GROUP $RUNTIME_SLOT";
  const id = await project.add("-s", "--env", "A=1", "--env", "B=2", "--env", "C=3", "--", line);
  delete process.env.FROM_OUTSIDE;
  expect((await run("env", "set", `${id}`, "A", "one two")).stdout).toBe(`${id} set\n`);
  expect((await run("env", "unset", `${id}`, "C")).stdout).toBe(`${id} unset\n`);
  expect((await run("env", "unset", `${id}`, "C")).code).toBe(1);
  await run("enqueue", `${id}`);
  await run("wait", `${id}`);
  expect((await run("log", `${id}`)).stdout).toBe(`caller one two 2 . ${id} default 0\n`);
  expect((await run("status", "--json")).stdout).not.toContain("one two");
  expect((await run("env", "set", `${id}`, "A", "1")).code).toBe(1);
});

test("words are joined, escaped or run as they are, wherever they should", async () => {
  const joined = await project.add("echo", "a  b", "$HOME", "-n");
  const escaped = await project.add("--escape", "echo", "a  b", "$HOME");
  const exact = await project.add("--exec", "-w", "/", "--", "printf", "%s|", "a  b", "$HOME");
  const missing = await project.add("--exec", "--", "no-such-program");
  await run("wait");
  const log = async (id: number) => (await run("log", `${id}`)).stdout;
  expect(await log(joined)).toBe(`a b ${process.env.HOME} -n\n`);
  expect(await log(escaped)).toBe("a  b $HOME\n");
  expect(await log(exact)).toBe("a  b|$HOME|");
  expect(await project.command(exact)).toMatchObject({ directory: "/", exit_code: 0 });
  expect(await project.command(missing)).toMatchObject({ state: "failed", exit_code: 127 });
});
