import { describe, expect, test } from "vitest";
import { commands } from "../../packages/runtime/src/cli/commands.ts";
import type { Command } from "../../packages/runtime/src/cli/line/command.ts";
import { UsageError } from "../../packages/runtime/src/cli/line/errors.ts";
import { globalOptions } from "../../packages/runtime/src/cli/line/global-options.ts";
import { overview, page, pages } from "../../packages/runtime/src/cli/line/help.ts";
import { readJson } from "../../packages/runtime/src/cli/line/json-input.ts";
import {
  readId,
  readInteger,
  readMoment,
  readStates,
} from "../../packages/runtime/src/cli/line/options.ts";
import { parse } from "../../packages/runtime/src/cli/line/parse.ts";
import { commandsBehind, tables } from "../../packages/runtime/src/cli/line/tables.ts";

/** The sentence with which a usage error is answered. */
function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("it was not refused");
}

const words = async (...argv: string[]) => (await parse(argv)).words;
const said = async (...argv: string[]) => {
  const answer = await parse(argv).catch((error) => error);
  return refusal(() => {
    if (answer instanceof Error) throw answer;
  });
};

test("the first word of every command leads to it, and so does each other name", async () => {
  const firsts = commands.flatMap(({ name, aliases = [] }) => [name.split(" ")[0]!, ...aliases]);
  expect(new Set(tables.flatMap(({ words }) => words))).toEqual(new Set(firsts));
  for (const word of new Set(firsts)) {
    const behind = (await commandsBehind(word)) ?? [];
    const meant = ({ name, aliases = [] }: Command) => [name.split(" ")[0], ...aliases];
    const all = commands.filter((command) => meant(command).includes(word));
    expect(behind.filter((command) => meant(command).includes(word))).toEqual(all);
  }
});

test("a line whose command comes late is understood as well", async () => {
  const { command, words } = await parse(["--label", "status", "add", "--", "true"]);
  expect([command?.name, words]).toEqual(["add", ["true"]]);
});

test("a value is no command, though it may be named like one", async () => {
  const { command, options } = await parse(["--group", "add"]);
  expect([command?.name, options.group]).toEqual(["status", "add"]);
  expect(await said("--delay", "add")).toMatch('status has no option "--delay"');
});

describe("a command line", () => {
  test("has its options anywhere", async () => {
    const { command, words, options } = await parse([
      "-c",
      "f.yml",
      "queue",
      "--json",
      "pause",
      "mail",
    ]);
    expect(command?.name).toBe("queue pause");
    expect(words).toEqual(["mail"]);
    expect(options).toMatchObject({ config: "f.yml", json: true });
  });

  test("keeps every word as it was typed", async () => {
    expect(await words("enqueue", "1e400", "007")).toEqual(["1e400", "007"]);
    expect(await words("enqueue", "x", "-5")).toEqual(["x", "-5"]);
    expect(await words("enqueue", "x", "-")).toEqual(["x", "-"]);
    expect(await words("enqueue", "x", "--", "--json")).toEqual(["x", "--json"]);
    expect(await words("enqueue", "x", "")).toEqual(["x", ""]);
    expect(await words("enqueue", "__proto__")).toEqual(["__proto__"]);
  });

  test("with an option that is none is refused, whatever its name", async () => {
    for (const name of ["constructor", "toString", "hasOwnProperty", "$0"])
      expect(await said("status", `--${name}`, "x")).toMatch(`status has no option "--${name}"`);
  });

  test("with a misspelt command is answered with the nearest one", async () => {
    expect(await said("stat")).toBe('there is no command "stat"; did you mean "status"?');
    expect(await said("strat")).toBe('there is no command "strat"; did you mean "start"?');
    expect(await said("queue", "puase", "x")).toBe(
      'queue has no command "puase"; did you mean "pause"?',
    );
    expect(await said("qwertyuiop")).toMatch(/the choices are init, check, start, /);
    expect(await said("constructor")).toMatch(/^there is no command "constructor"/);
  });

  test("with an option of nobody's, or of another command, is refused", async () => {
    expect(await said("start", "--until-emtpy")).toBe(
      'start has no option "--until-emtpy"; did you mean "--until-empty"?',
    );
    expect(await said("processes", "--limit", "5")).toMatch(/^processes has no option "--limit"; /);
    expect(await said("jobs", "-z")).toMatch(/^jobs has no option "-z"; /);
    expect(await said("jobs", "--__proto__", "x")).toMatch(/^jobs has no option /);
    expect(await said("jobs", "--no-json")).toMatch(/^jobs has no option "--no-json"/);
    expect(await said("start", "--untilEmpty")).toMatch(/did you mean "--until-empty"/);
  });

  test("with a value for a switch is refused: it would be taken for no", async () => {
    const sentence = "--json is a switch and takes no value; write it, or leave it out";
    expect(await said("jobs", "--json=yes")).toBe(sentence);
    expect(await words("enqueue", "x", "--", "--json=yes")).toEqual(["x", "--json=yes"]);
  });

  test("with too few or too many words says what is missing or too much", async () => {
    expect(await said("enqueue")).toBe("enqueue needs NAME; see `runtime enqueue --help`");
    expect(await said("why")).toBe("why needs ID; see `runtime why --help`");
    expect(await said("processes", "now")).toMatch('processes does not take the word "now"');
    expect(await said("enqueue", "x", "{a:", "1}")).toMatch("quote JSON that has spaces");
  });

  test("with an option that lacks its value, or comes twice, is refused", async () => {
    expect(await said("jobs", "--limit")).toBe("--limit needs a value: --limit NUMBER");
    expect(await said("jobs", "-c")).toBe("--config needs a value: --config FILE");
    expect(await said("jobs", "--limit", "1", "--limit", "2")).toMatch(
      "--limit is given more than once",
    );
  });

  test("takes a negative number as the value of an option", async () => {
    expect((await parse(["enqueue", "x", "--priority", "-5"])).options.priority).toBe("-5");
  });

  test("may repeat an option that takes several values", async () => {
    const { options, words } = await parse([
      "jobs",
      "--state",
      "ready",
      "--state",
      "failed,running",
    ]);
    expect(words).toEqual([]);
    expect(readStates(options.state as string[])).toEqual(["ready", "failed", "running"]);
  });

  test("that asks for help is not checked further", async () => {
    expect((await parse(["enqueue", "--help"])).command?.name).toBe("enqueue");
    expect((await parse(["queue", "-h"])).group).toBe("queue");
    expect((await parse([])).command?.name).toBe("status");
  });
});

describe("a value", () => {
  test.each([
    "0",
    "-1",
    "+1",
    "1.0",
    "1e3",
    "0x1",
    "01",
    " 1",
    "1 ",
    "",
    "NaN",
    "9007199254740993",
  ])("%j is not a job id", (text) =>
    expect(refusal(() => readId(text))).toMatch("is not a job id"),
  );

  test.each(["1e400", "NaN", "1.5", "", " 5", "9007199254740993", "--5", "Infinity"])(
    "%j is not a whole number",
    (text) => {
      const bounds = { least: -10, most: 1_000 };
      expect(refusal(() => readInteger("limit", text, bounds))).toMatch("not a whole number");
    },
  );

  test("-0 is 0, and bounds are kept", () => {
    const bounds = { least: -10, most: 1_000 };
    expect(Object.is(readInteger("p", "-0", bounds), 0)).toBe(true);
    expect(readInteger("p", "1000", bounds)).toBe(1_000);
    expect(refusal(() => readInteger("p", "1001", bounds))).toMatch("between -10 and 1000");
  });

  test("a moment needs its zone and a day that exists", () => {
    expect(readMoment("at", "2026-05-01T09:00:00Z")).toBe(1_777_626_000_000);
    expect(readMoment("at", "2026-05-01T11:00:00.000+02:00")).toBe(1_777_626_000_000);
    const wrong = ["2026-05-01T09:00:00", "2026-02-30T09:00:00Z", "tomorrow", "1777626000", ""];
    for (const text of wrong) expect(refusal(() => readMoment("at", text))).toMatch("not a time");
  });

  test("an unknown state is answered with those that exist", () => {
    expect(refusal(() => readStates(["redy"]))).toMatch(
      /^"redy" is not a state; the states are held,/,
    );
  });

  test("of somebody else's cannot write to the terminal through a message", () => {
    expect(refusal(() => readId("\u001b[2J"))).toMatch('"\\x1b[2J" is not a job id');
  });
});

describe("JSON on the command line", () => {
  test.each([
    ["{", "it ends too early, at line 1, column 2"],
    ["", "it ends too early, at line 1, column 1"],
    ["abc", '"a" cannot stand at line 1, column 1'],
    ['{"a":x}', '"x" cannot stand at line 1, column 6'],
    ["[1,]", '"]" cannot stand at line 1, column 4'],
    ['{"a":1,}', '"}" cannot stand at line 1, column 8'],
    ['{"a" 1}', '"1" cannot stand at line 1, column 6'],
    ['{\n "a": 01}', '"1" cannot stand at line 2, column 8'],
    ["{} {}", '"{" cannot stand at line 1, column 4'],
    ['["a\tb"]', '"\\"" cannot stand at line 1, column 2'],
    ["[[[]]", "it ends too early, at line 1, column 6"],
    ["👍", '"👍" cannot stand at line 1, column 1'],
  ])("%j is refused with the place of the mistake", (text, place) => {
    expect(refusal(() => readJson(text))).toContain(place);
  });

  test.each(["9007199254740993", "[1e400]", '{"a":-9007199254740993}'])(
    "%s would be rounded and is refused",
    (text) => expect(refusal(() => readJson(text))).toMatch("does not fit a number"),
  );

  test("nested beyond reason is refused, not crashed on", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(refusal(() => readJson(deep))).toMatch("nested too deeply");
  });

  test("may be any value, and __proto__ is a key like any other", () => {
    expect(readJson(" null ")).toBeNull();
    expect(readJson("-1.5e3")).toBe(-1_500);
    expect(Object.keys(readJson('{"__proto__":{"a":1}}') as object)).toEqual(["__proto__"]);
  });
});

describe("the table of commands", () => {
  test("gives one name of an option one kind of value everywhere", () => {
    const kinds = new Map<string, string>();
    for (const { options } of [...commands, { options: globalOptions }]) {
      for (const [name, { value, repeats }] of Object.entries(options)) {
        const kind = `${value === undefined ? "switch" : "value"} ${repeats ?? false}`;
        expect(kinds.get(name) ?? kind, name).toBe(kind);
        kinds.set(name, kind);
      }
    }
  });

  test.each(commands.map((command) => [command.name, command] as const))(
    "%s has code, an example that parses, and a page of help that fits",
    async (name, command) => {
      expect(await command.load()).toBeTypeOf("function");
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) {
        const line = /runtime (.*?)(?: > .*)?$/.exec(example)?.[1] ?? "";
        const typed = line.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
        const argv = typed.map((each) => each.replace(/^(["'])(.*)\1$/, "$2"));
        expect((await parse(argv)).command?.name).toBe(name);
      }
      for (const line of page(command).split("\n")) expect(line.length).toBeLessThanOrEqual(100);
    },
  );

  test("explains both commands that have one name", async () => {
    const { command } = await parse(["start", "--help"]);
    expect(command && pages(command)).toMatch(/Run a supervisor(.*\n)*Start these at once/);
  });

  test("is shown whole in the overview, and by group", () => {
    for (const { name } of commands) expect(overview(null)).toContain(`  ${name}`);
    expect(overview("queue")).not.toContain("enqueue");
  });
});
