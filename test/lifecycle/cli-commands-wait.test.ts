// wait: until commands are as far as somebody wants them, with a runtime that runs them.

import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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

/** It ends when its stdin does. */
const untilEof = "cat > /dev/null";

test("wait ends with 0 when they ended, whatever came of them, and says what", async () => {
  const bad = await project.add("exit 3");
  const good = await project.add("true");
  const { code, stdout } = await run("wait", `${bad}`, `${good}`);
  expect([code, stdout]).toEqual([0, `${bad} failed (exit 3)\n${good} finished\n`]);
  expect(await run("wait", "--quiet", `${bad}`)).toMatchObject({
    code: 0,
    stdout: "",
    stderr: "",
  });
  expect(await project.json("wait", `${good}`)).toMatchObject({
    outcome: "met",
    commands: [{ id: good, state: "finished", exit_code: 0 }],
  });
});

test("wait ends with 2 at the first that fails, 3 when the time is over, 4 for an unknown id", async () => {
  const slow = await project.add("-i", "sleep 60");
  expect((await run("wait", `${slow}`, "--timeout", "100ms")).code).toBe(3);
  expect((await run("wait", "--all", "--timeout", "100ms", "-q")).code).toBe(3);
  const waiting = project.begin("wait", "--status", "success", "--group", "default");
  await project.add("-i", "false");
  expect((await waiting.ended).code).toBe(2);
  expect((await run("wait", "9999")).code).toBe(4);
  const vanishing = project.begin("wait", `${slow}`);
  await run("kill", `${slow}`);
  await vanishing.ended;
  expect(await run("wait", "--group", "nope")).toMatchObject({ code: 1 });
  expect(await run("wait", "--status", "great")).toMatchObject({ code: 64 });
});

test("wait ends with 4 when one vanishes that was waited for", async () => {
  const id = await project.add("--stashed", "true");
  const other = await project.add("-i", "sleep 60");
  const waiting = project.begin("wait", `${other}`, `${id}`, "--timeout", "20s");
  await run("remove", `${id}`);
  expect((await waiting.ended).code).toBe(4);
});

test("wait counts those that are added to the group meanwhile", async () => {
  const first = await project.add("-i", untilEof);
  const waiting = project.begin("wait", "--group", "default", "--timeout", "30s");
  const second = await project.add("-i", untilEof);
  await run("send", `${first}`, "--eof");
  await run("wait", `${first}`);
  expect(waiting.child.exitCode).toBeNull();
  await run("send", `${second}`, "--eof");
  expect((await waiting.ended).code).toBe(0);
  expect((await run("wait")).stderr).toContain("has nothing left to wait for");
});

test("wait may be for a state on the way, which a paused one has reached as well", async () => {
  const held = await project.add("--stashed", "sleep 60");
  const queued = project.begin("wait", "--status", "queued", `${held}`);
  await run("pause", "--wait");
  await run("enqueue", `${held}`);
  expect((await queued.ended).code).toBe(0);
  const running = project.begin("wait", "--status", "running", `${held}`);
  await run("start", `${held}`);
  await run("pause", `${held}`);
  expect((await running.ended).code).toBe(0);
});
