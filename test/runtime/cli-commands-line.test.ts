// How the command line of commands is read: Pueue's flags, trailing words, ids, times, signals.

import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../packages/runtime/src/cli/line/errors.ts";
import { parse } from "../../packages/runtime/src/cli/line/parse.ts";
import { readDirectory } from "../../packages/runtime/src/cli/shell/given/directory.ts";
import { readDuration } from "../../packages/runtime/src/cli/shell/given/duration.ts";
import { readEnvironment } from "../../packages/runtime/src/cli/shell/given/environment.ts";
import { readLater } from "../../packages/runtime/src/cli/shell/given/moment.ts";
import { readSignal } from "../../packages/runtime/src/cli/shell/given/signal.ts";

async function add(...argv: string[]) {
  const { words, options } = await parse(["add", ...argv]);
  return { words, options };
}

describe("add", () => {
  test("leaves every word behind the first one alone, with and without --", async () => {
    expect((await add("ls", "-l", "--json")).words).toEqual(["ls", "-l", "--json"]);
    expect((await add("--", "ls", "-l")).words).toEqual(["ls", "-l"]);
    expect((await add("-i", "--", "-x", "--", "y")).words).toEqual(["-x", "--", "y"]);
    expect((await add("echo", "--", "x")).words).toEqual(["echo", "--", "x"]);
    expect((await add("sh", "-c", "echo $1", "--immediate=yes")).options).toEqual({});
    expect((await add("echo", "--help")).words).toEqual(["echo", "--help"]);
    expect((await add("", "x")).words).toEqual(["", "x"]);
  });

  test("takes its options before them, short and long, and none as a part of the command", async () => {
    const { words, options } = await add("-is", "-g", "gpu", "-o", "-5", "--label=a b", "ls", "-i");
    expect(words).toEqual(["ls", "-i"]);
    expect(options).toEqual({
      ...{ immediate: true, stashed: true },
      ...{ group: "gpu", priority: "-5", label: "a b" },
    });
    expect((await add("-o5", "ls", "7")).words).toEqual(["ls", "7"]);
    expect((await add("-c", "add", "-j", "add", "-p")).options).toEqual({
      config: "add",
      json: true,
    });
    expect((await parse(["-c", "add", "add", "ls", "add"])).words).toEqual(["ls", "add"]);
  });

  test("comes after several ids, however they are written", async () => {
    const dependsOn = async (...argv: string[]) => (await add(...argv, "--", "make")).options.after;
    expect(await dependsOn("-a", "3", "4", "5")).toEqual(["3,4,5"]);
    expect(await dependsOn("--after", "3,4", "5")).toEqual(["3,4,5"]);
    expect(await dependsOn("-a", "3", "-a", "4")).toEqual(["3", "4"]);
    expect((await add("-a", "3", "make", "7")).words).toEqual(["make", "7"]);
  });

  test("may repeat --env, and nothing else", async () => {
    expect((await add("--env", "A=1", "--env", "B=2=3", "x")).options.env).toEqual([
      "A=1",
      "B=2=3",
    ]);
    await expect(add("-l", "a", "-l", "b", "x")).rejects.toThrow("--label is given more than once");
    await expect(add("--colour", "x")).rejects.toThrow('add has no option "--colour"');
    await expect(add()).rejects.toThrow("add needs COMMAND");
    await expect(add("-g")).rejects.toThrow("--group needs a value");
  });
});

describe("one letter", () => {
  test.each([
    [["kill", "-s", "int", "3"], { signal: "int" }],
    [["clean", "-s"], { "successful-only": true }],
    [["wait", "-s", "done"], { status: "done" }],
    [["restart", "-as"], { "all-failed": true, stashed: true }],
    [["re", "-i", "-e", "3"], { "in-place": true, edit: true }],
    [["log", "-l", "3", "-a"], { lines: "3", all: true }],
    [["group", "add", "gpu", "-p", "3"], { parallel: "3" }],
    [["reset", "-f", "-g", "a,b"], { force: true, groups: ["a,b"] }],
    [["pause", "-w", "-g", "x"], { wait: true, group: "x" }],
    [["start", "-a"], { all: true }],
    [["status", "-j"], { json: true }],
  ])("is what Pueue has for it in `%s`", async (argv, options) => {
    expect((await parse(argv)).options).toEqual(options);
  });
});

describe("a name that two commands have", () => {
  const summary = async (...argv: string[]) => (await parse(argv)).command?.summary ?? "";

  test("start is the runtime's without ids, --group or --all", async () => {
    expect(await summary("start")).toMatch("Run a supervisor");
    expect(await summary("start", "--until-empty")).toMatch("Run a supervisor");
    for (const argv of [["3"], ["--group", "x"], ["--all"]]) {
      expect(await summary("start", ...argv)).toMatch("Start these at once");
    }
    await expect(parse(["start", "3", "--until-empty"])).rejects.toThrow("no option");
  });

  test("enqueue with ids lets commands go, with a name it enqueues a job", async () => {
    expect(await summary("enqueue", "3", "4")).toMatch("Let commands go");
    expect(await summary("enqueue", "-a")).toMatch("Let commands go");
    expect((await parse(["enqueue", "3", "-d", "2 hours"])).options).toEqual({ delay: "2 hours" });
    expect(await summary("enqueue", "mail", "3")).toMatch("Put a job");
    expect(await summary("enqueue", "3x")).toMatch("Put a job");
    expect((await parse(["enqueue", "mail", "--after", "3,4"])).options.after).toEqual(["3,4"]);
  });

  test.each([
    ["rm", "remove"],
    ["fo", "follow"],
    ["clear", "clean"],
    ["cleanup", "clean"],
    ["group", "group list"],
    ["shutdown", "stop"],
  ])("%s is %s", async (alias, name) => {
    const word = alias === "rm" ? ["3"] : [];
    expect((await parse([alias, ...word])).command?.name).toBe(name);
  });

  test("a word behind group or env that is none of theirs is refused", async () => {
    await expect(parse(["group", "ad", "x"])).rejects.toThrow('did you mean "add"?');
    await expect(parse(["env", "sett", "3"])).rejects.toThrow('did you mean "set"?');
  });
});

describe("when", () => {
  // a Wednesday
  const now = new Date(2026, 3, 1, 12, 0, 0).getTime();
  const at = (...parts: [number, number, number, number?, number?]): object => {
    const [year, month, day, hours = 0, minutes = 0] = parts;
    return { at: new Date(year, month - 1, day, hours, minutes).toISOString() };
  };

  test.each([
    ["90", { delay_ms: 90_000 }],
    ["0", { delay_ms: 0 }],
    ["3h", { delay_ms: 10_800_000 }],
    ["1h 30m", { delay_ms: 5_400_000 }],
    ["1h30m", { delay_ms: 5_400_000 }],
    ["500ms", { delay_ms: 500 }],
    ["1 week", { delay_ms: 604_800_000 }],
    ["4 months", at(2026, 8, 1, 12)],
    ["1d 03:00", at(2026, 4, 2, 3)],
    ["17:30", at(2026, 4, 1, 17, 30)],
    ["5:30pm", at(2026, 4, 1, 17, 30)],
    ["11:59", at(2026, 4, 2, 11, 59)],
    ["12am", at(2026, 4, 2)],
    ["2026-4-1 5:30pm", at(2026, 4, 1, 17, 30)],
    ["2020-04-01", at(2020, 4, 1)],
    ["1 Apr 8:30pm", at(2026, 4, 1, 20, 30)],
    ["Apr 1 8:30pm", at(2026, 4, 1, 20, 30)],
    ["31 March 2026", at(2026, 3, 31)],
    ["4/1", at(2027, 4, 1)],
    ["12/24 18:00", at(2026, 12, 24, 18)],
    ["friday 17:00", at(2026, 4, 3, 17)],
    ["wed", at(2026, 4, 8)],
    ["tomorrow 9am", at(2026, 4, 2, 9)],
    ["tomorrow", at(2026, 4, 2)],
    ["2026-05-01T09:00:00Z", { at: "2026-05-01T09:00:00.000Z" }],
    ["2026-05-01T09:00:00+02:00", { at: "2026-05-01T07:00:00.000Z" }],
  ])("%s is a time", (text, later) => expect(readLater("delay", text, now)).toEqual(later));

  test.each(["", "soon", "25:00", "5:60", "13pm", "2026-02-30", "31 feb", "1x", "h", "1d later"])(
    "%j is none",
    (text) => expect(() => readLater("delay", text, now)).toThrow(/is not a time; write one like/),
  );

  test("a negative delay and one beyond ten years are refused", () => {
    expect(() => readLater("delay", "-5", now)).toThrow('--delay "-5" is negative');
    expect(() => readLater("delay", "-1h", now)).toThrow("is negative");
    expect(() => readLater("delay", "999999999999", now)).toThrow("longer than ten years");
    expect(() => readLater("delay", "11 years", now)).toThrow("longer than ten years");
    expect(readLater("delay", undefined)).toEqual({});
  });

  test("a time-out has a unit, or is in seconds", () => {
    expect(readDuration("timeout", "2h")).toBe(7_200_000);
    expect(readDuration("timeout", "90")).toBe(90_000);
    expect(() => readDuration("timeout", "-1s")).toThrow(UsageError);
    expect(() => readDuration("timeout", "soon")).toThrow("--timeout: ");
  });
});

describe("a signal", () => {
  test.each(["INT", "int", "SigInt", "SIGINT", "2"])("%s is SIGINT", (text) =>
    expect(readSignal(text)).toBe("SIGINT"),
  );

  test.each(["", "SIG", "NOPE", "0", "999", "2.0", "-9"])("%j is none", (text) =>
    expect(() => readSignal(text)).toThrow("is not a signal"),
  );
});

describe("what a command is given", () => {
  test("is our environment, and what --env sets beside it or instead", () => {
    const own = { HOME: "/home", LEVEL: "info", GONE: undefined };
    const environment = readEnvironment(["LEVEL=debug", "E=", "Q=a=b", "__proto__=x"], own);
    expect(Object.entries(environment)).toEqual([
      ["HOME", "/home"],
      ["LEVEL", "debug"],
      ["E", ""],
      ["Q", "a=b"],
      ["__proto__", "x"],
    ]);
    expect(() => readEnvironment(["LEVEL"], {})).toThrow("write KEY=VALUE");
    expect(() => readEnvironment(["=x"], {})).toThrow("is not the name of a variable");
  });

  test("is a folder that exists, as an absolute path without links", () => {
    const folder = mkdtempSync(join(tmpdir(), "cli-"));
    try {
      symlinkSync(folder, join(folder, "link"));
      expect(readDirectory(join(folder, "link"))).toBe(readDirectory(folder));
      expect(() => readDirectory(join(folder, "none"))).toThrow(/there is no folder ".*none"/);
      expect(() => readDirectory(process.execPath)).toThrow("is not a folder");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
