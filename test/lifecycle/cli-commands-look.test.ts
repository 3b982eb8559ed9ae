// Looking at commands: log, follow and status, with a runtime that runs them.

import { once } from "node:events";
import { createWriteStream, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ask } from "../../packages/runtime/src/control/client.ts";
import { CommandProject } from "../support/command-project.ts";
import { within } from "../support/pace.ts";
import { waitFor } from "../support/wait-for.ts";

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
const outputFolder = (): string => join(project.folder, "config/data/queue.output");

/** A command that ends when its stdin does; it prints `text` first and `end` last. */
const untilEof = (text: string, end = "end"): string =>
  `printf '${text}'; cat > /dev/null; printf '${end}\\n'`;

/** Once its first attempt has failed: the second one, without the wait between them. */
const tryAgain = async (id: number): Promise<void> => {
  const failed = async () => (await project.command(id)).state === "scheduled";
  await waitFor(failed, {
    deadlineMs: within(10_000),
    what: `command ${id} to wait for its retry`,
  });
  await run("start", `${id}`);
};

describe("log", () => {
  test("shows the last 15 lines, as many as asked for, or all", async () => {
    const id = await project.add("seq 1 40");
    await run("wait", `${id}`);
    const lines = async (...argv: string[]) => (await run("log", ...argv)).stdout.split("\n");
    expect(await lines(`${id}`)).toEqual([...numbers(26, 40), ""]);
    expect(await lines(`${id}`, "-l", "2")).toEqual(["39", "40", ""]);
    expect(await lines(`${id}`, "--full")).toEqual([...numbers(1, 40), ""]);
    expect(await lines("-g", "default", "-l", "1")).toEqual(["40", ""]);
    const { stderr } = await run("log", `${id}`);
    expect(stderr).toContain(`${id} finished: seq 1 40\n`);
    expect(stderr).toContain("--full shows all");
    const [entry] = await project.json<object[]>("log", `${id}`, "-l", "1");
    expect(entry).toEqual({ id, output: "40\n", bytes: 111, truncated: true });
  });

  test("passes bytes on as they are, and makes JSON of them that can be read", async () => {
    const id = await project.add("printf '\\377\\000\\033[2J\"\\\\ü'");
    await run("wait", `${id}`);
    const child = project.start("log", `${id}`);
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(child, "close");
    expect(Buffer.concat(chunks)).toEqual(Buffer.from('\xff\x00\x1b[2J"\\\xc3\xbc', "latin1"));
    const [entry] = await project.json<{ output: string }[]>("log", `${id}`);
    expect(entry?.output).toBe('\ufffd\u0000\u001b[2J"\\ü');
  });

  test("keeps stderr apart where that was asked for, and in order where not", async () => {
    const line = "echo out; echo err >&2; echo more";
    const apart = await project.add("--separate", line);
    const together = await project.add(line);
    await run("wait");
    expect((await run("log", `${apart}`)).stdout).toBe("out\nmore\n");
    expect((await run("log", `${apart}`, "--stderr")).stdout).toBe("err\n");
    expect((await run("log", `${together}`)).stdout).toBe("out\nerr\nmore\n");
    const asked = await run("log", `${together}`, "--stderr");
    expect(asked.stderr).toContain("its stderr is in between: --separate keeps it apart\n");
    expect((await run("log", `${apart}`, "--stderr")).stderr).not.toContain("in between");
  });

  test("has a file for each attempt, and answers for every id", async () => {
    const id = await project.add("--retry", "1", "--", "echo try $RUNTIME_ATTEMPT; exit 3");
    await tryAgain(id);
    await run("wait", `${id}`);
    expect((await run("log", `${id}`)).stdout).toBe("try 2\n");
    expect((await run("log", `${id}`, "--attempt", "1")).stdout).toBe("try 1\n");
    const held = await project.add("--stashed", "true");
    const { code, stdout, stderr } = await run("log", "9999", `${id}`, `${held}`);
    expect([code, stdout]).toEqual([1, "try 2\n"]);
    expect(stderr).toContain("9999: there is no command 9999");
    expect(stderr).toContain(`${held} has no output; \`runtime follow ${held}\` waits for it`);
  });
});

function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, at) => String(from + at));
}

describe("follow", () => {
  test("shows half a line at once, and ends with 0 as the command does", async () => {
    const id = await project.add("-i", untilEof("half"));
    const following = project.begin("follow", `${id}`);
    await following.printed("half");
    await run("send", `${id}`, "--eof");
    expect(await following.ended).toMatchObject({ code: 0, stdout: "halfend\n" });
  });

  test("waits for one that has not begun, and says what it waits for", async () => {
    const id = await project.add("--stashed", "echo here; exit 3");
    const following = project.begin("follow", `${id}`);
    await following.printed(`${id} is held; \`runtime enqueue ${id}\` lets it go`);
    await run("enqueue", `${id}`);
    const { code, stdout, stderr } = await following.ended;
    expect([code, stdout]).toEqual([2, "here\n"]);
    expect(stderr).toContain(`${id} failed (exit 3)`);
  });

  test("of several puts their ids before each line, and fails when one does", async () => {
    const one = await project.add("-i", untilEof("a\\n"));
    const two = await project.add("-i", `${untilEof("b\\n")}; false`);
    const following = project.begin("follow", `${one}`, `${two}`);
    await following.printed("b\n");
    await run("send", `${one}`, "--eof");
    await run("send", `${two}`, "--eof");
    const { code, stdout } = await following.ended;
    const lines = stdout.split("\n").filter((line) => line.includes(`${two} │`));
    expect([code, lines]).toEqual([2, [`${two} │ b`, `${two} │ end`]]);
  });

  test("goes on with the next attempt, and from the start when one runs again in place", async () => {
    const id = await project.add(
      "--stashed",
      "--retry",
      "1",
      "--",
      "echo try $RUNTIME_ATTEMPT; false",
    );
    const following = project.begin("follow", `${id}`);
    await following.printed("is held");
    await run("enqueue", `${id}`);
    await tryAgain(id);
    expect((await following.ended).stdout).toBe("try 1\ntry 2\n");
    await run("restart", "--in-place", "--stashed", `${id}`);
    const again = project.begin("follow", `${id}`);
    await again.printed("is held");
    await run("enqueue", `${id}`);
    await tryAgain(id);
    expect((await again.ended).stdout).toBe("try 1\ntry 2\n");
  });

  test("ends when the command is removed, and with 4 for one that is not there", async () => {
    const id = await project.add("--stashed", "true");
    const following = project.begin("follow", `${id}`);
    await following.printed("is held");
    await run("remove", `${id}`);
    expect((await following.ended).code).toBe(4);
    expect((await following.ended).stderr).toContain(`${id} was removed`);
    expect(await run("follow", "9999")).toMatchObject({ code: 4 });
  });

  test("survives that its file is deleted under its eyes", async () => {
    const id = await project.add("-i", untilEof("one\\n"));
    const following = project.begin("follow", `${id}`);
    await following.printed("one");
    for (const name of readdirSync(outputFolder())) rmSync(join(outputFolder(), name));
    await run("send", `${id}`, "--eof");
    expect(await following.ended).toMatchObject({ code: 0, stdout: "one\nend\n" });
  });

  test("needs no id when exactly one runs; --lines begins near the end", async () => {
    expect(await run("follow")).toMatchObject({ code: 1 });
    const one = await project.add("-i", untilEof("1\\n2\\n3\\n"));
    const following = project.begin("follow", "--lines", "1");
    await following.printed("3\n");
    const two = await project.add("-i", untilEof(""));
    const asked = await run("follow");
    expect(asked.code).toBe(1);
    expect(asked.stderr).toContain(`runtime follow ${one} ${two}`);
    await run("send", `${one}`, "--eof");
    expect((await following.ended).stdout).toBe("3\nend\n");
  });

  test("of add --follow shows everything and ends as the command does", async () => {
    const failed = await run("add", "-i", "--follow", "--", "echo on; echo off; exit 5");
    expect(failed).toMatchObject({ code: 2, stdout: "on\noff\n" });
    expect(failed.stderr).toMatch(/^added \d+\n/);
    expect(await run("add", "--follow", "echo fine")).toMatchObject({ code: 0, stdout: "fine\n" });
  });

  test("ends when nobody reads any more", async () => {
    const id = await project.add("-i", "yes");
    const child = project.start("follow", `${id}`);
    child.stderr?.resume();
    const ended = once(child, "exit");
    await once(child.stdout!, "data");
    child.stdout?.destroy();
    expect((await ended)[0]).toBe(0);
    await run("kill", `${id}`);
  });
});

test("status answers a query, for people and for scripts", async () => {
  await run("pause", "--wait");
  const bad = await project.add("-i", "-l", "the label", "exit 3");
  const held = await project.add("--stashed", "echo one");
  await run("wait", `${bad}`);
  const ids = async (...query: string[]) =>
    (await project.status(...query)).commands.map(({ id }) => id);
  expect(await ids("status=failed")).toEqual([bad]);
  expect(await ids("label=the", "label", "order_by", "id")).toEqual([bad]);
  expect(await ids("order_by id desc first 1")).toEqual([held]);
  expect(await ids("command%=ECHO")).toEqual([held]);
  expect(await ids("start>2020-01-01")).toEqual([bad]);
  expect(await ids("--limit", "1")).toEqual([held]);
  const { stdout } = await run("status", "columns=id,label,status", "status!=held");
  expect(stdout).toContain(
    `ID  LABEL      STATUS\n${String(bad).padStart(2)}  the label  failed (exit 3)`,
  );
  expect((await run()).stdout).toContain("Group default (1 slot, paused): 0 running, 0 queued");
  expect(await run("status", "first", "0")).toMatchObject({ code: 64 });
  expect(await run("status", "-g", "nope")).toMatchObject({ code: 1 });
});

test("the end of a large output comes at once, and it streams through little memory", async () => {
  const id = await project.add("echo small");
  await run("wait", `${id}`);
  const [name = ""] = readdirSync(outputFolder()).filter((each) => each.startsWith(`${id}.`));
  const large = createWriteStream(join(outputFolder(), name));
  const line = Buffer.from(`${"x".repeat(1_023)}\n`);
  await pipeline(function* () {
    for (let at = 0; at < 200; at++) yield Buffer.concat(Array(1_024).fill(line));
    yield Buffer.from("the end\n");
  }, large);
  const begun = performance.now();
  expect((await run("log", `${id}`, "-l", "1")).stdout).toBe("the end\n");
  expect(performance.now() - begun).toBeLessThan(within(3_000));
  const child = project.start("log", `${id}`, "--full", "--json");
  child.stderr?.resume();
  let bytes = 0;
  let tail = "";
  for await (const chunk of child.stdout!) {
    bytes += chunk.length;
    tail = (tail + String(chunk.subarray(-200))).slice(-200);
  }
  expect(bytes).toBeGreaterThan(209_715_200);
  expect(tail).toMatch(/the end\\n","bytes":209715208,"truncated":false}\]\n$/);
});

test("follow goes on in an output that is cut while it grows, and log says that it was", async () => {
  await using small = new CommandProject("commands: { output_limit: 1MB }");
  await small.startRuntime();
  const flood =
    "for i in $(seq 40); do seq $(( i * 10000 )) $(( i * 10000 + 9999 )); sleep 0.05; done";
  const id = await small.add("-i", flood);
  const { code, stdout, stderr: told } = await small.run("follow", `${id}`);
  const lines = stdout.trimEnd().split("\n");
  expect([code, lines[0], lines.at(-1)]).toEqual([0, "10000", "409999"]);
  // who reads slower than the flood comes may miss some of it, and is told how much
  const missed = [...told.matchAll(/^(\d+) bytes of the output of \d+ were cut off/gm)];
  const bytes = missed.reduce((sum, [, each]) => sum + Number(each), stdout.length);
  expect(bytes).toBe(90_000 * 6 + 310_000 * 7);
  const { stdout: kept, stderr } = await small.run("log", `${id}`, "--full");
  expect(kept.length).toBeLessThan(1_200_000);
  expect(kept.endsWith("409998\n409999\n")).toBe(true);
  expect(stderr).toContain("its beginning is gone: see commands.output_limit");
});

test("job says all that is known of a command, and nothing of its environment", async () => {
  const first = await project.add("true");
  const id = await project.add("--after", `${first}`, "--env", "SECRET=hidden", "echo out; exit 3");
  await run("wait", `${id}`);
  const file = join(outputFolder(), `${id}.1.log`);
  const command = {
    line: "echo out; exit 3",
    directory: project.folder,
    after: [first],
    slots: 1,
    exit_code: 3,
    signal: null,
    ended_by: "self",
    output: file,
  };
  expect(await project.json("job", `${id}`)).toMatchObject({ id, state: "failed", command });
  const { body } = await ask(join(project.folder, "config/data/runtime.sock"), {
    method: "GET",
    path: `/jobs/${id}`,
  });
  expect(body).toMatchObject({ id, command });
  const { stdout } = await run("job", `${id}`);
  for (const fact of ["line            echo out; exit 3", "exit_code       3", file]) {
    expect(stdout).toContain(`${fact}\n`);
  }
  expect(stdout).not.toContain("hidden");
});
