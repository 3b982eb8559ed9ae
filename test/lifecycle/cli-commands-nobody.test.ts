// Commands that nobody here runs, or whose output is not here: whoever asks is told so.

import { openStore } from "@queue-runtime/store";
import { expect, test } from "vitest";
import { newRunner } from "../store/contract/commands/words.ts";
import { CommandProject } from "../support/command-project.ts";

test("a runtime with `commands: false` says that it begins none, and so does why", async () => {
  await using project = new CommandProject("commands: false");
  await project.startRuntime();
  const { code, stdout, stderr } = await project.run("add", "true");
  expect([code, stdout]).toEqual([0, "1\n"]);
  expect(stderr).toContain("nothing begins here: queue.yml says `commands: false`\n");
  const json = await project.run("add", "--json", "--stashed", "true");
  expect(JSON.parse(json.stdout)).toMatchObject({
    warning: expect.stringContaining("`commands: false`"),
  });
  expect((await project.run("why", "1")).stdout).toBe(
    "1: the runtime that is up has `commands: false`, or has not started them yet; its log says why\n",
  );
  const log = await project.run("log", "1");
  expect([log.code, log.stderr]).toEqual([1, expect.stringContaining("its files are kept")]);
  await project.stopRuntime();
  const why = await project.run("why", "1");
  expect(why.stdout).toBe("1: no runtime is running: `runtime start` starts one\n");
});

test("the output of a command that ran on another host is there, and the host is named", async () => {
  await using project = new CommandProject();
  const id = await project.add("true");
  const store = await openStore(project.url);
  const runner = await newRunner(store);
  const job = await runner.start(id, { pid: 7, startTicks: 7, bootId: "b", host: "far" });
  await runner.settle(job, {
    outcome: "finished",
    result: null,
    commandEnd: { exitCode: 0, signal: null, endedBy: "self", signalsSent: [] },
  });
  await store.close();
  const log = await project.run("log", `${id}`);
  expect(log).toEqual({
    code: 0,
    stdout: "",
    stderr: `the output of ${id} is on far: look there\n`,
  });
  expect(await project.json("log", `${id}`)).toEqual([
    { id, output: "", bytes: 0, truncated: false, host: "far" },
  ]);
  const follow = await project.run("follow", `${id}`);
  expect(follow).toEqual({
    code: 0,
    stdout: "",
    stderr: `the output of ${id} is on far: follow it there\n`,
  });
  expect(await project.json("job", `${id}`)).toMatchObject({
    command: { host: "far", output: null },
  });
});

test("check warns that output cannot be kept where queue.yml says", async () => {
  await using project = new CommandProject("commands:\n  output: ./queue.yml/output");
  const { code, stderr } = await project.run("check");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /queue\.yml: commands\.output: .* cannot be kept in .*queue\.yml is no folder/,
  );
});
