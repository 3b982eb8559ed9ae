// Commands where no runtime runs: what is data works, what is a process says what it needs; and
// whatever is wrong on the command line is one clear sentence with the right exit code.

import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runtimeBin } from "../support/cli-project.ts";
import { CommandProject } from "../support/command-project.ts";

let project: CommandProject;
beforeAll(() => {
  project = new CommandProject();
});
afterAll(() => project[Symbol.asyncDispose]());

const run = (...argv: string[]) => project.run(...argv);

test("add makes the store, prints the id alone, and says that nothing will begin yet", async () => {
  using fresh = new CommandProject();
  const { code, stdout, stderr } = await fresh.run("add", "ls", "-l");
  expect([code, stdout]).toEqual([0, "1\n"]);
  expect(stderr).toContain("`runtime start` starts one");
  const silent = await fresh.run("add", "-p", "--", "ls");
  expect(silent).toEqual({ code: 0, stdout: "2\n", stderr: "" });
  const added = await fresh.run("add", "--json", "true", "--json");
  expect(JSON.parse(added.stdout)).toEqual({ id: 3, outcome: "created" });
  const unique = ["add", "--unique", "once", "true"];
  expect((await fresh.run(...unique)).stdout).toBe("4\n");
  expect(await fresh.run(...unique)).toMatchObject({ code: 0, stdout: "4\n" });
  expect((await fresh.status()).commands).toHaveLength(4);
  expect((await fresh.status()).commands[2]).toMatchObject({ command: "true --json" });
});

test("what is data is changed, and what runs is out of reach", async () => {
  const id = `${await project.add("true")}`;
  expect((await run("stash", id)).stdout).toBe(`${id} stashed\n`);
  expect((await run("env", "set", id, "A", "1")).code).toBe(0);
  expect((await run("group", "add", "gpu")).code).toBe(0);
  expect((await run("status")).stdout).toContain(`${id}  held    true`);
  for (const argv of [
    ["start", id],
    ["add", "-i", "true"],
  ]) {
    const { code, stdout, stderr } = await run(...argv);
    expect([code, stdout], argv.join(" ")).toEqual([1, ""]);
    expect(stderr, argv.join(" ")).toMatch(/`runtime start`/);
  }
  expect((await run("add", "--follow", "-p", "true")).code).toBe(64);
  expect((await run("wait", id, "--timeout", "50ms")).code).toBe(3);
});

test.each([
  [["add"], 64, "add needs COMMAND"],
  [["add", " "], 64, "the command is empty"],
  [["add", "--", ""], 64, "the command is empty"],
  [["add", "-d", "-5", "ls"], 64, '--delay "-5" is negative'],
  [["add", "-d", "soon", "ls"], 64, '"soon" is not a time'],
  [["add", "-g", "nope", "ls"], 1, "nope"],
  [["add", "-a", "9999", "ls"], 1, "9999"],
  [["add", "-a", "x", "ls"], 64, '"x" is not a command id'],
  [["add", "-w", "/no/such/folder", "ls"], 1, 'there is no folder "/no/such/folder"'],
  [["add", "-i", "-s", "ls"], 64, "--immediate and --stashed cannot both be meant"],
  [["add", "-i", "-d", "5", "ls"], 64, "--immediate and --delay cannot both be meant"],
  [["add", "-e", "--exec", "ls"], 64, "--escape and --exec cannot both be meant"],
  [["add", "-o", "high", "ls"], 64, "--priority"],
  [["add", "--slots", "0", "ls"], 64, "--slots"],
  [["add", "--retry", "-1", "ls"], 64, "--retry"],
  [["add", "--timeout", "-1s", "ls"], 64, "--timeout"],
  [["add", "--env", "X", "ls"], 64, "write KEY=VALUE"],
  [["kill", "x"], 64, '"x" is not a command id'],
  [["kill", "--group", "nope"], 1, "nope"],
  [["pause", "9999"], 1, "9999"],
  [["remove", "9999"], 1, "9999"],
  [["follow", "9999"], 4, "there is no command 9999"],
  [["wait", "9999"], 4, "there is no command 9999"],
  [["log", "9999"], 1, "there is no command 9999"],
  [["log", "--attempt", "0"], 64, "--attempt"],
  [["log", "--lines", "3", "--full"], 64, "give --lines or --full"],
  [["edit", "9999"], 1, "9999"],
  [["switch", "3"], 64, "switch needs ID"],
  [["send", "3"], 64, "send needs TEXT"],
  [["restart", "3", "--all-failed"], 64, "give one of ids"],
  [["parallel", "-1"], 64, "slots"],
  [["parallel", "2", "--group", "nope"], 1, "nope"],
  [["group", "add", ""], 64, "is not the name of a group"],
  [["group", "add", "a*"], 64, "is not the name of a group"],
  [["group", "add", "a b"], 64, "write one word like gpu, without spaces or commas"],
  [["group", "add", "a,b"], 64, "write one word like gpu, without spaces or commas"],
  [["group", "set", "gpu"], 64, "say what to change"],
  [["group", "remove", "default"], 1, "default"],
  [["env", "set", "3", "A=B", "c"], 64, "is not the name of a variable"],
  [["completion", "powershell"], 64, "the shells are bash, zsh, fish"],
  [["status", "columns=x"], 64, "is not a column"],
])("%j is refused in one sentence, with %i", async (argv, code, sentence) => {
  const before = await project.status();
  const ran = await run(...argv);
  expect([ran.code, ran.stdout]).toEqual([code, ""]);
  expect(ran.stderr).toContain(sentence);
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect((await project.status()).commands).toHaveLength(before.commands.length);
});

test("add in a folder that is gone says so", async () => {
  const folder = join(project.folder, "gone");
  const file = join(project.folder, "config/queue.yml");
  const script = `mkdir ${folder}; cd ${folder}; rmdir ${folder}; "$@"`;
  const argv = [process.execPath, runtimeBin, "add", "-c", file, "ls"];
  const { status, stderr } = spawnSync("sh", ["-c", script, "sh", ...argv], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/folder|directory/);
  rmSync(folder, { recursive: true, force: true });
  expect(existsSync(folder)).toBe(false);
});

test("a shell is offered the groups and the ids that there are, and nothing goes wrong without", async () => {
  const id = await project.add("--stashed", "true");
  expect((await run("completion", "ids")).stdout.split("\n")).toContain(String(id));
  expect((await run("completion", "groups")).stdout.split("\n")).toContain("default");
  const none = await run("completion", "ids", "-c", "nowhere.yml");
  expect(none).toEqual({ code: 0, stdout: "", stderr: "" });
  const { stdout: script } = await run("completion", "bash");
  expect(script).toContain("runtime completion");
});

test("colours are chosen by an option, and the file of the configuration by a variable", async () => {
  const id = await project.add("--color", "always", "--stashed", "env");
  expect((await run("status", "--color", "always")).stdout).toContain("\u001b[2m");
  const [cwd, env] = [project.folder, { ...process.env, FORCE_COLOR: "1" }];
  const status = (...argv: string[]): string =>
    `${spawnSync(process.execPath, [runtimeBin, "status", ...argv], { cwd, env }).stdout}`;
  expect(status()).toContain("\u001b[2m");
  expect(status("--color", "never")).not.toContain("\u001b");
  expect(await run("status", "--color", "blue")).toMatchObject({ code: 64 });
  process.env.RUNTIME_CONFIG = join(project.folder, "config/queue.yml");
  const elsewhere = spawnSync(process.execPath, [runtimeBin, "rm", `${id}`], { cwd: "/" });
  delete process.env.RUNTIME_CONFIG;
  expect([elsewhere.status, `${elsewhere.stdout}`]).toEqual([0, `${id} removed\n`]);
});

test("an environment beyond what one request can hold is refused, with the largest variable", () => {
  const large = "x".repeat(100_000);
  const many = Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`LARGE${at}`, large]));
  const env = { ...process.env, ...many, LARGE5: `${large}y` };
  const options = { cwd: project.folder, env, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [runtimeBin, "add", "ls"],
    options,
  );
  expect([status, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/have 1\d\d\d kB of 990; unset what it does not need, such as LARGE5\n$/);
});
