// Completion scripts, as a shell runs them.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CliProject, runtimeBin } from "../support/cli-project.ts";

let project: CliProject;
beforeAll(async () => {
  project = new CliProject();
  const file = join(project.folder, "runtime");
  writeFileSync(file, `#!/bin/sh\nexec ${process.execPath} ${runtimeBin} "$@"\n`);
  chmodSync(file, 0o755);
  writeFileSync(
    join(project.folder, "completion.bash"),
    (await project.run("completion", "bash")).stdout,
  );
});
afterAll(() => project[Symbol.dispose]());

/** What bash offers for the last of these words. */
async function complete(...words: string[]): Promise<readonly string[]> {
  const typed = `COMP_WORDS=(runtime "$@"); COMP_CWORD=$#`;
  const probe = `source completion.bash; ${typed}; _runtime; echo "\${COMPREPLY[*]}"`;
  const env = { ...process.env, PATH: `${project.folder}${delimiter}${process.env.PATH}` };
  const bash = spawn("bash", ["-c", probe, "bash", ...words], { cwd: project.folder, env });
  const [offered, [code]] = await Promise.all([text(bash.stdout), once(bash, "close")]);
  expect(code).toBe(0);
  return offered.trim().split(" ");
}

test("bash is offered commands, options and values", async () => {
  expect(await complete("sta")).toEqual(["start", "status", "stash"]);
  expect(await complete("queue", "re")).toEqual(["resume"]);
  expect(await complete("group", "re")).toEqual(["remove"]);
  expect(await complete("start", "--unt")).toEqual(["--until-empty"]);
  expect(await complete("-c", "config/queue.yml", "jobs", "--st")).toEqual(["--state", "--store"]);
  expect(await complete("jobs", "--state", "f")).toEqual(["finished", "failed"]);
  expect(await complete("wait", "--status", "s")).toEqual(["success"]);
  expect(await complete("fo", "--li")).toEqual(["--lines"]);
  expect(await complete("completion", "z")).toEqual(["zsh"]);
  expect(await complete("add", "bas")).toContain("bash");
});

test("bash is offered the ids and the groups that there are", async () => {
  await project.run("add", "--stashed", "true");
  await project.run("group", "add", "gpu");
  expect(await complete("kill", "")).toContain("1");
  expect(await complete("rm", "")).toContain("1");
  expect(await complete("enqueue", "mail", "--qu")).not.toContain("1");
  expect(await complete("add", "-g", "")).toEqual(["default", "gpu"]);
  expect(await complete("-c", "config/queue.yml", "status", "--group", "g")).toEqual(["gpu"]);
  expect(await complete("-c", "nowhere.yml", "status", "--group", "g")).toEqual([""]);
});

test.each(["bash", "zsh", "fish"])("%s finds nothing wrong with its script", async (shell) => {
  const { code, stdout } = await project.run("completion", shell);
  expect(code).toBe(0);
  for (const word of ["until-empty", "runtime completion", "group"]) {
    expect(stdout).toContain(word);
  }
  const file = join(project.folder, `script.${shell}`);
  writeFileSync(file, stdout);
  const checked = spawnSync(shell, ["-n", file], { encoding: "utf8" });
  // a shell that is not installed has no opinion
  if (checked.error === undefined) expect([checked.status, checked.stderr]).toEqual([0, ""]);
});
