// What somebody who knows other queues types at commands, and reads: whole input, whole output, and
// sentences that say what is so.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { runtimeBin } from "../support/cli-project.ts";
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

describe("what is sent from stdin", () => {
  test("arrives byte for byte, however much it is and whatever it means", async () => {
    const bytes = Buffer.alloc(3_000_000, Uint8Array.of(0x78, 0xff, 0x80, 0x00, 0x0a));
    const id = await project.add("-i", "cat > received");
    const sent = await project.runWith(bytes, "send", `${id}`, "-", "--eof");
    expect(sent).toEqual({ code: 0, stdout: `${id} sent\n`, stderr: "" });
    expect((await run("wait", `${id}`)).stdout).toBe(`${id} finished\n`);
    expect(readFileSync(join(project.folder, "received")).equals(bytes)).toBe(true);
  });

  test("is refused where nobody reads, with what was taken before", async () => {
    const id = await project.add("-i", "sleep 60");
    const { code, stderr } = await project.runWith(Buffer.alloc(3_000_000), "send", `${id}`, "-");
    expect(code).toBe(1);
    expect(stderr).toMatch(/more than 1 MB cannot wait; \d{6,7} bytes were sent before\n$/);
    const nothing = await project.runWith("", "send", `${id}`, "-");
    expect(nothing.stderr).toBe("runtime: there is nothing to send: stdin is empty\n");
  });
});

test("a request that is too large is refused in words before it is sent", async () => {
  const body = { ids: Array.from({ length: 150_000 }, (_, at) => at + 1_000_000) };
  const question = { method: "POST", path: "/commands/kill", body } as const;
  await expect(ask(join(project.folder, "nobody.sock"), question)).rejects.toThrow(
    "1201 kB are too much for one request, which can have 1000; do it in several parts",
  );
});

test("follow --json prints JSON lines and nothing else", async () => {
  const id = await project.add("printf 'gr\\303'; sleep 0.3; printf '\\274n\\n'; exit 3");
  const { code, stdout } = await run("follow", `${id}`, "--json");
  expect(code).toBe(2);
  const lines: { output?: string; state?: string }[] = stdout
    .split(/\n(?=.)/)
    .map((line) => JSON.parse(line));
  expect(lines.map(({ output = "" }) => output).join("")).toBe("grün\n");
  const end = { id, state: "failed", exit_code: 3, signal: null, ended_by: "self" };
  expect(lines.at(-1)).toEqual(end);
});

describe("a sentence says what is so", () => {
  test("pause --wait, of what runs on", async () => {
    await project.add("-i", "sleep 60");
    const { stderr } = await run("pause", "--wait");
    expect(stderr).toBe('the group "default" is paused; what runs there goes on\n');
  });

  test("wait --timeout, of whom it waited for", async () => {
    const id = await project.add("-i", "sleep 60");
    const late = await run("wait", `${id}`, "--timeout", "50ms");
    expect(late.code).toBe(3);
    expect(late.stderr).toContain(`after 50ms ${id} is not done; `);
    const group = await run("wait", "--status", "success", "--timeout", "50ms");
    expect(group.stderr).toContain('after 50ms not all of the group "default" are successful; ');
  });

  test("status, of a query that finds nothing", async () => {
    const { stderr } = await run("status", "command=nope");
    expect(stderr).toBe("no command matches the query\n");
  });

  test("log, where there is nothing", async () => {
    const { code, stderr } = await run("log");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'the group "default" has no commands; `runtime add` adds one\n',
    });
  });

  test("log, on a line of its own where it meets the output", async () => {
    const ids = [await project.add("printf one"), await project.add("printf two")];
    await run("wait", "--all");
    const words = `"${process.execPath}" "${runtimeBin}" log ${ids.join(" ")} 2>&1`;
    const both = execFileSync("sh", ["-c", words], { cwd: project.folder, encoding: "utf8" });
    const [first, second] = ids;
    const expected = `${first} finished: printf one\none\n${second} finished: printf two\ntwo`;
    expect(both).toBe(expected);
    expect((await run("log", ...ids.map(String))).stdout).toBe("onetwo");
  });

  test("numbers that cannot be meant, by the name they were typed under", async () => {
    const slots = await run("parallel", "--", "-1");
    expect(slots.code).toBe(64);
    expect(slots.stderr).toContain('"-1" is not a whole number of slots between 0 and');
    const never = await run("add", "--timeout", "0", "true");
    expect(never.code).toBe(64);
    expect(never.stderr).toContain("--timeout must be longer than 0");
  });
});
