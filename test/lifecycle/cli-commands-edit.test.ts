// edit and restart --edit: a real editor, which is a shell script here, in its good and bad days.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { CommandProject } from "../support/command-project.ts";
import { within } from "../support/pace.ts";
import { waitFor } from "../support/wait-for.ts";

let project: CommandProject;
beforeAll(async () => {
  project = new CommandProject();
  await project.startRuntime();
});
afterEach(async () => {
  delete process.env.VISUAL;
  delete process.env.EDITOR;
  await project.run("reset", "--force");
});
afterAll(() => project[Symbol.asyncDispose]());

const run = (...argv: string[]) => project.run(...argv);

/** Held, so that nothing happens to it by itself. */
const held = (line: string): Promise<number> => project.add("--stashed", line);

test("one editor is opened for all, and what it wrote holds at once", async () => {
  const [one, two] = [await held("echo one"), await held("echo two")];
  const count = join(project.folder, "count");
  process.env.VISUAL = project.editor(
    `echo x >> ${count}; sed -i 's/echo one/echo uno/; s/label: null/label: changed/' "$1"`,
  );
  process.env.EDITOR = "false";
  const { code, stdout } = await run("edit", `${one}`, `${two}`);
  expect([code, stdout]).toEqual([0, `${one} changed\n${two} changed\n`]);
  expect(readFileSync(count, "utf8")).toBe("x\n");
  const changed = { command: "echo uno", label: "changed", state: "held", locked: false };
  expect(await project.command(one)).toMatchObject(changed);
  expect(await project.command(two)).toMatchObject({ command: "echo two", label: "changed" });
  process.env.VISUAL = "true";
  expect((await run("edit", `${one}`)).stdout).toBe(`${one} unchanged\n`);
});

test("a command that is edited neither starts nor changes, and status says so", async () => {
  const id = await held("echo one");
  const [begun, go] = [join(project.folder, "begun"), join(project.folder, "go")];
  process.env.EDITOR = project.editor(
    `touch ${begun}; while [ ! -e ${go} ]; do sleep 0.02; done; sed -i s/one/uno/ "$1"`,
  );
  const editing = project.begin("edit", `${id}`);
  await waitFor(() => existsSync(begun), { deadlineMs: within(20_000) });
  expect(await project.command(id)).toMatchObject({ locked: true });
  expect((await run("status")).stdout).toContain("held (being edited)");
  expect((await run("start", `${id}`)).code).toBe(1);
  expect((await run("env", "set", `${id}`, "A", "1")).code).toBe(1);
  expect((await run("edit", `${id}`)).code).toBe(1);
  await run("add", `touch ${go}`);
  expect((await editing.ended).stdout).toBe(`${id} changed\n`);
  expect(await project.command(id)).toMatchObject({ locked: false, command: "echo uno" });
});

test.each([
  ["exits with 3", "exit 3", "nothing was changed: the editor exited with 3"],
  ["is killed", "kill -9 $$", "nothing was changed: the editor exited with 137"],
  ["empties the command", `sed -i 's/command:.*/command: ""/' "$1"`, "has no command"],
  ["writes nonsense", `echo '{' > "$1"`, "nothing was changed: "],
  ["names a folder that is none", `sed -i 's/directory:.*/directory: \\/none/' "$1"`, "no folder"],
])("an editor that %s changes nothing, and leaves no lock", async (_, script, sentence) => {
  const id = await held("echo one");
  process.env.EDITOR = project.editor(script);
  const { code, stdout, stderr } = await run("edit", `${id}`);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain(sentence);
  expect(await project.command(id)).toMatchObject({ command: "echo one", locked: false });
});

test("an editor that is not there is named, and its command stays as it was", async () => {
  const id = await held("echo one");
  process.env.EDITOR = "no-such-editor";
  const { code, stderr } = await run("edit", `${id}`);
  expect(code).toBe(1);
  expect(stderr).toContain("the editor exited with 127; set $EDITOR to one that is there");
});

test("none is edited when one of them cannot be", async () => {
  const id = await held("echo one");
  const ran = await project.add("true");
  await run("wait", `${ran}`);
  process.env.EDITOR = project.editor(`touch ${join(project.folder, "opened")}`);
  const { code, stderr } = await run("edit", `${id}`, `${ran}`, "9999");
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^${ran}: .*\\n9999: .*9999`));
  expect(existsSync(join(project.folder, "opened"))).toBe(false);
  expect(await project.command(id)).toMatchObject({ locked: false });
});

test("restart --edit changes what runs again, and nothing when the editor fails", async () => {
  const id = await project.add("exit 3");
  await run("wait", `${id}`);
  process.env.EDITOR = project.editor(`sed -i 's/exit 3/exit 0/' "$1"`);
  expect((await run("restart", "--in-place", "--edit", `${id}`)).stdout).toBe(`${id} restarted\n`);
  expect((await run("wait", `${id}`, "--status", "success")).code).toBe(0);
  process.env.EDITOR = "false";
  expect((await run("restart", "--edit", `${id}`)).code).toBe(1);
  expect((await project.status()).commands).toHaveLength(1);
  expect((await run("restart", "--edit", "--all-failed")).code).toBe(0);
  const early = await run("restart", "--edit", `${await held("echo one")}`);
  expect(early.code).toBe(1);
  expect(early.stderr).toContain("only one that has ended can run again");
});

test("when edit is killed half-way its lock is there, and ends by itself", async () => {
  const id = await held("echo one");
  const begun = join(project.folder, "begun-2");
  process.env.EDITOR = project.editor(`touch ${begun}; sleep 2`);
  const editing = project.begin("edit", `${id}`);
  await waitFor(() => existsSync(begun), { deadlineMs: within(20_000) });
  editing.child.kill("SIGKILL");
  await editing.ended;
  expect(await project.command(id)).toMatchObject({ locked: true });
  expect(ofItsLock(id, "SELECT locked_until FROM commands")).toBeLessThan(Date.now() + 30_000);
  // what is left of the half minute, but for its last second
  ofItsLock(id, "UPDATE commands SET locked_until = locked_until - 29000");
  const isOpen = async () => !(await project.command(id)).locked;
  await waitFor(isOpen, { deadlineMs: within(5_000) });
  expect((await run("start", `${id}`)).code).toBe(0);
});

function ofItsLock(id: number, statement: string): unknown {
  const database = new DatabaseSync(project.store, { timeout: 5_000 });
  try {
    const row = database.prepare(`${statement} WHERE job_id = ?`).get(id);
    return row?.locked_until;
  } finally {
    database.close();
  }
}
